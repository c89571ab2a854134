"""A measure is a statistic of the conjugated model: of its derivative, or of its values over the orbit."""

import math
from abc import ABC, abstractmethod
from typing import Self

from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.measures.orbit import Chunk, View
from symmeter.measures.quantity import Quantity
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import ElementSet


class Measure(ABC):
    """One number per image, and what it means. `register` makes it known by its name.

    `direction` says how to read it and begins with "lower" or "higher": "lower = more symmetric". `power` is the
    power of the amplitude that its error is made of: 2 for squares, which floors hide longer. `arguments` says what
    `parse` takes in brackets.
    """

    name: str
    direction: str
    description: str
    power = 1  # of the amplitude that its error is made of: 2 for squares, which floors hide longer
    share = False  # whether errors are shares of decisions or of things, between 0 and 1
    arguments = "nothing"

    @classmethod
    def parse(cls, *words: str) -> Self:
        """The measure with what stands in brackets behind its name; TypeError or ValueError where that does not fit."""
        return cls(*words)


class DerivativeMeasure(Measure):
    """What to make of the Lie derivatives of a batch: one number per image and generator."""

    @abstractmethod
    def statistic(self, derivative: Tensor, weight: Tensor | None = None) -> Tensor:
        """(T, B) float64 from L_X f(x), (T, B, ...); `weight`, broadcast against it, selects part of the output."""

    @abstractmethod
    def unit(self, quantity: Quantity, generator: Generator) -> str:
        """The unit of the value."""


class OrbitMeasure(Measure):
    """What to make of the orbit of a batch.

    A measure is computed as an *error*, which a symmetric network has at 0; `value` turns its mean into the number
    that is reported. So floors, controls and selectivities mean the same for distances, similarities and decibels.
    """

    of_kind = ""  # the kind of outputs that it compares, such as boxes; nothing: whatever is compared entry by entry
    amplitude = False  # whether the value is the root of a mean of squares, and floors with it
    needs_mean = False  # whether chunks must know the mean over the kernel of rho_out
    needs_other = False  # whether they must know f of another image
    needs_labels = False  # whether they must know the class of every image
    different_pairs = False  # whether pairs of one element with itself are left out
    tests_symmetry = (
        True  # whether symmetric networks have error 0, so that floor and selectivity mean something
    )

    def fitted(self, quantity: Quantity) -> "OrbitMeasure":
        """The measure with what it leaves open chosen to fit an output."""
        return self

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        """SymmeterError, in one line, where the measure does not fit the output or the elements."""

    @abstractmethod
    def reducer(self, chunk: Chunk) -> "Reducer":
        """What takes the elements of a chunk one after the other."""

    def pool(self) -> "Pool | None":
        """What is kept of all images together; None for measures that need no more than columns."""
        return None

    def value(self, error: float) -> float:
        """The number reported for an error."""
        return error

    def slope(self, error: float) -> float:
        """d value / d error, by which standard errors are turned."""
        return 1.0

    @abstractmethod
    def unit(self, quantity: Quantity) -> str:
        """The unit of the value."""


class Reducer(ABC):
    """Takes the elements of one chunk of b images; holds no more than a few values per image."""

    @abstractmethod
    def add(self, view: View) -> Tensor | None:
        """Take one element; its errors (b,), where they mean something alone."""

    @abstractmethod
    def columns(self) -> dict[str, Tensor]:
        """(b,) each: `error`; optionally `scale`, by whose mean that of the errors is divided, and `maximum`."""

    def pairs(self, keep: Tensor) -> Tensor | None:
        """(N, N), summed over the images to `keep` (b,), for errors that are means over pairs of different elements.

        Known up to a constant, and for the first PAIRED elements: it is for the standard error over elements.
        """
        return None

    def by_node(self, axis: int) -> Tensor | None:
        """(b, N) errors of single nodes, along this axis of the output (b, ...); None where they mean nothing."""
        return None


