"""`cite`: BibTeX of the tool, and of the definitions that results used."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from symmeter.report.shown import named_results
from symmeter.results.comparison import Comparison
from symmeter.results.result import Result
from symmeter.verbs.arguments import anything
from symmeter.verbs.verb import verb

_SOURCES = "references.bib"
_TOOL = """@misc{{symmeter,
  title  = {{symmeter: measuring the symmetries that trained neural networks have learned}},
  author = {{{{The symmeter authors}}}},
  note   = {{Version {version}}},
}}"""
_ENTRY = re.compile(r"^@\w+\{([^,]+),.*?^\}$", re.DOTALL | re.MULTILINE)
_GRUVER, _KVINGE, _EFRON, _HOLM = (
    "gruver2023lie",
    "kvinge2022invariant",
    "efron1993bootstrap",
    "holm1979simple",
)
# By measure, without its arguments; those that are not here are symmeter's own.
_OF_MEASURES = {
    "lee": _GRUVER,
    "contribution": _GRUVER,
    "geed": _KVINGE,
    "consistency": "zhang2019shift",
    "effective_invariance": "deng2022invariance",
    "normalised_variance": "quiroga2019measuring",
    "relative_invariance": "bouchacourt2021grounding",
    "set_error": "kirillov2019panoptic",
    "eq_t": "karras2021alias",
    "eq_t_frac": "karras2021alias",
    "eq_r": "karras2021alias",
}


@verb(results=anything)
def cite(*results: Any) -> str:
    """BibTeX of symmeter, and of the measures, rules and intervals that results used; without a result of all.

    Args:
        results: as `symmeter.plot` takes them: results, or paths of saved ones.

    Raises:
        SymmeterError: in one line, for what is no result.

    >>> "@misc{symmeter," in cite(), "gruver2023lie" in cite()
    (True, True)
    """
    entries = _entries()
    used = set(_used(list(results))) if results else set(entries)
    tool = _TOOL.format(version=version("symmeter"))
    return "\n\n".join([tool, *(entry for key, entry in entries.items() if key in used)]) + "\n"


@cache
def _entries() -> dict[str, str]:
    """The entries of the bibliography by key, in their order."""
    text = files("symmeter.report").joinpath(_SOURCES).read_text(encoding="utf-8")
    return {found[1]: found[0] for found in _ENTRY.finditer(text)}


def _used(results: list[Any]) -> Iterator[str]:
    """The keys of what results used."""
    for one in named_results(results).values():
        measures = [row.measure for row in one.rows] if isinstance(one, Result | Comparison) else ["lee"]
        yield from (
            _OF_MEASURES[name] for name in (m.partition("(")[0] for m in measures) if name in _OF_MEASURES
        )
        if isinstance(one, Comparison):
            yield _HOLM
            continue
        if getattr(one, "rows", ()):
            yield from [_EFRON] if any(row.interval_low is not None for row in one.rows) else []
        spec = (getattr(one, "header", None) or {}).get("spec", {})
        for run in spec.get("runs", [spec]):
            if "lebedev" in str(run.get("sampling")):
                yield "lebedev1976quadratures"
