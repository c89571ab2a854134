"""Symmetries of volumes by name: `translation_z`, `rotation`, `octahedral`, `C4(z)`, `SO3`, `shift(8,z)`, ..."""

import re
from collections.abc import Mapping

from symmeter.domains.grids.generators_in_space import FAMILIES_IN_SPACE, GENERATORS_IN_SPACE
from symmeter.domains.grids.shifts import CROP, Shifts, parse_shifts
from symmeter.domains.space.words import GROUPS as OF_SPACE
from symmeter.domains.space.words import groups_of
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import product_of

_SHIFT = re.compile(r"^shift(?:_([xyz]))?(?:\((.*)\))?$")
_EXAMPLE = "translation(1,40,1000)"  # of points; voxels have their own lengths
GROUPS: Mapping[str, str] = {
    "shift(8)": "circular shifts by whole voxels, up to 8; shift for all; shift(8,crop), shift(8,open)",
    "shift(8,z)": "along z alone, or x or y: shift(z) for all, shift(8,crop,z)",
    **{name: meaning for name, meaning in OF_SPACE.items() if name != _EXAMPLE},
}
MEANINGS: Mapping[str, str] = {
    "translation": "shifts along x, y and z; translation_x alone; the unit is half the volume",
    "rotation": "turns about x, y and z; rotation_x alone; the unit is a radian",
    "scale": "growth about the centre",
    "stretch": "growth along x, y and z; stretch_x alone",
}


def named(text: str) -> tuple[Generator | Group, ...]:
    """The generators or the group of a name, none where nothing is called so; SymmeterError for a misspelt group.

    >>> [one.name for word in ("rotation", "shift(8,z)", "octahedral") for one in named(word)]
    ['rotation_x', 'rotation_y', 'rotation_z', 'shift(8,z)', 'octahedral']
    """
    key = text.strip().lower()
    return _generators(key) or _groups(text) or product_of(text, _groups)


def _generators(key: str) -> tuple[Generator, ...]:
    names = FAMILIES_IN_SPACE.get(key, (key,))
    return tuple(GENERATORS_IN_SPACE[name] for name in names if name in GENERATORS_IN_SPACE)


def _groups(text: str) -> tuple[Group, ...]:
    """The one group of a name, none where nothing is called so."""
    shift = _SHIFT.match(text.strip().lower())
    return groups_of(text) if shift is None else (_shifts(text, *shift.groups("")),)


def _shifts(text: str, axis: str, inside: str) -> Shifts:
    """From the axis behind the word, and what stands in the brackets."""
    words = filter(None, map(str.strip, [*inside.split(","), axis]))
    try:
        return parse_shifts(*words)
    except ValueError as error:
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as shift(8), shift(8,z) or shift(8,{CROP})"
        ) from error
