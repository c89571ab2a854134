"""A symmetry is the hypothesis under test: generators or groups, and how they act on the input and on the output."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from symmeter.errors import SymmeterError, nearest
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.verbs.arguments import instance, several, split_list
from symmeter.verbs.verb import constructor

_LARGEST, _MOST_FACTORS = 1_000_000, 20  # number in the name of a symmetry; groups in a product
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\binf(?:inity)?\b|\bnan\b", re.IGNORECASE)
Named = Callable[[str], tuple[Generator | Group, ...]]


_rho = instance("a Representation", Representation).or_none("to choose it from model and output")


@constructor(
    name=instance("a name", str),
    generators=several(
        "generators, such as GENERATORS['rotation']", instance("a generator", Generator), least=0
    ),
    groups=several("groups, such as parse_group('C4')", instance("a group", Group), least=0),
    rho_in=_rho,
    rho_out=_rho,
)
@dataclass(frozen=True)
class Symmetry:
    """Generators or groups with rho_in and rho_out; a representation left None is chosen from model and output."""

    name: str
    generators: tuple[Generator, ...] = ()
    rho_in: Representation | None = None
    rho_out: Representation | None = None
    groups: tuple[Group, ...] = ()


def parse_symmetry(
    what: "str | Generator | Group | Symmetry | Iterable", named: Named, choices: Iterable[str] = ()
) -> Symmetry:
    """A symmetry from a comma list of names, from generators and groups, or from a list of them.

    `named` gives the generators or groups of a name, none for a name that it does not know; SymmeterError, with the
    choices, is raised for such a name.

    >>> from symmeter.domains.images.names import named
    >>> [g.name for g in parse_symmetry("translation, hue", named).generators]
    ['translation_x', 'translation_y', 'hue']
    >>> [g.name for g in parse_symmetry("C4, shift(2,crop)", named).groups]
    ['C4', 'shift(2,crop)']
    """
    if isinstance(what, Symmetry):
        return what
    if not isinstance(what, str | Generator | Group | Iterable):
        raise SymmeterError(f"symmetry is {what!r}; give names such as 'rotation,C4', generators or groups")
    items = _items(what)
    if len(items) == 1 and isinstance(items[0], Symmetry):
        return items[0]
    generators: list[Generator] = []
    groups: list[Group] = []
    for item in items:
        for one in _members(item, named, choices):
            if isinstance(one, Group):
                groups += [one] if one not in groups else []
            else:
                generators += [one] if one not in generators else []
    if not generators and not groups:
        raise SymmeterError("no symmetry given; choose from " + ", ".join(choices))
    name = what if isinstance(what, str) else ",".join(one.name for one in [*generators, *groups])
    return Symmetry(name, tuple(generators), groups=tuple(groups))


def generators_only(symmetry: Symmetry, purpose: str, choices: Iterable[str] = ()) -> Symmetry:
    """The symmetry, if it has no finite group; else SymmeterError: `purpose` needs derivatives."""
    if symmetry.groups:
        words = ", ".join(choices) or "generators"
        raise SymmeterError(
            f"symmetry {symmetry.groups[0].name!r} has no generator, and {purpose} needs one of {words}"
        )
    return symmetry


def _items(what: "str | Generator | Group | Iterable") -> list:
    if isinstance(what, str):
        return split_list(what.strip(", "))
    return [what] if isinstance(what, Generator | Group) else list(what)


def check_written(name: str) -> str:
    """The name of a symmetry, if all numbers in it are finite and of a size that something can have.

    >>> check_written("shift(8,crop)")
    'shift(8,crop)'
    >>> check_written("C1000000000")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: symmetry 'C1000000000': 1000000000 is more than any group has; at most 1,000,000
    """
    if name.count("*") >= _MOST_FACTORS:
        raise SymmeterError(
            f"symmetry {name[:60]!r}... is a product of {name.count('*') + 1:,}; at most {_MOST_FACTORS}"
        )
    for number in _NUMBER.findall(name):
        if not float(number) <= _LARGEST:
            raise SymmeterError(
                f"symmetry {name[:60]!r}: {number[:20]} is more than any group has; at most {_LARGEST:,}"
            )
    return name


def _members(item: object, named: Named, choices: Iterable[str]) -> Iterable[Generator | Group]:
    if isinstance(item, Symmetry):
        if item.rho_in is not None or item.rho_out is not None:
            raise SymmeterError(f"symmetry {item.name!r} has its own representations: measure it alone")
        return (*item.generators, *item.groups)
    if isinstance(item, Generator | Group):
        return (item,)
    name = check_written(str(item).strip())
    found = named(name)
    if not found:
        raise SymmeterError(f"unknown symmetry {name[:200]!r}{nearest(name[:200], choices)}")
    return found
