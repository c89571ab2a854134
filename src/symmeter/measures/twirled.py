"""Twirled variance, and the exact split of squared loss that it makes."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from symmeter.errors import SymmeterError
from symmeter.measures.measure import PAIRED, OrbitMeasure, Reducer, need_probabilities
from symmeter.measures.orbit import Chunk, View, masked_mean, wide
from symmeter.measures.quantity import Quantity
from symmeter.symmetry.groups.group import ElementSet

_KEPT = 2**24  # numbers kept of a chunk, to compare elements in pairs


class TwirledVariance(OrbitMeasure):
    """A^2 = E_g ||z(g) - mean z||^2 / dim, with z(g) = rho(g)^-1 f(g x) the conjugated model.

    It puts invariance and equivariance on one scale. For N sampled elements the mean is multiplied by N / (N - 1).
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
        return f"{quantity.unit}^2"


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
    """Mean and sum of squared deviations, element by element (Welford 1962).

    Of sampled elements some entries are kept, so that pairs of elements can be compared.
    """

    def __init__(self, chunk: Chunk):
        self._chunk = chunk
        self._kept: list[Tensor] = []
        entries = chunk.reference[0].numel()
        paired = min(chunk.count, PAIRED)
        self._step = max(1, entries * paired * len(chunk.reference) // _KEPT)
        self.mean = torch.zeros_like(wide(chunk.reference))
        self._deviations = torch.zeros_like(self.mean)
        self._mask: Tensor | None = None
        self._count = 0

    def add(self, view: View) -> Tensor | None:
        z, mask = view.conjugated
        z = wide(z)
        self._count += 1
        change = z - self.mean
        self.mean = self.mean + change / self._count
        self._deviations = self._deviations + change * (z - self.mean)
        self._mask = mask if self._mask is None else self._mask * mask
        if self._chunk.sampled and len(self._kept) < PAIRED:
            away = z - wide(self._chunk.reference)
            self._kept.append(away.flatten(1)[:, :: self._step].float())
        return None

    def pairs(self, keep: Tensor) -> Tensor | None:
        """(N, N) squared distances, summed over the images to keep: half their mean over pairs is the variance."""
        if not self._kept:
            return None
        z = torch.stack(self._kept)[:, keep]
        if self._mask is not None and self._mask.ndim:
            inside = self._mask.expand_as(self._chunk.reference[:1]).flatten()
            z = z * inside[:: self._step].to(z)
        z = z.flatten(1).double()
        squares = z.square().sum(1)
        return (squares + squares[:, None] - 2 * z @ z.T).clamp(min=0)

    def columns(self) -> dict[str, Tensor]:
        freedom = self._count - 1 if self._chunk.sampled else self._count
        return {"error": masked_mean(self._deviations, self._mask) / freedom}


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
        self._count = 0

    def add(self, view: View) -> Tensor | None:
        self._spread.add(view)
        self._count += 1
        z, _ = view.conjugated
        self._loss = self._loss + (z.double() - self._target).square().sum(1)
        return None

    def pairs(self, keep: Tensor) -> Tensor | None:
        return self._spread.pairs(keep)

    def columns(self) -> dict[str, Tensor]:
        loss = self._loss / self._count
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
