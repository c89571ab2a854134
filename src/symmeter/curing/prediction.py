"""What a remedy is expected to do, before it is tried: of first order, with all else of the network held.

A share s_m of LEE passes through layer m (`symmeter.curing.passing`), and a remedy leaves q_m of the squared norm of
what leaves the layer. Where what is left is not correlated with what is taken away, LEE falls by (1 - q_m) s_m of
itself. Layers that follow one another each work on what those before them left:

    LEE' / LEE = product over layers of (1 - (1 - q_m) s_m).

What is left out: that the layers behind see other values, that paths run side by side, and that errors cancel.
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
    whole: np.ndarray, passing: Sequence[np.ndarray], left: Sequence[float], seed: int = 0
) -> Predicted:
    """The ratio of the mean LEE (n,) after to that before, for layers through which so much of it passes, (n,) each.

    `left` is what a remedy leaves of what leaves each layer. The interval is over samples, by percentiles of the
    bootstrap. No more than all of an error can pass, and a share above 1 says that errors cancel: it counts as 1.

    >>> lee = np.array([1.0, 3.0])
    >>> predicted(lee, [lee], [0.25]).ratio, predicted(lee, [lee / 2, lee], [0.0, 0.5]).ratio
    (0.25, 0.25)
    """
    if not passing or not whole.sum():
        return Predicted()
    amounts, kept = np.array(passing), np.array(left)[:, None]

    def ratio(weights: np.ndarray) -> np.ndarray:
        """Of samples with weights (n, R), (R,)."""
        shares = (amounts @ weights) / (whole @ weights)
        return (1 - (1 - kept) * np.minimum(shares, 1)).prod(0)

    value = float(ratio(np.ones((len(whole), 1)))[0])
    if len(whole) < FEWEST:
        return Predicted(value)
    weights = np.random.default_rng(seed).multinomial(len(whole), [1 / len(whole)] * len(whole), _RESAMPLES).T
    low, high = np.nanquantile(ratio(weights.astype(float)), [0.025, 0.975])
    return Predicted(value, float(low), float(high))


def of_layers(
    whole: np.ndarray,
    passing: Mapping[str, np.ndarray],
    left: Mapping[str, Sequence[float]],
    layers: Sequence[str],
    t: int,
) -> Predicted:
    """The same for some layers by name, along generator number t; nothing where one of them is not known."""
    if any(layer not in left or layer not in passing for layer in layers):
        return Predicted()
    return predicted(whole, [passing[layer][t] for layer in layers], [left[layer][t] for layer in layers])
