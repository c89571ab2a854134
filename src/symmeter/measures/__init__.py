"""One file per measure; `MEASURES` is what `--measure` chooses from."""

from collections.abc import Sequence

from symmeter.errors import SymmeterError, nearest
from symmeter.measures.base import Measure
from symmeter.measures.lee import LEE

MEASURES: dict[str, Measure] = {measure.name: measure for measure in (LEE(),)}


def parse_measures(what: "str | Measure | Sequence[str | Measure]") -> list[Measure]:
    """Measures from a comma list of names; SymmeterError with the choices for an unknown one.

    >>> [m.name for m in parse_measures("lee")]
    ['lee']
    """
    if isinstance(what, Measure):
        return [what]
    found: list[Measure] = []
    for item in what.split(",") if isinstance(what, str) else what:
        name = item if isinstance(item, Measure) else item.strip().lower()
        if isinstance(name, str) and name not in MEASURES:
            raise SymmeterError(f"unknown measure {name!r}{nearest(name, MEASURES)}")
        measure = MEASURES[name] if isinstance(name, str) else name
        found += [measure] if measure not in found else []
    return found


__all__ = ["LEE", "MEASURES", "Measure", "parse_measures"]