class Pool(ABC):
    """What a measure keeps of all images together, in memory that does not grow with them.

    Standard errors are of a jackknife that leaves out one of `blocks` of the images each.
    """

    blocks = 10

    def begin(self) -> None:  # noqa: B027
        """A chunk begins, perhaps anew after one that did not come to its end."""

    @abstractmethod
    def add(self, view: View) -> None:
        """Take one element of a chunk."""

    def close(self, chunk: Chunk, keep: Tensor) -> None:  # noqa: B027
        """A chunk has come to its end; `keep` (b,) says which of its images count."""

    def estimate(self) -> tuple[float, float | None, int] | None:
        """(error, its standard error, images) where the columns do not make the number."""
        return None

    def ratio_error(self, control: "Pool") -> float | None:
        """The standard error of the ratio of this estimate to that of its control, which shares the images."""
        return None

    def notes(self, quantity: Quantity) -> list[str]:
        """What the reader must know, one line each."""
        return []


class Average(OrbitMeasure):
    """A measure that is the mean of one error over elements.

    Where `compares` is true, the identity of a finite group is left out, for it compares f(x) with itself. In a group
    without end the identity is a point of the integral like any other, and a quadrature may have it.
    """

    compares = True

    @abstractmethod
    def error(self, view: View) -> Tensor:
        """(b,) float64, 0 where the network is symmetric."""

    def multiplier(self, chunk: Chunk) -> float:
        """By which the mean over elements is multiplied, such as one over the largest that it can be."""
        return 1.0

    def scale(self, chunk: Chunk) -> Tensor | None:
        """(b,) what errors are relative to, all images together; None for nothing."""
        return None

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Mean(self, chunk)


class _Mean(Reducer):
    """The mean of errors over elements, and the largest of them."""

    def __init__(self, measure: Average, chunk: Chunk):
        self._measure, self._chunk = measure, chunk
        self._sum: Tensor | None = None
        self._largest: Tensor | None = None
        self._weight = 0.0

    def add(self, view: View) -> Tensor | None:
        if self._measure.compares and view.chunk.finite and view.still:
            return None
        error = self._measure.error(view).double()
        weighted = view.weight * error
        self._sum = weighted if self._sum is None else self._sum + weighted
        self._largest = error if self._largest is None else self._largest.maximum(error)
        self._weight += view.weight
        return error

    def columns(self) -> dict[str, Tensor]:
        if self._sum is None or self._largest is None:
            hint = ": draw more elements" if self._chunk.sampled else ""
            raise SymmeterError(
                f"{self._measure.name} compares elements with the identity, and there is no other{hint}"
            )
        mean = self._sum / self._weight
        columns = {"error": mean * self._measure.multiplier(self._chunk), "maximum": self._largest}
        scale = self._measure.scale(self._chunk)
        if scale is not None:
            columns["scale"] = scale
        return columns


def need_classes(name: str, quantity: Quantity) -> None:
    """SymmeterError unless the output is scores of classes, (B, K)."""
    if len(quantity.shape) != 1 or quantity.shape[0] < 2:
        raise SymmeterError(
            f"{name} compares predicted classes, so it needs scores (B, K) with K > 1; output {quantity.name!r} is "
            f"{quantity.shown_shape}"
        )


def need_probabilities(name: str, quantity: Quantity) -> None:
    """SymmeterError unless the output is a distribution over axis 1."""
    if quantity.shape[:1] == (1,):
        raise SymmeterError(
            f"{name} compares probabilities, and output {quantity.name!r} has one entry, always 1"
        )
    if not quantity.distribution:
        raise SymmeterError(
            f"{name} compares probabilities, and output {quantity.name!r} does not sum to 1; use --output softmax"
        )


def decibels(error: float, peak: float) -> float:
    """10 log10(peak^2 / error); infinite for no error, and the other way for an infinite one."""
    if math.isinf(error):
        return -math.inf
    return math.inf if error <= 0 else 10 * math.log10(peak**2 / error)
