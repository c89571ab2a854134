"""Symmetries of images by name: `rotation`, `affine`, `C4`, `hflip`, `shift(8)`, `SO2`, `C4*colours`, ..."""

import re
from collections.abc import Callable

from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.planar import AffineBox, Cyclic, Reflection, Rotations, Scales, Translations
from symmeter.domains.grids.planar_products import dihedral, rigid_motions
from symmeter.domains.grids.shifts import AXES, parse_shifts
from symmeter.errors import SymmeterError, nearest
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.permutations import CHANNELS, Symmetric
from symmeter.symmetry.groups.products import multiply

# What is written, and what it means; `symmeter list symmetries` prints it.
GROUPS: dict[str, str] = {
    "C4": "rotations by 90 degrees; C8, C3, ... by others",
    "D4": "rotations by 90 degrees and flips; D8, ... likewise",
    "hflip": "left and right exchanged",
    "vflip": "top and bottom exchanged",
    "shift(8)": "circular shifts by whole pixels, up to 8; shift for all; shift(8,crop), shift(8,open)",
    "shift(8,x)": "along x alone, or y: shift(x) for all, shift(8,crop,x)",
    "SO2": "rotations by any angle; SO2(30) by up to 30 degrees",
    "T2(0.125)": "shifts by any amount, up to 1/8 of the image; T2(0.125,circular)",
    "T1(0.125,x)": "along x alone, or y",
    "SE2": "rotations by any angle, and shifts up to 1/8 of the image; SE2(0.1)",
    "scale(0.8,1.25)": "sizes between two factors",
    "affine(rotation=15,...)": "a box: rotation and shear in degrees, translation as a share, scale as a factor",
    "colours": "permutations of the colour channels",
    "C4*colours": "a product; on the same thing the left factor must be normal: shift*C4",
}
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
    names = FAMILIES.get(key, (key,) if key in GENERATORS else ())
    return tuple(GENERATORS[name] for name in names)


def _is_group(text: str) -> bool:
    """Whether a word is written as a group, and not as a generator: `scale` is one, `scale(0.5,2)` a group."""
    match = _CALL.match(text.split("*")[0].strip())
    if match is None:
        return "*" in text
    name, digits, _, inside = match.groups()
    if name.lower() in ("scale", "affine"):
        return inside is not None
    if digits:
        return name.upper() in ("C", "D", "SO", "SE", "T")
    return name.lower() in ("hflip", "vflip", "shift", "colours", "colors") or "*" in text


def _one(text: str, whole: str) -> Group:
    match = _CALL.match(text)
    if match is None:
        raise SymmeterError(f"symmetry {whole!r}: {text!r} is no group{nearest(text, GROUPS)}")
    name, digits, axis, inside = match.groups()
    arguments = [word.strip() for word in (inside or "").split(",") if word.strip()] + [axis] * bool(axis)
    build = _BUILDERS.get((name + digits).lower())
    if build is None:
        numbered = _NUMBERED.get(name.lower()) if digits and not arguments else None
        if numbered is None:
            raise SymmeterError(f"symmetry {whole!r}: {text!r} is no group{nearest(text, GROUPS)}")
        return numbered(int(digits))
    try:
        return build(*arguments)
    except (TypeError, ValueError) as error:
        examples = [key for key in GROUPS if key.lower().startswith((name + digits).lower())] or ["colours"]
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as {' or '.join(examples)}"
        ) from error


def _translations(*words: str) -> Group:
    """`T2(0.125,circular)`, `T1(0.125,x)`: how far, whether it wraps, and along which axis, in any order."""
    axes, extents = (
        [w for w in words if (w in AXES) == wanted and w != "circular"] for wanted in (True, False)
    )
    extent = float(extents[0]) if extents else Translations().extent
    if len(axes) > 1 or len(extents) > 1 or not 0 < extent <= 1 or words.count("circular") > 1:
        raise ValueError(words)
    return Translations(extent, "circular" in words, axes[0] if axes else None)


def _along_one(*words: str) -> Group:
    if not set(words) & set(AXES):
        raise ValueError(words)
    return _translations(*words)


def _along_both(*words: str) -> Group:
    if set(words) & set(AXES):
        raise ValueError(words)
    return _translations(*words)


def _affine(*words: str) -> Group:
    pairs = [word.partition("=") for word in words]
    known = ("rotation", "translation", "scale", "shear")
    if not pairs or any(key.strip() not in known for key, _, _ in pairs):
        raise ValueError(words)
    given = {key.strip(): float(value) for key, _, value in pairs}
    rotation, translation, scale, shear = (given.get(key, float(key == "scale")) for key in known)
    return AffineBox(rotation, translation, scale, shear)


_NUMBERED: dict[str, Callable[[int], Group]] = {"c": Cyclic, "d": dihedral}
_BUILDERS: dict[str, Callable[..., Group]] = {
    "hflip": lambda: Reflection(True),
    "vflip": lambda: Reflection(False),
    "shift": parse_shifts,
    "so2": lambda limit="": Rotations(float(limit) if limit else None),
    "t1": _along_one,
    "t2": _along_both,
    "se2": lambda extent="0.125": rigid_motions(float(extent)),
    "scale": lambda low, high: Scales(float(low), float(high)),
    "affine": _affine,
    "colours": lambda: Symmetric(3, CHANNELS),
    "colors": lambda: Symmetric(3, CHANNELS),
}
