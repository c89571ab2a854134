"""A measure is a statistic of the conjugated model."""

from abc import ABC, abstractmethod

from torch import Tensor

from symmeter.groups import Generator


class Measure(ABC):
    """What to make of the Lie derivatives of a batch; one number an image and generator."""

    name: str
    direction: str  # how to read it, such as "lower = more symmetric"
    description: str

    @abstractmethod
    def statistic(self, derivative: Tensor, weight: Tensor | None = None) -> Tensor:
        """(T, B) float64 from L_X f(x), (T, B, ...); `weight` (broadcastable) selects part of the output."""

    @abstractmethod
    def unit(self, output: str, generator: Generator) -> str:
        """The unit of the value."""
