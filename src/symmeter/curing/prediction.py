"""What a remedy is expected to do, before it is tried: of first order, with all else of the network held.

Of LEE a part a_m passes through layer m, and with a remedy there a'_m would (`symmeter.curing.passing`). Where what is
left is not correlated with what is taken away, LEE falls by a_m - a'_m. Layers that follow one another each work on
what those before them left:

    LEE' / LEE = product over layers of 1 - (a_m - a'_m) / max(LEE, a_m),

where more than all of LEE passes because errors cancel behind the layer, and counts as all of it. What is left out:
that the layers behind see other values, that paths run side by side, and that errors cancel.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symmeter.results.bootstrap import FEWEST

_RESAMPLES = 999


@dataclass(frozen=True)
class Predicted:
    """By what factor an error is to change, with a 95 % interval; None where nothing is known."""

    ratio: float | None = None
    low: float | None = None
    high: float | None = None


def predicted(
    whole: np.ndarray, passing: Sequence[np.ndarray], kept: Sequence[np.ndarray], seed: int = 0
) -> Predicted:
    """The ratio of the mean LEE (n,) after to that before; `passing` and `kept` (n,) are a and a' of every layer.

    The interval is over samples, by percentiles of the bootstrap.

    >>> lee = np.array([1.0, 3.0])
    >>> predicted(lee, [lee], [lee / 4]).ratio, predicted(lee, [lee / 2, lee], [0 * lee, lee / 2]).ratio
    (0.25, 0.25)
    """
    if not passing or not whole.sum():
        return Predicted()
    before, after = np.array(passing), np.array(kept)

    def ratio(weights: np.ndarray) -> np.ndarray:
        """Of samples with weights (n, R), (R,)."""
        amounts = before @ weights
        return (1 - (amounts - after @ weights) / np.maximum(whole @ weights, amounts)).clip(0).prod(0)

    value = float(ratio(np.ones((len(whole), 1)))[0])
    if len(whole) < FEWEST:
        return Predicted(value)
    weights = np.random.default_rng(seed).multinomial(len(whole), [1 / len(whole)] * len(whole), _RESAMPLES).T
    low, high = np.nanquantile(ratio(weights.astype(float)), [0.025, 0.975])
    return Predicted(value, float(low), float(high))


def of_layers(
    whole: np.ndarray,
    passing: Mapping[str, np.ndarray],
    kept: Mapping[str, np.ndarray],
    layers: Sequence[str],
    t: int,
) -> Predicted:
    """The same for layers by name, (generators, n) each, along generator number t; nothing where one is unknown."""
    if any(layer not in kept or layer not in passing for layer in layers):
        return Predicted()
    return predicted(whole, [passing[layer][t] for layer in layers], [kept[layer][t] for layer in layers])
