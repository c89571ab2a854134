"""A measure is a statistic of the conjugated model: of its derivative, or of its values over the orbit."""

import math
from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.measures.orbit import Chunk, View
from symmeter.models.outputs import Output, are_probabilities
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import ElementSet

PAIRED = 512  # elements whose pairs are looked at, for a standard error


class Measure(ABC):
    """One number an image, and what it means."""

    name: str
    direction: str  # how to read it, such as "lower = more symmetric"
    description: str
    higher_is_better = False  # whether large values are those of symmetric networks
    power = 1  # of the amplitude that its error is made of: 2 for squares, which floors hide longer


class DerivativeMeasure(Measure):
    """What to make of the Lie derivatives of a batch; one number an image and generator."""

    @abstractmethod
    def statistic(self, derivative: Tensor, weight: Tensor | None = None) -> Tensor:
        """(T, B) float64 from L_X f(x), (T, B, ...); `weight` (broadcastable) selects part of the output."""

    @abstractmethod
    def unit(self, output: str, generator: Generator) -> str:
        """The unit of the value."""


class OrbitMeasure(Measure):
    """What to make of the orbit of a batch.

    A measure is computed as an *error*, which a symmetric network has at 0; `value` turns its mean into the number
    that is reported. So floors, controls and selectivities mean the same for distances, similarities and decibels.
    """

    needs_mean = False  # whether chunks must know the mean over the kernel of rho_out
    needs_other = False  # whether they must know f of another image
    different_pairs = False  # whether pairs of one element with itself are left out
    tests_symmetry = (
        True  # whether a symmetric network has error 0, so that floor and selectivity mean something
    )

    def check(self, output: Output, y: Tensor, elements: ElementSet) -> None:
        """SymmeterError, in one line, where the measure does not fit the output (of one image) or the elements."""

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
    def unit(self, output: Output) -> str:
        """The unit of the value."""


class Reducer(ABC):
    """Takes the elements of one chunk; holds no more than a few values an image."""

    @abstractmethod
    def add(self, view: View) -> Tensor | None:
        """Take one element; its errors (b,), where they mean something alone."""

    @abstractmethod
    def columns(self) -> dict[str, Tensor]:
        """(b,) each: `error`; optionally `scale`, by whose mean that of the errors is divided, and `maximum`."""

    def pairs(self, keep: Tensor) -> Tensor | None:
        """(N, N), summed over the images to keep, for errors that are means over pairs of different elements.

        Up to a factor, and of the first PAIRED elements: for the standard error over elements.
        """
        return None


class Pool(ABC):
    """What a measure keeps of all images together, in memory that does not grow with them."""

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

    def notes(self, output: Output) -> list[str]:
        """What the reader must know, a line each."""
        return []


class Average(OrbitMeasure):
    """A measure that is the mean of one error over elements.

    Of a finite group the identity is left out where `compares` is true, for it compares f(x) with itself. Of a group
    that has no end it is a point of the integral, where a quadrature has it.
    """

    compares = True

    @abstractmethod
    def error(self, view: View) -> Tensor:
        """(b,) float64, 0 where the network is symmetric."""

    def factor(self, chunk: Chunk) -> float:
        """By which the mean is multiplied."""
        return 1.0

    def scale(self, chunk: Chunk) -> Tensor | None:
        """(b,) what errors are relative to, all images together; None for nothing."""
        return None

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Mean(self, chunk)


class _Mean(Reducer):
    def __init__(self, measure: Average, chunk: Chunk):
        self._measure, self._chunk = measure, chunk
        self._sum: Any = 0.0
        self._most: Tensor | None = None
        self._count = 0

    def add(self, view: View) -> Tensor | None:
        if self._measure.compares and view.chunk.finite and view.still:
            return None
        error = self._measure.error(view).double()
        self._sum = self._sum + error
        self._most = error if self._most is None else self._most.maximum(error)
        self._count += 1
        return error

    def columns(self) -> dict[str, Tensor]:
        if self._most is None:
            raise SymmeterError(
                f"{self._measure.name} compares elements with the identity, and there is no other"
                + (": draw more elements" if self._chunk.sampled else "")
            )
        columns = {
            "error": self._sum / self._count * self._measure.factor(self._chunk),
            "maximum": self._most,
        }
        scale = self._measure.scale(self._chunk)
        return columns if scale is None else {**columns, "scale": scale}


def need_classes(name: str, output: Output, y: Tensor) -> None:
    """SymmeterError unless y (1, K) are scores of classes."""
    if y.ndim != 2 or y.shape[1] < 2:
        raise SymmeterError(f"{name} compares predicted classes, so it needs scores (B, K) with K > 1; output "
                            f"{str(output)!r} is (B, {', '.join(map(str, y.shape[1:]))})")  # fmt: skip


def need_probabilities(name: str, output: Output, y: Tensor) -> None:
    """SymmeterError unless y sums to 1 over axis 1."""
    if y.ndim > 1 and y.shape[1] == 1:
        raise SymmeterError(
            f"{name} compares probabilities, and output {str(output)!r} has one entry, always 1"
        )
    if not are_probabilities(y):
        raise SymmeterError(f"{name} compares probabilities, and output {str(output)!r} does not sum to 1; "
                            "use --output softmax")  # fmt: skip


def decibels(error: float, peak: float) -> float:
    """10 log10(peak^2 / error); infinite for no error."""
    return math.inf if error <= 0 else 10 * math.log10(peak**2 / error)
