"""Where kinds of data are found, and which one is meant. Nothing here knows any of them itself.

A domain is one folder or file under `symmeter/domains/`, or a class that another package names under the entry point
`symmeter.domains`.
"""

import contextlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import chain
from typing import Any

from symmeter.domain import Domain
from symmeter.errors import SymmeterError, nearest, shortened
from symmeter.symmetry.groups.group import Group
from symmeter.verbs.arguments import split_list, word
from symmeter.verbs.verb import verb

ENTRY_POINTS = "symmeter.domains"
_HOME, _FILE, _DEFAULT = "symmeter.domains", "domain", "images"


def read_options(domain: type[Domain], given: Mapping[str, Any]) -> Domain:
    """The domain with these options; SymmeterError, in one line, for one that it does not have."""
    known = {f.name: f for f in fields(domain.Options)}
    values = {}
    for name, value in given.items():
        if name not in known:
            raise SymmeterError(f"{domain.name} have no option {name!r}{nearest(name, known)}")
        values[name] = known[name].metadata["kind"].check(name, value)
    return domain(domain.Options(**values))


@cache
def domains() -> Mapping[str, type[Domain]]:
    """All kinds of data by name: those under symmeter/domains/, then those of other packages."""
    found: dict[str, type[Domain]] = {}
    for module in pkgutil.iter_modules(import_module(_HOME).__path__):
        place = f"{_HOME}.{module.name}" + (f".{_FILE}" if module.ispkg else "")
        if find_spec(place) is not None:
            found |= {d.name: d for d in _defined(import_module(place))}
    for point in metadata.entry_points(group=ENTRY_POINTS):
        domain = point.load()
        if not (isinstance(domain, type) and issubclass(domain, Domain)):
            raise SymmeterError(
                f"the entry point {point.name!r} of {ENTRY_POINTS} is {domain!r}, which is no Domain"
            )
        found.setdefault(domain.name, domain)
    return {_DEFAULT: found[_DEFAULT], **found}


def _defined(module: Any) -> list[type[Domain]]:
    """The domains that a module defines."""
    classes = filter(inspect.isclass, vars(module).values())
    return [c for c in classes if issubclass(c, Domain) and c.__module__ == module.__name__]


def find_domain(name: str | type[Domain]) -> type[Domain]:
    """The domain of this name, or a domain itself; SymmeterError with the choices."""
    if not isinstance(name, str):
        return name
    if name not in domains():
        raise SymmeterError(f"unknown domain {name!r}{nearest(name, domains())}")
    return domains()[name]


def domain_of(data: Any, symmetry: Any, words: Iterable[str] = ()) -> type[Domain]:
    """The one kind of data that takes `data`, knows every word of the symmetry, and has these words for inputs.

    One that owns the data comes first. Where there is none, images, which say what is wrong; where there are several,
    SymmeterError with the choices.
    """
    owners = [d for d in domains().values() if d.owns(data)]
    if owners:
        return owners[0]
    words = list(words)
    fits = [d for d in domains().values() if all(map(d.knows_input, words))]
    if not fits:
        known = dict.fromkeys(chain.from_iterable(d.input_words for d in domains().values()))
        wrong = next((w for w in words if w not in known), words[0])
        raise SymmeterError(f"inputs: {wrong!r} is no way in which a symmetry acts{nearest(wrong, known)}")
    if words and len(fits) == 1:
        return fits[0]
    fits = [d for d in fits if (words or d.takes(data)) and _knows(d, symmetry)]
    if not fits:
        _check_of_another(symmetry)
        return domains()[_DEFAULT]
    first = fits[0]
    if len(fits) > 1 and first.name != _DEFAULT:
        names = shortened([d.name for d in fits])
        raise SymmeterError(f"this data could be {names}: say which with domain={first.name!r}")
    return first


def _check_of_another(symmetry: Any) -> None:
    """SymmeterError where images have no such symmetry, and another kind of data has."""
    knowing = [d for d in domains().values() if _knows(d, symmetry)]
    if knowing and knowing[0].name != _DEFAULT:
        names = " or ".join(d.name for d in knowing)
        raise SymmeterError(
            f"symmetry {symmetry!r} is one of {names}, and this data is not seen to be that: "
            f"say domain={knowing[0].name!r}"
        )


def _knows(domain: type[Domain], symmetry: Any) -> bool:
    """Whether all names in a symmetry are of this domain; objects are of any."""
    if isinstance(symmetry, str):
        symmetry = split_list(symmetry.strip(", "))
    if not isinstance(symmetry, list | tuple):
        return True
    names = [item for item in symmetry if isinstance(item, str)]
    with contextlib.suppress(SymmeterError):  # it is one of this domain's, misspelt
        return all(map(domain.symmetry, names))
    return True


@verb(text=word)
def parse_group(text: str) -> Group:
    """A group from its written form; SymmeterError that says what is wrong with it.

    >>> parse_group("D4").order, parse_group("shift(2)").name, parse_group("C2*colours").name
    (8, 'shift(2)', 'C2*colours')
    """
    for domain in domains().values():
        for found in domain.symmetry(text):
            if isinstance(found, Group):
                return found
    usual = domains()[_DEFAULT]
    known = [name for name in usual.symmetries if name not in usual.generators()]
    raise SymmeterError(f"symmetry {text!r} is no group{nearest(text, known)}")
