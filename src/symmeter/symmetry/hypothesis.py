"""A symmetry is the hypothesis under test: generators or groups, and how they act on the input and on the output."""

from collections.abc import Iterable
from dataclasses import dataclass

from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.images.names import GROUPS, is_group, parse_group
from symmeter.errors import SymmeterError, nearest
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.verbs.arguments import split_list


@dataclass(frozen=True)
class Symmetry:
    """Generators or groups with rho_in and rho_out; a representation left None is chosen from model and output.

    >>> [g.name for g in parse_symmetry("translation, hue").generators]
    ['translation_x', 'translation_y', 'hue']
    >>> [g.name for g in parse_symmetry("C4, shift(2,crop)").groups]
    ['C4', 'shift(2,crop)']
    """

    name: str
    generators: tuple[Generator, ...] = ()
    rho_in: Representation | None = None
    rho_out: Representation | None = None
    groups: tuple[Group, ...] = ()


def parse_symmetry(what: "str | Generator | Group | Symmetry | Iterable") -> Symmetry:
    """A symmetry from a comma list of names, from generators and groups, or from a list of them.

    Raises SymmeterError with the choices for an unknown name.
    """
    if isinstance(what, Symmetry):
        return what
    if not isinstance(what, str | Generator | Group | Iterable):
        raise SymmeterError(f"symmetry is {what!r}; give names such as 'rotation,C4', generators or groups")
    items = (
        split_list(what.strip(", ")) if isinstance(what, str)
        else [what] if isinstance(what, Generator | Group)
        else list(what)
    )  # fmt: skip
    if len(items) == 1 and isinstance(items[0], Symmetry):
        return items[0]
    generators: list[Generator] = []
    groups: list[Group] = []
    for item in items:
        if isinstance(item, Symmetry):
            if item.rho_in is not None or item.rho_out is not None:
                raise SymmeterError(f"symmetry {item.name!r} has its own representations: measure it alone")
            found: Iterable[Generator | Group] = (*item.generators, *item.groups)
        else:
            found = (item,) if isinstance(item, Generator | Group) else _named(str(item).strip())
        for one in found:
            if isinstance(one, Group):
                groups += [one] if one not in groups else []
            else:
                generators += [one] if one not in generators else []
    if not generators and not groups:
        raise SymmeterError(
            "no symmetry given; choose from " + ", ".join([*FAMILIES, *GENERATORS, "C4", "D4"])
        )
    name = what if isinstance(what, str) else ",".join(one.name for one in [*generators, *groups])
    return Symmetry(name, tuple(generators), groups=tuple(groups))


def generators_only(symmetry: Symmetry, purpose: str) -> Symmetry:
    """The symmetry, if it has no finite group; else SymmeterError: `purpose` needs derivatives."""
    if symmetry.groups:
        raise SymmeterError(
            f"symmetry {symmetry.groups[0].name!r} has no generator, and {purpose} needs one of "
            + ", ".join([*FAMILIES, *GENERATORS])
        )
    return symmetry


def _named(name: str) -> tuple[Generator | Group, ...]:
    if is_group(name):
        return (parse_group(name),)
    key = name.lower().replace("-", "_").replace("color", "colour")
    if key in FAMILIES:
        return tuple(GENERATORS[member] for member in FAMILIES[key])
    if key in GENERATORS:
        return (GENERATORS[key],)
    raise SymmeterError(f"unknown symmetry {name!r}{nearest(key, [*FAMILIES, *GENERATORS, *GROUPS])}")
