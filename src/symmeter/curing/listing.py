"""Remedies by name: those in the folder `remedies`."""

import inspect
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from symmeter.curing.remedy import Purpose, Remedy
from symmeter.errors import SymmeterError, nearest
from symmeter.verbs.arguments import split_list

_HOME = "symmeter.curing.remedies"
_CALL = re.compile(r"^([a-z_]+)(?:\((.*)\))?$")


@cache
def remedies() -> Mapping[str, type[Remedy]]:
    """All remedies by name, in the order of their files.

    >>> "blur" in remedies()
    True
    """
    found: dict[str, type[Remedy]] = {}
    for file in pkgutil.iter_modules(import_module(_HOME).__path__):
        module = import_module(f"{_HOME}.{file.name}")
        for made in filter(inspect.isclass, vars(module).values()):
            if (
                issubclass(made, Remedy)
                and made.__module__ == module.__name__
                and not inspect.isabstract(made)
            ):
                found[made.name] = made
    return found


def parse_remedies(text: str) -> list[Remedy]:
    """Remedies from a comma list; SymmeterError with the choices.

    >>> [str(remedy) for remedy in parse_remedies("blur")]
    ['blur']
    >>> parse_remedies("blurr")
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: unknown remedy 'blurr'; did you mean 'blur'?
    """
    found = []
    for word in split_list(text):
        match = _CALL.match(word.lower().replace("-", "_") if "(" not in word else word)
        name, argument = match.groups("") if match else (word, "")
        if name not in remedies():
            raise SymmeterError(f"unknown remedy {word!r}{nearest(name, remedies())}")
        found.append(remedies()[name].parse(argument.strip()))
    return found


def usual_remedies(purpose: Purpose) -> list[Remedy]:
    """Those that are tried where none is named."""
    return [one for remedy in remedies().values() for one in remedy.usual(purpose)]
