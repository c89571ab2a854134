"""At which places of a network the error of a symmetry comes in: by sample, and the places that are worth naming."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from symmeter.results.intervals import of_ratio_of_means
from symmeter.results.verdict import resolved

_MUCH = 0.01  # of the error: what comes in at a place with less is not named
_NAMED = 3  # places

Amounts = Mapping[str, np.ndarray]  # (b,) by place


@dataclass
class Blame:
    """How much of the error of every sample comes in at each place, batch by batch.

    >>> blame = Blame()
    >>> blame.add([{"first": np.array([1.0, 2.0]), "last": np.array([0.0, 1.0])}, {"last": np.array([3.0])}])
    >>> blame.amounts["first"]
    array([1., 2., 0.])
    """

    _batches: list[Amounts] = field(default_factory=list)

    def add(self, batches: Iterable[Amounts]) -> None:
        """Take down what came in at every place that was met, in each of some batches."""
        self._batches += batches

    @property
    def amounts(self) -> Amounts:
        """Those of all samples (n,), 0 where a place was not met."""
        places = dict.fromkeys(chain.from_iterable(self._batches))
        nothing = [np.zeros_like(next(iter(batch.values()))) for batch in self._batches]
        joined = lambda place: [b.get(place, zero) for b, zero in zip(self._batches, nothing, strict=True)]
        return {place: np.concatenate(joined(place)) for place in places}


def named(amounts: Amounts, whole: np.ndarray, floors: Mapping[str, float]) -> list[str]:
    """The places with most of an error `whole` (n,) and their shares, of those that surely add to it.

    A place adds to it where its share is 1 % at least, where that is more than a `floors` of the place, relative to the
    mean error, and where the interval of the share lies above 0. Where samples are too few for an interval, no sample
    may have less than 0.

    >>> rest, error = np.array([1.0, 1.0]), np.array([4.0, 5.0])
    >>> named({"a": rest, "b": error, "c": -rest}, error, {}), named({"a": rest}, error, {"a": 0.1})
    (['b (100%)', 'a (22%)'], [])
    """
    total = float(whole.mean())
    shares = {place: float(values.mean()) / total for place, values in amounts.items() if total}
    sure = [
        place
        for place, share in shares.items()
        if share >= _MUCH and resolved(share, floors.get(place)) and _adds(amounts[place], whole)
    ]
    sure.sort(key=shares.__getitem__, reverse=True)
    return [f"{place} ({shares[place]:.0%})" for place in sure[:_NAMED]]


def _adds(values: np.ndarray, whole: np.ndarray) -> bool:
    """Whether values (n,) are surely more than 0, as a share of the `whole` (n,)."""
    interval = of_ratio_of_means(values, whole)
    lowest = float(values.min()) if interval.low is None and interval.high is None else interval.ends[0]
    return lowest > 0 or (lowest == 0 and interval.low is None)
