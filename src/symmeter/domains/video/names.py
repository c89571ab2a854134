"""Symmetries of video by name: those of the plane act in every frame alike, others move or turn round the time.

A video is a grid of three axes of which the third, z, is time t.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.generators_in_space import GENERATORS_IN_SPACE
from symmeter.domains.grids.shifts import Shifts, parse_shifts
from symmeter.domains.space.motion import mirror, rotation_about
from symmeter.domains.space.point_groups import PointGroup, cyclic
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.groups.products import Composed, SemidirectProduct, product_of

TIME, _Z = "t", "z"
_SHIFT = re.compile(r"^shift(?:_([xyt]))?(?:\((.*)\))?$")
_TURNS = re.compile(r"^c(\d+)$")
_QUARTER = rotation_about(_Z, 90)
_FLIPS: Mapping[str, PointGroup] = {
    "hflip": PointGroup("hflip", (mirror("x"),)),
    "vflip": PointGroup("vflip", (mirror("y"),)),
    "d4": PointGroup("D4", (_QUARTER, mirror("x"))),
    "reversal": PointGroup("reversal", (mirror(_Z),)),
}
_IN_PLANE = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0))
GENERATORS: Mapping[str, AffineGenerator] = {
    one.name: one
    for one in (
        GENERATORS_IN_SPACE["translation_x"],
        GENERATORS_IN_SPACE["translation_y"],
        replace(GENERATORS_IN_SPACE["translation_z"], name=f"translation_{TIME}"),
        replace(GENERATORS_IN_SPACE["rotation_z"], name="rotation"),
        replace(GENERATORS_IN_SPACE["scale"], linear=_IN_PLANE),
    )
}
_FAMILIES = {"translation": ("translation_x", "translation_y")}
SYMMETRIES: Mapping[str, str] = {
    "translation": "shifts of all frames along x and y; translation_x alone; the unit is half the frame",
    "translation_t": "a shift in time by any amount; the unit is half the length",
    "rotation": "all frames turn about their centres; the unit is a radian",
    "scale": "all frames grow about their centres",
    "C4": "all frames turn by quarters; C2, C8, ...",
    "D4": "and are flipped",
    "hflip": "left and right exchanged in all frames; vflip",
    "shift(8)": "circular shifts of all frames by whole pixels, up to 8; shift(8,x)",
    "shift(4,t)": "circular shifts in time by whole frames, up to 4; shift(t) for all, shift(4,crop,t)",
    "reversal": "time runs backwards",
}


@dataclass(frozen=True)
class FrameShifts(Shifts):
    """Shifts along t, which has its own name."""

    @property
    def name(self) -> str:
        return super().name.replace(_Z, TIME)


def named(text: str) -> tuple[Generator | Group, ...]:
    """The generators or the group of a name, none where nothing is called so; SymmeterError for a misspelt shift.

    >>> [one.name for word in ("translation", "C4", "shift(8)", "shift(4,t)") for one in named(word)]
    ['translation_x', 'translation_y', 'C4', 'shift(8)', 'shift(4,t)']
    """
    key = text.strip().lower()
    names = _FAMILIES.get(key, (key,))
    return (
        tuple(GENERATORS[name] for name in names if name in GENERATORS)
        or _groups(text)
        or product_of(text, _groups)
    )


def _groups(text: str) -> tuple[Group, ...]:
    """The one group of a name, none where nothing is called so."""
    key = text.strip().lower()
    turns, shift = _TURNS.match(key), _SHIFT.match(key)
    if shift is not None:
        return (_shifts(text, *shift.groups("")),)
    if turns is not None and int(turns[1]) > 1:
        return (replace(cyclic(int(turns[1])), label=f"C{turns[1]}"),)
    return (_FLIPS[key],) if key in _FLIPS else ()


def _shifts(text: str, axis: str, inside: str) -> Group:
    """Along one axis, or along x and y together."""
    words = list(filter(None, map(str.strip, [*inside.split(","), axis])))
    own = set(words) & {"x", "y", TIME}
    try:
        along: Callable[..., Group] = lambda axis: parse_shifts(*words, axis)
        if not own:
            return SemidirectProduct(
                (along("x"), along("y")), f"shift({','.join(words)})" if words else "shift"
            )
        if _Z in words:
            raise ValueError(words)
        found = parse_shifts(*[_Z if word == TIME else word for word in words])
    except ValueError as error:
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as shift(8), shift(8,x) or shift(4,t)"
        ) from error
    return FrameShifts(found.limit, found.edge, found.axis)


def moves_time(one: Generator | Group | Element) -> bool:
    """Whether a generator or a group moves or turns round the time.

    >>> [moves_time(named(word)[0]) for word in ("reversal", "shift(4,t)", "translation_t", "C4", "shift(8)")]
    [True, True, True, False, False]
    """
    if isinstance(one, Composed):
        return any(map(moves_time, one.factors))
    if isinstance(one, Shifts):
        return one.axis in (None, _Z)
    return one.name in (f"translation_{TIME}", "reversal")
