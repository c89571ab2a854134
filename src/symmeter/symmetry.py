"""A symmetry is the hypothesis under test: generators, and how they act on the input and on the output."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from symmeter.errors import SymmeterError, nearest
from symmeter.groups import FAMILIES, GENERATORS, Generator
from symmeter.representations import Representation

_FINITE = re.compile(r"^(C\d+|D\d+|S\d+|[hv]flip|rot90|shift(\(\d+\))?)$", re.IGNORECASE)


@dataclass(frozen=True)
class Symmetry:
    """Generators with rho_in and rho_out; a representation left None is chosen from the model and the output.

    >>> [g.name for g in parse_symmetry("translation, hue").generators]
    ['translation_x', 'translation_y', 'hue']
    """

    name: str
    generators: tuple[Generator, ...]
    rho_in: Representation | None = None
    rho_out: Representation | None = None


def parse_symmetry(what: "str | Generator | Symmetry | Iterable") -> Symmetry:
    """A symmetry from a comma list of names, from generators, or from a list of both.

    Raises SymmeterError with the choices for an unknown name, and for finite groups, which have no generator.
    """
    if isinstance(what, Symmetry):
        return what
    items = (
        what.strip(", ").split(",")
        if isinstance(what, str)
        else [what]
        if isinstance(what, Generator)
        else list(what)
    )
    generators: list[Generator] = []
    rho_in = rho_out = None
    for item in items:
        if isinstance(item, Symmetry):
            if len(items) > 1 and (item.rho_in or item.rho_out):
                raise SymmeterError(f"symmetry {item.name!r} has its own representations: measure it alone")
            found: Iterable[Generator] = item.generators
        else:
            found = (item,) if isinstance(item, Generator) else _named(str(item).strip())
        generators += [g for g in found if g not in generators]
    name = what if isinstance(what, str) else ",".join(g.name for g in generators)
    if not generators:
        raise SymmeterError("no symmetry given; choose from " + ", ".join([*FAMILIES, *GENERATORS]))
    return Symmetry(name, tuple(generators), rho_in, rho_out)


def _named(name: str) -> tuple[Generator, ...]:
    key = name.lower().replace("-", "_").replace("color", "colour")
    if key in FAMILIES:
        return tuple(GENERATORS[member] for member in FAMILIES[key])
    if key in GENERATORS:
        return (GENERATORS[key],)
    choices = [*FAMILIES, *GENERATORS]
    if _FINITE.match(name):
        raise SymmeterError(
            f"symmetry {name!r} is a finite group and has no generator; this measure needs one of "
            + ", ".join(choices)
        )
    raise SymmeterError(f"unknown symmetry {name!r}{nearest(key, choices)}")
