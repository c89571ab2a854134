"""Whether a symmetry turns directions, so that a vector is no longer three numbers, and whether it permutes points."""

from symmeter.domains.space.generators import FAMILIES
from symmeter.domains.space.translations import Translations
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.permutations import POINTS
from symmeter.symmetry.groups.products import Composed
from symmeter.symmetry.hypothesis import Symmetry

_OF_ORDER = (POINTS, "lattice", "cell")  # what groups act on that turn nothing


def turns(acting: Symmetry | None) -> bool:
    """Whether anything of a symmetry turns, mirrors or scales directions; what is not known may do so."""
    if acting is None:
        return True
    return any(map(_generates_turns, acting.generators)) or any(map(_group_turns, acting.groups))


def permutes(acting: Symmetry | None) -> bool:
    """Whether anything of a symmetry permutes points; what is not known may do so."""
    return acting is None or any(map(_group_permutes, acting.groups))


def _generates_turns(generator: Generator) -> bool:
    return generator.name not in FAMILIES["translation"]


def _group_turns(group: Group) -> bool:
    if isinstance(group, Composed):
        return any(map(_group_turns, group.factors))
    return group.acts_on not in _OF_ORDER and not isinstance(group, Translations)


def _group_permutes(group: Group) -> bool:
    return (
        any(map(_group_permutes, group.factors)) if isinstance(group, Composed) else group.acts_on == POINTS
    )
