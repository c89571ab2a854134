"""Shifts by whole pixels, along both axes of an image or along one."""

import itertools
from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.planar import framed, plane
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import Composed

AXES = ("x", "y")  # of a grid, named from the last
CIRCULAR, CROP, OPEN = "circular", "crop", "open"
EDGES = (CIRCULAR, CROP, OPEN)


@dataclass(frozen=True)
class Shifts(Group):
    """Shifts by whole pixels: on the torus all of them, or those up to `limit` pixels along each axis.

    `edge` says what happens where the image ends. `circular`: what leaves on one side returns on the other. `crop`: the
    network sees a window of a larger image, which moves, and nothing is made up. `open`: what comes in from outside is
    made up by the padding and does not count.

    `axis` x or y: along that one alone. Along an axis of length 1 there is nowhere to go, so a row of pixels is shifted
    along x.

    >>> [g.name for g in Shifts(1, axis="x").bind((3, 4, 8)).enumerate()]
    ['identity', 'shift -1 0', 'shift 1 0']
    """

    limit: int | None = None
    edge: str = CIRCULAR
    axis: str | None = None
    frame: tuple[int, int] | None = None

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return self.limit is None

    @property
    def margin(self) -> tuple[int, int] | None:
        """Rows and columns on either side that are needed beyond what the network sees."""
        if self.edge != CROP or self.limit is None:
            return None
        limits = dict.fromkeys(self._axes, self.limit)
        return limits.get("y", 0), limits.get("x", 0)

    @property
    def name(self) -> str:
        given = (self.limit, self.edge, self.axis)
        words = [str(word) for word in given if word not in (None, CIRCULAR)]
        return f"shift({','.join(words)})" if words else "shift"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Shifts":
        bound = replace(self, frame=plane(self.name, shape))
        sizes = [size for axis, size in bound._sizes().items() if bound._moves(axis)]
        if self.edge == CROP:
            bound._check_window(sizes)
        else:
            bound._check_limit(sizes)
        return bound

    def _check_window(self, sizes: list[int]) -> None:
        """SymmeterError where nothing is left of the larger image inside of the margin."""
        if min(sizes) < 1:
            way_out = "" if self.axis else f", or shift along one axis: {replace(self, axis='x').name}"
            raise SymmeterError(
                f"{self.name} needs images of more than {2 * (self.limit or 0)} pixels along each axis that it moves "
                f"along; give larger ones{way_out}"
            )

    def _check_limit(self, sizes: list[int]) -> None:
        """SymmeterError where there is nothing to shift, or where shifts go more than half around."""
        height, width = framed(self)
        if not sizes:
            raise SymmeterError(
                f"{self.name}: a {height} x {width} image has one pixel along that axis: there is nothing to shift"
            )
        most = (min(sizes) - 1) // 2
        if self.limit is not None and self.limit > most:
            half = replace(self, limit=most).name
            every = replace(self, limit=None).name
            raise SymmeterError(
                f"{self.name} is more than half of a {height} x {width} image; give at most {half}, or {every} for all"
            )

    @property
    def order(self) -> int | None:  # type: ignore[override]
        if self.frame is not None:
            return len(self._along("x")) * len(self._along("y"))
        if self.limit is None:
            return None
        steps = 2 * self.limit + 1
        return steps ** len(self._axes)

    def enumerate(self) -> tuple[AffineMap, ...]:
        return tuple(self._by(x, y) for y, x in itertools.product(self._along("y"), self._along("x")))

    def draw(self, random: torch.Generator) -> AffineMap:
        x = _one_of(self._along("x"), random)
        y = _one_of(self._along("y"), random)
        return self._by(x, y)

    def _by(self, x: int, y: int) -> AffineMap:
        return AffineMap(shift=(float(x), float(y)), frame=self.frame, wrap=self.edge == CIRCULAR)

    @property
    def _axes(self) -> tuple[str, ...]:
        """The axes that it may move along."""
        return (self.axis,) if self.axis else AXES

    def _sizes(self) -> dict[str, int]:
        height, width = framed(self)
        return {"x": width, "y": height}

    def _moves(self, axis: str) -> bool:
        """Whether there is somewhere to go along an axis; a window may be one pixel of a larger image."""
        long_enough = self.edge == CROP or self._sizes()[axis] > 1
        return axis in self._axes and long_enough

    def _along(self, axis: str) -> list[int]:
        """The steps along an axis, 0 first."""
        if not self._moves(axis):
            return [0]
        if self.limit is None:
            return list(range(self._sizes()[axis]))
        return sorted(range(-self.limit, self.limit + 1), key=abs)


def _one_of(steps: list[int], random: torch.Generator) -> int:
    return steps[int(torch.randint(len(steps), (), generator=random))]


def parse_shifts(*words: str) -> Shifts:
    """`shift(8,crop,x)`: how far, what happens at the edge, and along which axis, in any order.

    >>> parse_shifts("x", "crop", "8").name, parse_shifts().name
    ('shift(8,crop,x)', 'shift')
    """
    kinds: dict[str, str] = {**dict.fromkeys(EDGES, "edge"), **dict.fromkeys(AXES, "axis")}
    given = {kinds.get(word, "limit"): word for word in words}
    limit = int(given["limit"]) if "limit" in given else None
    shifts = Shifts(limit, given.get("edge", CIRCULAR), given.get("axis"))
    said_twice = len(given) < len(words)
    out_of_range = shifts.edge != CIRCULAR if limit is None else limit < 1
    if said_twice or out_of_range:
        raise ValueError(words)
    return shifts


def margin_of(group: Group | None) -> tuple[int, int] | None:
    """Rows and columns on either side that a group needs beyond what the network sees; None for none.

    >>> margin_of(Shifts(2, CROP, "x")), margin_of(Shifts(2))
    ((0, 2), None)
    """
    if isinstance(group, Shifts):
        return group.margin
    if not isinstance(group, Composed):
        return None
    margins = list(filter(None, map(margin_of, group.factors)))
    if not margins:
        return None
    rows, columns = zip(*margins, strict=True)
    return max(rows), max(columns)
