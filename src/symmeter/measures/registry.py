"""Measures by name, and how a new one becomes known."""

import re
from collections.abc import Sequence

from symmeter.errors import SymmeterError, nearest
from symmeter.measures.measure import Measure
from symmeter.verbs.arguments import split_list

MEASURES: dict[str, Measure] = {}  # as they are where nothing is written in brackets
_CALL = re.compile(r"^([a-z_-]+)(?:\((.*)\))?$")


def register(*measures: type[Measure]) -> None:
    """Make measures known by their names; a domain calls it with those that only its kind of data has.

    Registering one again puts it in the place of the former of its name.
    """
    for measure in measures:
        MEASURES[measure.name] = measure()


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
        raise SymmeterError(f"no measure given; choose from {', '.join(MEASURES)}")
    return list(found.values())


def _named(word: str) -> Measure:
    """One measure from its name and what is in brackets behind it."""
    match = _CALL.match(word)
    name, inside = match.groups() if match else (word, None)
    name = name.replace("-", "_")
    if name not in MEASURES:
        raise SymmeterError(f"unknown measure {word!r}{nearest(name, MEASURES)}")
    known = MEASURES[name]
    arguments = [part.strip() for part in (inside or "").split(",") if part.strip()]
    if not arguments:
        return known
    try:
        return known.parse(*arguments)
    except (TypeError, ValueError) as error:
        raise SymmeterError(
            f"measure {word!r} has arguments that do not fit; {name} takes {known.arguments}"
        ) from error
