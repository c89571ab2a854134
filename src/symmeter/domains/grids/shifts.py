"""Shifts by whole pixels, along both axes of an image or along one."""

import math
from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.planar import framed, plane
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group

AXES = ("x", "y")  # of a grid, named from the last
KINDS = ("circular", "crop", "open")


@dataclass(frozen=True)
class Shifts(Group):
    """Shifts by whole pixels: on the torus all of them, or those up to `limit` pixels along each axis.

    `kind`: `circular`; `crop`, where the network sees a window of a larger image, which moves, and nothing is made up;
    `open`, where what comes in from outside is made up by the padding and does not count. `axis` x or y: along that one
    alone. Along an axis of length 1 there is nowhere to go, so a row of samples is shifted along x.

    >>> [g.name for g in Shifts(1, axis="x").bind((3, 4, 8)).enumerate()]
    ['identity', 'shift -1 0', 'shift 1 0']
    """

    limit: int | None = None
    kind: str = "circular"
    axis: str | None = None
    frame: tuple[int, int] | None = None

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return self.limit is None

    @property
    def margin(self) -> tuple[int, int] | None:  # type: ignore[override]
        if self.kind != "crop" or self.limit is None:
            return None
        return (self.limit if self.axis != "x" else 0, self.limit if self.axis != "y" else 0)

    @property
    def name(self) -> str:
        words = [str(self.limit or ""), "" if self.kind == "circular" else self.kind, self.axis or ""]
        inside = ",".join(filter(None, words))
        return f"shift({inside})" if inside else "shift"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Shifts":
        bound = replace(self, frame=plane(self.name, shape))
        sizes = [size for axis, size in bound._sizes().items() if bound._moves(axis)]
        if self.kind == "crop":
            bound._check_window(sizes)
        elif not sizes:
            raise SymmeterError(f"{self.name}: a {shape[-2]} x {shape[-1]} image has one pixel along that axis: "
                                "there is nothing to shift")  # fmt: skip
        elif self.limit is not None and 2 * self.limit + 1 > min(sizes):
            most, every = (replace(self, limit=n).name for n in ((min(sizes) - 1) // 2, None))
            raise SymmeterError(f"{self.name} is more than half of a {shape[-2]} x {shape[-1]} image; "
                                f"give at most {most}, or {every} for all")  # fmt: skip
        return bound

    def _check_window(self, sizes: list[int]) -> None:
        """SymmeterError where nothing is left of the larger image inside of the margin."""
        if min(sizes) < 1:
            way_out = "" if self.axis else f", or shift along one axis: {replace(self, axis='x').name}"
            raise SymmeterError(
                f"{self.name} needs images of more than {2 * (self.limit or 0)} pixels along each axis that it moves "
                f"along; give larger ones{way_out}"
            )

    @property
    def order(self) -> int | None:  # type: ignore[override]
        if self.frame is not None:
            return math.prod(len(self._along(axis)) for axis in AXES)
        return None if self.limit is None else (2 * self.limit + 1) ** (1 if self.axis else 2)

    def enumerate(self) -> tuple[AffineMap, ...]:
        return tuple(self._by(x, y) for y in self._along("y") for x in self._along("x"))

    def draw(self, random: torch.Generator) -> AffineMap:
        pick = lambda steps: steps[int(torch.randint(len(steps), (), generator=random))]
        return self._by(*(pick(self._along(axis)) for axis in AXES))

    def _by(self, x: int, y: int) -> AffineMap:
        return AffineMap(shift=(float(x), float(y)), frame=self.frame, wrap=self.kind == "circular")

    def _sizes(self) -> dict[str, int]:
        height, width = framed(self)
        return {"x": width, "y": height}

    def _moves(self, axis: str) -> bool:
        """Whether there is somewhere to go along an axis; a window may be one pixel of a larger image."""
        return self.axis in (None, axis) and (self.kind == "crop" or self._sizes()[axis] > 1)

    def _along(self, axis: str) -> list[int]:
        """The steps along an axis, 0 first."""
        if not self._moves(axis):
            return [0]
        if self.limit is None:
            return list(range(self._sizes()[axis]))
        return sorted(range(-self.limit, self.limit + 1), key=abs)


def parse_shifts(*words: str) -> Shifts:
    """`shift(8,crop,x)`: how far, what happens at the border, and along which axis, in any order.

    >>> parse_shifts("x", "crop", "8").name, parse_shifts().name
    ('shift(8,crop,x)', 'shift')
    """
    kinds = [word for word in words if word in KINDS]
    axes = [word for word in words if word in AXES]
    limits = [int(word) for word in words if word not in (*KINDS, *AXES)]
    if max(len(kinds), len(axes), len(limits)) > 1 or min(limits, default=1) < 1:
        raise ValueError(words)
    kind = kinds[0] if kinds else "circular"
    if kind != "circular" and not limits:
        raise ValueError(words)
    return Shifts(limits[0] if limits else None, kind, axes[0] if axes else None)
