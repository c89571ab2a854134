"""What is to be drawn, by the names of the models: results as they are, or opened from where they were saved."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from symmeter.curing.cured import Cure
from symmeter.domains.grids.maps import Maps
from symmeter.errors import SymmeterError
from symmeter.layers.difference import Difference
from symmeter.report.drawing import Named
from symmeter.results.bands import Bands
from symmeter.results.comparison import Comparison, name_of, told_apart
from symmeter.results.prediction import PredictionRange
from symmeter.results.result import Result
from symmeter.sweeps.compare import NamedResult, saved_results
from symmeter.verbs.arguments import path as PATH
from symmeter.verbs.arguments import shown

_OTHERS = (Comparison, Cure, Difference, PredictionRange, Bands, Maps)
_GIVE = "give a result, the path of a saved one, or several of them in a list or a dictionary"


def named_results(results: Any) -> Named:
    """Results by name; SymmeterError for anything else."""
    if isinstance(results, Mapping):
        found = {str(name): _only(one) for name, one in results.items()}
    else:
        several = results if isinstance(results, Sequence) and not isinstance(results, str) else [results]
        opened = [found for one in several for found in _opened(one)]
        found = dict(zip(_names(opened), [one.result for one in opened], strict=True))
    if not found:
        raise SymmeterError(f"there are no results to draw; {_GIVE}")
    return found


def _opened(one: Any) -> Sequence[NamedResult]:
    """A result with its name; all that are at the place of a store."""
    if isinstance(one, Result):
        return [NamedResult(one, name_of(one))]
    if isinstance(one, _OTHERS):
        return [NamedResult(one, "")]  # type: ignore[arg-type]  # kept under its name like a result
    if isinstance(one, str | os.PathLike):
        return saved_results(PATH.check("results", one))[0]
    raise SymmeterError(f"results: {shown(one)} cannot be drawn; {_GIVE}")


def _only(one: Any) -> Any:
    found = _opened(one)
    if len(found) > 1:
        raise SymmeterError(f"{one}: a store of {len(found)} models has no single name; give it in a list")
    return found[0].result


def _names(found: Sequence[NamedResult]) -> list[str]:
    """The shortest names that differ: of models, with their weights, with the place too; in the end with a number."""
    short = [one.result.header["model"]["name"] if isinstance(one.result, Result) else "" for one in found]
    long = [one.name for one in found]
    placed = [f"{one.name} ({one.place})" if one.place else one.name for one in found]
    differing = (names for names in (short, long, placed) if len(set(names)) == len(names))
    return next(differing, told_apart(placed))
