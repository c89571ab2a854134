"""Twirled variance, and the exact split of squared loss that it makes."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from symmeter.errors import SymmeterError
from symmeter.measures.measure import OrbitMeasure, Reducer, need_probabilities
from symmeter.measures.orbit import Chunk, View, masked_mean, wide
from symmeter.measures.quantity import Quantity
from symmeter.measures.spread import Distances, OrbitSpread
from symmeter.symmetry.groups.group import ElementSet


class TwirledVariance(OrbitMeasure):
    """A^2 = E_g ||z(g) - mean z||^2 / dim, with z(g) = rho(g)^-1 f(g x) the conjugated model.

    It puts invariance and equivariance on one scale. Of sampled elements the estimate is without bias: the mean is
    multiplied by N / (N - 1) where they are independent; of cosets see `symmeter.measures.spread`.
    Entries that some element brought in from outside do not count.

    Source: the design of symmeter; metatomic's symmetrised models report the same spread.
    """

    name = "twirled_variance"
    direction = "lower = more symmetric"
    description = "variance of the conjugated model over the orbit, per output entry"
    power = 2

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Spread(chunk)

    def unit(self, quantity: Quantity) -> str:
        return quantity.squared_unit


class EquivarianceError(TwirledVariance):
    """A = sqrt(E_x E_g ||z(g) - mean z||^2 / dim), the root of the twirled variance: in the output's own unit.

    What a prediction is off by for no other reason than the frame in which the input was given: eV, eV/angstrom.

    Source: the design of symmeter, as `TwirledVariance`.
    """

    name = "equivariance_error"
    description = "root mean square of the conjugated model about its mean over the orbit, per output entry"
    amplitude = True

    def value(self, error: float) -> float:
        return math.sqrt(max(error, 0.0))

    def slope(self, error: float) -> float:
        return 0.5 / math.sqrt(error) if error > 0 else 0.0

    def unit(self, quantity: Quantity) -> str:
        return quantity.unit


class _Spread(Reducer):
    """The variance over elements; of sampled ones some entries are kept, so that pairs of them can be compared."""

    def __init__(self, chunk: Chunk):
        self._distances = Distances(chunk) if chunk.sampled else None
        self._spread = OrbitSpread(chunk)
        self._mask: Tensor | None = None

    def add(self, view: View) -> Tensor | None:
        z, mask = view.conjugated
        z = wide(z)
        self._spread.add(z, view.weight)
        self._mask = mask if self._mask is None else self._mask * mask
        if self._distances is not None:
            self._distances.add(z, mask)
        return None

    def pairs(self, keep: Tensor) -> Tensor | None:
        """(N, N) squared distances, summed over the images to keep: half their mean over pairs is the variance."""
        return None if self._distances is None else self._distances.between(keep)

    def by_node(self, axis: int) -> Tensor | None:
        """The variance at each node, mean over its entries."""
        if self._mask is not None and self._mask.ndim:
            return None
        variance = self._spread.variance().movedim(axis, 1)
        return variance.reshape(*variance.shape[:2], -1).mean(2, dtype=torch.float64)

    def columns(self) -> dict[str, Tensor]:
        return {"error": masked_mean(self._spread.variance(), self._mask)}


class EquivarianceLoss(OrbitMeasure):
    """The last part of the squared loss E_g ||z(g) - t||^2 = ||mean z - t||^2 + E_g ||z(g) - mean z||^2.

    t is the one-hot label, so the loss is the Brier score. The column `loss` has the whole for every image, and
    `symmetrised` the part that the symmetrised model would have; they differ by `error` exactly.
    """

    name = "loss_split"
    direction = "lower = more symmetric"
    description = "part of the squared loss (Brier) that symmetrising the model would take away; needs labels"
    power = 2

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        need_probabilities(self.name, quantity)

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Split(chunk)

    def unit(self, quantity: Quantity) -> str:
        return "squared loss"


class _Split(Reducer):
    """The squared loss, and the part of it that symmetrising would take away."""

    def __init__(self, chunk: Chunk):
        self._target = _one_hot(chunk)
        self._spread = _Spread(chunk)
        self._loss = torch.zeros(len(self._target), dtype=torch.float64, device=self._target.device)
        self._weight = 0.0

    def add(self, view: View) -> Tensor | None:
        self._spread.add(view)
        self._weight += view.weight
        z, _ = view.conjugated
        self._loss = self._loss + view.weight * (z.double() - self._target).square().sum(1)
        return None

    def pairs(self, keep: Tensor) -> Tensor | None:
        return self._spread.pairs(keep)

    def columns(self) -> dict[str, Tensor]:
        loss = self._loss / self._weight
        error = self._spread.columns()["error"] * self._target.shape[1]
        return {"error": error, "loss": loss, "symmetrised": loss - error}


def _one_hot(chunk: Chunk) -> Tensor:
    """The labels (b,) of scores (b, K) as (b, K) float64; SymmeterError where there are none that fit."""
    if chunk.labels is None or chunk.reference.ndim != 2:
        raise SymmeterError("loss_split needs labels, and scores (B, K) of classes; give (images, labels)")
    lowest, highest = int(chunk.labels.min()), int(chunk.labels.max())
    classes = chunk.reference.shape[1]
    if lowest < 0 or highest >= classes:
        raise SymmeterError(
            f"loss_split: labels go from {lowest} to {highest}, but there are {classes} outputs"
        )
    return functional.one_hot(chunk.labels.to(chunk.reference.device), classes).double()
