"""The words for how a symmetry of space acts on a value, and those for its groups and generators."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from torch import Tensor

from symmeter.domains.space.components import (
    Cells,
    Components,
    Fractional,
    Positions,
    Scalars,
    Sum,
    Tensors,
    Vectors,
    Voigt,
)
from symmeter.domains.space.field import NODE, PLACES, Field, Labels
from symmeter.domains.space.generators import FAMILIES, GENERATORS
from symmeter.domains.space.irreps import Irreps
from symmeter.domains.space.motion import AXES
from symmeter.domains.space.orientations import AxisAngles, Frames, Quaternions
from symmeter.domains.space.orthogonal import AxisRotations, Orthogonal
from symmeter.domains.space.point_groups import (
    INVERSIONS,
    MIRRORED_TETRAHEDRAL,
    ROTATIONS,
    WITH_INVERSION,
    cyclic,
    dihedral,
    mirror_image,
)
from symmeter.domains.space.translations import translations
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import SemidirectProduct
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

INDEX = "index"
WORDLESS = "; matrices of your own have no word: give rho_out=Field(Matrices(D)) in Python"
_COMPONENTS: dict[str, Components] = {
    one.word: one
    for one in (
        Scalars(), Positions(), Vectors(), Vectors(axial=True), Tensors(), Voigt(), Cells(), Fractional(),
        Frames(), Quaternions(), AxisAngles(),
    )
}  # fmt: skip
ACTIONS = ("invariant", *_COMPONENTS, INDEX, "1o")  # the last stands for all irreps


def components_of(text: str) -> Components | None:
    """The components of a word, of several joined by +, or of irreps; None where it is none of these.

    >>> str(components_of("2x1o+0e")), components_of("points+vectors").shape, components_of("arrows")
    ('2x1o+0e', (6,), None)
    """
    if text in _COMPONENTS:
        return _COMPONENTS[text]
    try:
        return Irreps.parse(text)
    except ValueError:
        words = text.split("+")
    parts = [components_of(word.strip()) for word in words] if len(words) > 1 else [None]
    known = [part for part in parts if part is not None and len(part.shape) == 1]
    return Sum(tuple(known)) if len(known) == len(parts) else None


def parse_word(text: str) -> Representation | None:
    """How a symmetry of space acts on what a word such as `vectors` or `node scalars` stands for; None for no word.

    >>> parse_word("pair  scalars").describe(), parse_word("invariant").describe(), parse_word("arrows")
    ('pair scalars', 'invariant', None)
    """
    word = " ".join(text.split())
    known: dict[str, Representation] = {"invariant": Trivial(), INDEX: Labels()}
    if word in known:
        return known[word]
    place, _, rest = word.partition(" ")
    if place not in PLACES:
        place, rest = "", word
    components = components_of(rest)
    if components is None:
        return None
    return Field(components, place or (NODE if rest.startswith(Positions.word) else None))


def parts_of(text: str) -> dict[str, tuple[int, ...]]:
    """The irreps of a word by themselves, each with its place and its entries; none for other words.

    >>> parts_of("node 1o+2x0e+1o")
    {'node 2x1o': (0, 1, 2, 5, 6, 7), 'node 2x0e': (3, 4)}
    """
    rho = parse_word(text)
    if not isinstance(rho, Field) or not isinstance(rho.components, Irreps):
        return {}
    return {str(replace(rho, components=one).describe()): at for one, at in rho.components.alone().items()}


def representation_of(text: str, value: Tensor) -> Representation | None:
    """The same for a value (B, ...), whose shape must fit: ValueError where it does not."""
    rho = parse_word(text)
    if isinstance(rho, Field):
        if isinstance(rho.components, Voigt) and tuple(value.shape[-2:]) == (3, 3):
            rho = replace(rho, components=Tensors())  # `unfolded`
        rho.check_shape(tuple(value.shape))
    return rho


@dataclass(frozen=True)
class Written:
    """How a group is written: what builds it from the words in brackets, and its meaning."""

    build: Callable[..., Group]
    example: str
    meaning: str


def _about(build: Callable[..., Group], n: str, axis: str = "z") -> Group:
    """A group of order n about an axis; ValueError for what is no axis."""
    return build(int(n), _axis(axis))


def _axis(word: str) -> str:
    if word.lower() not in AXES:
        raise ValueError(word)
    return word.lower()


def _rigid(rotations: Orthogonal, length: str = "1") -> Group:
    """Rotations of some kind, and translations by a length: translations are normal."""
    moved = translations(length)
    name = rotations.name.replace("SO3", "SE3").replace("O3", "E3")
    label = name if moved.lengths == (1.0,) else f"{name}({moved.lengths[0]:g})"
    return SemidirectProduct((moved, rotations), label)


def _always(group: Group) -> Callable[..., Group]:
    return partial(_nothing_in_brackets, group)


def _nothing_in_brackets(group: Group) -> Group:
    return group


# The one table of groups, by their words in small letters; # stands for a number. A new group is a new line.
_WRITTEN: dict[str, Written] = {
    "so3": Written(_always(Orthogonal()), "SO3", "all rotations"),
    "o3": Written(_always(Orthogonal(mirrored=True)), "O3", "all rotations and their mirror images"),
    "se3": Written(
        partial(_rigid, Orthogonal()), "SE3", "all rotations with translations of length 1; SE3(5) of 5"
    ),
    "e3": Written(partial(_rigid, Orthogonal(mirrored=True)), "E3", "the same with mirror images; E3(5)"),
    "so2": Written(
        lambda axis="z": AxisRotations(_axis(axis)), "SO2(y)", "rotations about one axis, x, y or z"
    ),
    "c#": Written(partial(_about, cyclic), "C4(z)", "rotations about an axis by 90 degrees; C2(x), C6, ..."),
    "d#": Written(partial(_about, dihedral), "D3(z)", "those of a prism: with half turns across the axis"),
    **{
        group.name.lower(): Written(_always(group), group.name, f"the {group.order} rotations of that solid")
        for group in ROTATIONS
    },
    **{
        group.name.lower(): Written(_always(group), group.name, f"{solid.name} with the inversion")
        for group, solid in zip(WITH_INVERSION, ROTATIONS, strict=True)
    },
    "td": Written(_always(MIRRORED_TETRAHEDRAL), "Td", "all symmetries of a tetrahedron"),
    "inversion": Written(_always(INVERSIONS), "inversion", "every point to its opposite"),
    "mirror": Written(
        lambda axis="x": mirror_image(_axis(axis)), "mirror(x)", "x to -x; mirror(y), mirror(z)"
    ),
    "translation": Written(
        translations, "translation(1,40,1000)", "by each of these lengths, in random directions"
    ),
}
_FORM = re.compile(r"^([a-z]+)(\d*)(?:\((.*)\))?$")
GROUPS: Mapping[str, str] = {written.example: written.meaning for written in _WRITTEN.values()}
MEANINGS: Mapping[str, str] = {
    "rotation": "turns about x, y and z; rotation_x alone; the unit is a radian",
    "translation": "shifts along x, y and z; translation_x alone; the unit is that of the positions",
    "scale": "growth about the origin",
}


def generators_of(word: str) -> tuple[Generator, ...]:
    """The generators of a name, none where nothing is called so."""
    key = word.strip().lower()
    return tuple(GENERATORS[name] for name in FAMILIES.get(key, (key,)) if name in GENERATORS)


def groups_of(text: str) -> tuple[Group, ...]:
    """The group of a name, none where nothing is called so; SymmeterError for arguments that do not fit.

    >>> [group.name for word in ("C4", "so2(Y)", "Oh", "translation(5)") for group in groups_of(word)]
    ['C4(z)', 'SO2(y)', 'Oh', 'translation(5)']
    """
    match = _FORM.match(text.strip().lower())
    if match is None:
        return ()
    name, number, inside = match.groups()
    arguments = [word.strip() for word in (inside or "").split(",") if word.strip()]
    written = _WRITTEN.get(name + number)
    if written is None and number:
        written, arguments = _WRITTEN.get(f"{name}#"), [number, *arguments]
    if written is None:
        return ()
    try:
        return (written.build(*arguments),)
    except (TypeError, ValueError) as error:
        raise SymmeterError(
            f"symmetry {text!r} has arguments that do not fit; write it as {written.example}"
        ) from error
