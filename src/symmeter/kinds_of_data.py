"""Where kinds of data are found: those under `symmeter/domains/`, and those of other packages.

A domain is one folder or file there, or a class that another package names under the entry point `symmeter.domains`.
"""

import contextlib
import inspect
import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata, util
from itertools import filterfalse
from typing import Any

from symmeter.domain import Domain
from symmeter.errors import SymmeterError, nearest
from symmeter.options import checked
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.hypothesis import check_written
from symmeter.verbs.arguments import word
from symmeter.verbs.verb import verb

ENTRY_POINTS = "symmeter.domains"
_HOME, _FILE, _DEFAULT = "symmeter.domains", "domain", "images"


def read_options(domain: type[Domain], given: Mapping[str, Any]) -> Domain:
    """The domain with these options; SymmeterError, in one line, for one that it does not have."""
    return domain(checked(domain.Options, given, domain.name))


@cache
def domains() -> Mapping[str, type[Domain]]:
    """All kinds of data by name: those under symmeter/domains/, then those of other packages."""
    found: dict[str, type[Domain]] = {}
    for module in pkgutil.iter_modules(import_module(_HOME).__path__):
        place = f"{_HOME}.{module.name}" + (f".{_FILE}" if module.ispkg else "")
        if util.find_spec(place) is not None:
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


@verb(text=word)
def parse_group(text: str) -> Group:
    """A group from its written form; SymmeterError that says what is wrong with it.

    >>> parse_group("D4").order, parse_group("SO3").name, parse_group("C2*colours").name
    (8, 'SO3', 'C2*colours')
    """
    check_written(text)
    for domain in domains().values():
        with contextlib.suppress(SymmeterError):  # misspelt, or the name of another kind of data
            for found in domain.symmetry(text):
                if isinstance(found, Group):
                    return found
    usual = domains()[_DEFAULT]
    usual.symmetry(text)  # says what is wrong with it where it can
    known = filterfalse(usual.generators().__contains__, usual.symmetries)
    raise SymmeterError(f"symmetry {text!r} is no group{nearest(text, known)}")
