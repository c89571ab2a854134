"""Symmetries of volumes by name: `translation_z`, `rotation`, `octahedral`, `C4(z)`, `SO3`, `shift(8,z)`, ..."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from symmeter.domains.grids.generators_in_space import FAMILIES_IN_SPACE, GENERATORS_IN_SPACE
from symmeter.domains.grids.scales import parse_scales
from symmeter.domains.grids.shifts import CROP, parse_shifts
from symmeter.domains.grids.translations import parse_translations
from symmeter.domains.space.words import GROUPS as OF_SPACE
from symmeter.domains.space.words import groups_of
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import product_of

_CALL = re.compile(r"^(shift|t1|t3|scale)(?:_([xyz]))?(?:\((.*)\))?$")
_WRITTEN: Mapping[str, tuple[Callable[..., Group], str]] = {
    "shift": (parse_shifts, f"shift(8), shift(8,z) or shift(8,{CROP})"),
    "t1": (partial(parse_translations, 1), "T1(0.125,z)"),
    "t3": (partial(parse_translations, 3), "T3(0.125)"),
    "scale": (parse_scales, "scale(0.8,1.25)"),
}
_EXAMPLE = "translation(1,40,1000)"  # of points; voxels have their own lengths
GROUPS: Mapping[str, str] = {
    "shift(8)": "circular shifts by whole voxels, up to 8; shift for all; shift(8,crop), shift(8,open)",
    "shift(8,z)": "along z alone, or x or y: shift(z) for all, shift(8,crop,z)",
    "T3(0.125)": "shifts by any amount, up to 1/8 of the volume; T3(0.125,circular)",
    "T1(0.125,z)": "along z alone, or x or y",
    "scale(0.8,1.25)": "sizes between two factors",
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
    call = _CALL.match(text.strip().lower())
    return groups_of(text) if call is None else (_called(text, *call.groups("")),)


def _called(text: str, word: str, axis: str, inside: str) -> Group:
    """From the word, the axis behind it, and what stands in the brackets."""
    build, examples = _WRITTEN[word]
    words = filter(None, map(str.strip, [*inside.split(","), axis]))
    try:
        return build(*words)
    except (TypeError, ValueError) as error:
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as {examples}"
        ) from error
