"""Symmetries of images by name: `rotation`, `affine`, `C4`, `hflip`, `shift(8)`, `SO2`, `C4*colours`, ..."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from symmeter.domains.grids.boosts import BOOSTS, parse_boosts
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.padding import AXES
from symmeter.domains.grids.planar import AffineBox, Cyclic, Reflection, Rotations
from symmeter.domains.grids.planar_products import dihedral, rigid_motions
from symmeter.domains.grids.scales import parse_scales
from symmeter.domains.grids.shifts import parse_shifts
from symmeter.domains.grids.translations import parse_translations
from symmeter.domains.images.colours import Colours
from symmeter.errors import SymmeterError, nearest
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import multiply

_GENERATORS = GENERATORS | BOOSTS
_FAMILIES = FAMILIES | {"boost": tuple(BOOSTS)}
_CALL = re.compile(r"^([A-Za-z]+)(\d*)(?:_([a-z]))?(?:\((.*)\))?$")  # shift_x(8) is shift(8,x)


def named(text: str) -> tuple[Generator | Group, ...]:
    """The generators or the group of a name; none where nothing is called so.

    SymmeterError where it is written like a group and is none.

    >>> [g.name for g in named("translation")], named("D4")[0].order, named("no-such")
    (['translation_x', 'translation_y'], 8, ())
    """
    if _is_group(text):
        return (multiply([_one(part.strip(), text) for part in text.split("*")]),)
    key = text.lower().replace("-", "_").replace("color", "colour")
    names = _FAMILIES.get(key, (key,) if key in _GENERATORS else ())
    return tuple(_GENERATORS[name] for name in names)


def _is_group(text: str) -> bool:
    """Whether a word is written as a group, and not as a generator: `scale` is one, `scale(0.5,2)` a group."""
    match = _CALL.match(text.split("*")[0].strip())
    if match is None:
        return "*" in text
    name, digits, _, inside = match.groups()
    word = name.lower()
    if digits:
        return word in _NUMBERED
    if word not in _WRITTEN:
        return "*" in text
    names_a_generator = word in _GENERATORS or word in _FAMILIES
    return inside is not None or not names_a_generator


def _one(text: str, whole: str) -> Group:
    """The group of a word that is no product."""
    match = _CALL.match(text)
    if match is None:
        raise SymmeterError(f"symmetry {whole!r}: {text!r} is no group{nearest(text, GROUPS)}")
    name, digits, axis, inside = match.groups()
    arguments = [word.strip() for word in (inside or "").split(",") if word.strip()]
    if axis:
        arguments.append(axis)
    written = _WRITTEN.get((name + digits).lower())
    if written is None and digits and not arguments:
        written = _WRITTEN.get(f"{name.lower()}#")
        arguments = [digits]
    if written is None:
        raise SymmeterError(f"symmetry {whole!r}: {text!r} is no group{nearest(text, GROUPS)}")
    try:
        return written.build(*arguments)
    except (TypeError, ValueError) as error:
        examples = " or ".join(written.examples) or "colours"
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as {examples}"
        ) from error


def _in_plane(parse: Callable[..., Group]) -> Callable[..., Group]:
    """What builds a group of grids, along the axes that images have."""

    def build(*words: str) -> Group:
        if not set(words).isdisjoint(AXES[2:]):
            raise ValueError(words)
        return parse(*words)

    return build


def _affine(*words: str) -> Group:
    """`affine(rotation=15,scale=1.2)`: at least one of the four, each by its name."""
    values = {"rotation": 0.0, "translation": 0.0, "scale": 1.0, "shear": 0.0}
    for word in words:
        key, _, value = word.partition("=")
        if key.strip() not in values:
            raise ValueError(words)
        values[key.strip()] = float(value)
    if not words:
        raise ValueError(words)
    return AffineBox(values["rotation"], values["translation"], values["scale"], values["shear"])


def _rotations(limit: str = "") -> Group:
    return Rotations(float(limit) if limit else None)


def _motions(extent: str = "0.125") -> Group:
    return rigid_motions(float(extent))


@dataclass(frozen=True)
class Written:
    """How a group is written: what builds it from the words in brackets, and examples with their meaning."""

    build: Callable[..., Group]
    examples: Mapping[str, str]


# The one table of groups, by their words in small letters; # stands for a number. A new group is a new line.
_WRITTEN: dict[str, Written] = {
    "c#": Written(lambda n: Cyclic(int(n)), {"C4": "rotations by 90 degrees; C8, C3, ... by others"}),
    "d#": Written(lambda n: dihedral(int(n)), {"D4": "rotations by 90 degrees and flips; D8, ... likewise"}),
    "hflip": Written(lambda: Reflection(True), {"hflip": "left and right exchanged"}),
    "vflip": Written(lambda: Reflection(False), {"vflip": "top and bottom exchanged"}),
    "shift": Written(
        _in_plane(parse_shifts),
        {
            "shift(8)": "circular shifts by whole pixels, up to 8; shift for all; shift(8,crop), shift(8,open)",
            "shift(8,x)": "along x alone, or y: shift(x) for all, shift(8,crop,x)",
        },
    ),
    "so2": Written(_rotations, {"SO2": "rotations by any angle; SO2(30) by up to 30 degrees"}),
    "t2": Written(
        partial(parse_translations, 2),
        {"T2(0.125)": "shifts by any amount, up to 1/8 of the image; T2(0.125,circular)"},
    ),
    "t1": Written(_in_plane(partial(parse_translations, 1)), {"T1(0.125,x)": "along x alone, or y"}),
    "se2": Written(_motions, {"SE2": "rotations by any angle, and shifts up to 1/8 of the image; SE2(0.1)"}),
    "scale": Written(parse_scales, {"scale(0.8,1.25)": "sizes between two factors"}),
    "affine": Written(
        _affine,
        {
            "affine(rotation=15,...)": "a box: rotation and shear in degrees, translation as a share, "
            "scale as a factor"
        },
    ),
    "boost": Written(
        parse_boosts,
        {
            "boost(0.5)": "an observer who moves by up to so much, of frames of velocities; along boost_x, boost_y"
        },
    ),
    "colours": Written(Colours, {"colours": "permutations of the colour channels"}),
    "colors": Written(Colours, {}),
}
_PRODUCT = "a product; on the same thing the left factor must be normal: shift*C4"
# What is written, and what it means; `symmeter list symmetries` prints it.
GROUPS: dict[str, str] = {
    example: meaning for written in _WRITTEN.values() for example, meaning in written.examples.items()
} | {"C4*colours": _PRODUCT}
# Letters behind which a number makes the name of a group: c, d, so, ...
_NUMBERED = {re.sub(r"[\d#]", "", word) for word in _WRITTEN if re.search(r"[\d#]", word)}
