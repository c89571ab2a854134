"""Shifts by whole positions, along all axes of a grid or along one."""

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.affine_map import AffineMap, shifted_by
from symmeter.domains.grids.framing import framed, sizes_of
from symmeter.domains.grids.padding import AXES
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import Composed

CIRCULAR, CROP, OPEN = "circular", "crop", "open"
EDGES = (CIRCULAR, CROP, OPEN)
_WORDS = {1: ("signal", "samples"), 2: ("image", "pixels"), 3: ("volume", "voxels")}


@dataclass(frozen=True)
class Shifts(Group):
    """Shifts by whole positions: on the torus all of them, or those up to `limit` positions along each axis.

    `edge` says what happens where the grid ends. `circular`: what leaves on one side returns on the other. `crop`: the
    network sees a window of a larger grid, which moves, and nothing is made up. `open`: what comes in from outside is
    made up by the padding and does not count.

    `axis` x, y or z: along that one alone. Along an axis of length 1 there is nowhere to go, so a row of pixels is
    shifted along x.

    >>> [g.name for g in Shifts(1, axis="x").bind((3, 4, 8)).enumerate()]
    ['identity', 'shift -1 0', 'shift 1 0']
    >>> Shifts(1).bind((2, 4, 4, 8)).order, Shifts().bind((1, 12)).order
    (27, 12)
    """

    limit: int | None = None
    edge: str = CIRCULAR
    axis: str | None = None
    frame: tuple[int, ...] | None = None

    @property
    def closed(self) -> bool:  # type: ignore[override]
        return self.limit is None

    def margin(self, axes: int) -> tuple[int, ...] | None:
        """By axis of an array, such as (rows, columns): what is needed on either side beyond what the network sees."""
        if self.edge != CROP or self.limit is None:
            return None
        return tuple(self.limit * (axis in (self.axis or AXES)) for axis in reversed(AXES[:axes]))

    @property
    def name(self) -> str:
        given = (self.limit, self.edge, self.axis)
        words = [str(word) for word in given if word not in (None, CIRCULAR)]
        return f"shift({','.join(words)})" if words else "shift"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Shifts":
        bound = replace(self, frame=sizes_of(self.name, shape, 2, 3, 4))
        if self.axis not in (None, *bound._sizes()):
            raise SymmeterError(f"{self.name}: {bound._grid} has no axis {self.axis}")
        sizes = [size for axis, size in bound._sizes().items() if bound._moves(axis)]
        if self.edge == CROP:
            bound._check_window(sizes)
        else:
            bound._check_limit(sizes)
        return bound

    def _check_window(self, sizes: list[int]) -> None:
        """SymmeterError where nothing is left of the larger grid inside of the margin."""
        if min(sizes) < 1:
            kind, positions = self._words
            way_out = "" if self.axis else f", or shift along one axis: {replace(self, axis='x').name}"
            raise SymmeterError(
                f"{self.name} needs {kind}s of more than {2 * (self.limit or 0)} {positions} along each axis that it "
                f"moves along; give larger ones{way_out}"
            )

    def _check_limit(self, sizes: list[int]) -> None:
        """SymmeterError where there is nothing to shift, or where shifts go more than half around."""
        if not sizes:
            one = self._words[1].removesuffix("s")
            raise SymmeterError(
                f"{self.name}: {self._grid} has one {one} along that axis: there is nothing to shift"
            )
        most = (min(sizes) - 1) // 2
        if self.limit is not None and self.limit > most:
            half = replace(self, limit=most).name
            every = replace(self, limit=None).name
            raise SymmeterError(
                f"{self.name} is more than half of {self._grid}; give at most {half}, or {every} for all"
            )

    @property
    def _words(self) -> tuple[str, str]:
        """What is moved, and by what: images, by pixels."""
        return _WORDS[len(framed(self))]

    @property
    def _grid(self) -> str:
        """What it is bound to: a 5 x 8 image."""
        return f"a {' x '.join(map(str, framed(self)))} {self._words[0]}"

    @property
    def order(self) -> int | None:  # type: ignore[override]
        if self.frame is None:
            return None
        return math.prod(len(self._along(axis)) for axis in self._sizes())

    def enumerate(self) -> tuple[AffineMap, ...]:
        backwards = [self._along(axis) for axis in reversed(self._sizes())]
        return tuple(self._by(reversed(steps)) for steps in itertools.product(*backwards))

    def draw(self, random: torch.Generator) -> AffineMap:
        return self._by([_one_of(self._along(axis), random) for axis in self._sizes()])

    def _by(self, steps: Iterable[int]) -> AffineMap:
        return shifted_by(list(steps), self.frame, wrap=self.edge == CIRCULAR)

    def _sizes(self) -> dict[str, int]:
        """By axis, x first."""
        return dict(zip(AXES, reversed(framed(self)), strict=False))

    def _moves(self, axis: str) -> bool:
        """Whether there is somewhere to go along an axis; a window may be one position of a larger grid."""
        long_enough = self.edge == CROP or self._sizes()[axis] > 1
        return axis in (self.axis or AXES) and long_enough

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


def margin_of(group: Group | None, axes: int = 2) -> tuple[int, ...] | None:
    """By axis of an array, what a group needs on either side beyond what the network sees; None for none.

    >>> margin_of(Shifts(2, CROP, "x")), margin_of(Shifts(2)), margin_of(Shifts(2, CROP, "z"), 3)
    ((0, 2), None, (2, 0, 0))
    """
    if isinstance(group, Shifts):
        return group.margin(axes)
    if not isinstance(group, Composed):
        return None
    margins = filter(None, [margin_of(factor, axes) for factor in group.factors])
    return tuple(map(max, zip(*margins, strict=True))) or None
