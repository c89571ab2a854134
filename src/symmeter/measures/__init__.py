"""One file per measure; `MEASURES` is what `--measure` chooses from."""

from symmeter.errors import SymmeterError, nearest
from symmeter.measures.base import Measure
from symmeter.measures.lee import LEE

MEASURES: dict[str, Measure] = {measure.name: measure for measure in (LEE(),)}


def parse_measures(what: "str | Measure | list[Measure]") -> list[Measure]:
    """Measures from a comma list of names; SymmeterError with the choices for an unknown one.

    >>> [m.name for m in parse_measures("lee")]
    ['lee']
    """
    if isinstance(what, Measure):
        return [what]
    names = [n.strip().lower() for n in what.split(",")] if isinstance(what, str) else what
    found = []
    for name in names:
        if not isinstance(name, Measure) and name not in MEASURES:
            raise SymmeterError(f"unknown measure {name!r}{nearest(name, MEASURES)}")
        found.append(name if isinstance(name, Measure) else MEASURES[name])
    return found


__all__ = ["LEE", "MEASURES", "Measure", "parse_measures"]
