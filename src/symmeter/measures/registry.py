"""Measures by name, and how a new one becomes known."""

import re
from collections.abc import Sequence

from symmeter.errors import SymmeterError, nearest
from symmeter.kinds_of_data import domains
from symmeter.measures.measure import Measure
from symmeter.verbs.arguments import split_list

_CALL = re.compile(r"^([a-z_-]+)(?:\((.*)\))?$")
_REGISTERED: dict[str, type[Measure]] = {}


def register(*measures: type[Measure]) -> None:
    """Make measures known by their names; one of a name that is taken replaces the former."""
    for measure in measures:
        _REGISTERED[measure.name] = measure


def known_measures() -> dict[str, Measure]:
    """All measures by name, as they are where nothing is written in brackets.

    Those that were registered come first, then those that only one kind of data has.
    """
    found = dict(_REGISTERED)
    for domain in domains().values():
        for measure in domain.measures():
            found.setdefault(measure.name, measure)
    return {name: measure() for name, measure in found.items()}


def parse_measures(what: "str | Measure | Sequence[str | Measure]") -> list[Measure]:
    """Measures from a comma list of names, with arguments in brackets; SymmeterError with the choices.

    >>> [m.name for m in parse_measures("lee, geed(kl), geed(cosine,normalised)")]
    ['lee', 'geed(kl)', 'geed(cosine,normalised)']
    """
    if isinstance(what, Measure):
        return [what]
    found: dict[str, Measure] = {}
    for item in split_list(what) if isinstance(what, str) else what:
        measure = item if isinstance(item, Measure) else _named(item.strip().lower())
        found.setdefault(measure.name, measure)
    if not found:
        raise SymmeterError(f"no measure given; choose from {', '.join(known_measures())}")
    return list(found.values())


def _named(word: str) -> Measure:
    """One measure from its name and what is in brackets behind it."""
    match = _CALL.match(word)
    name, inside = match.groups("") if match else (word, "")
    name = name.replace("-", "_")
    known = known_measures()
    if name not in known:
        raise SymmeterError(f"unknown measure {word!r}{nearest(name, known)}")
    measure = known[name]
    arguments = list(filter(None, map(str.strip, inside.split(","))))
    if not arguments:
        return measure
    try:
        return measure.parse(*arguments)
    except (TypeError, ValueError) as error:
        raise SymmeterError(
            f"measure {word!r} has arguments that do not fit; {name} takes {measure.arguments}"
        ) from error
