"""What is measured: the unit of an output's entries, and its shape."""

from dataclasses import dataclass

from torch import Tensor

PROBABILITY, OUTPUT = "probability", "output"


@dataclass(frozen=True)
class Quantity:
    """What one output of a model is, as far as a measure must know it.

    `name` is how messages call the output, `shape` that of the output for one image, without the batch axis. `unit` is
    what one entry is by its name: a probability after a softmax. `distribution` says whether the entries were found to
    be probabilities, whatever their name: they add up to 1 over the first axis of `shape`.

    >>> import torch
    >>> found = Quantity.of("softmax", torch.tensor([[0.25, 0.75]]), PROBABILITY)
    >>> found.shape, found.distribution, found.shown_shape
    ((2,), True, '(B, 2)')
    """

    name: str
    shape: tuple[int, ...]
    unit: str = OUTPUT
    distribution: bool = False

    @classmethod
    def of(cls, name: str, y: Tensor, unit: str = OUTPUT) -> "Quantity":
        """The quantity of an output y (B, ...); one image is enough to look at."""
        return cls(name, tuple(y.shape[1:]), unit, are_probabilities(y))

    @property
    def squared_unit(self) -> str:
        """The unit of a square, in brackets where the unit itself is a quotient or a power."""
        return f"{self.unit}^2" if self.unit.isalpha() else f"({self.unit})^2"

    @property
    def shown_shape(self) -> str:
        """The shape for messages, with its batch axis."""
        return f"(B, {', '.join(map(str, self.shape))})"

    def __str__(self) -> str:
        return self.name


def are_probabilities(y: Tensor) -> bool:
    """Whether y (B, K, ...) is nowhere negative and sums to 1 over axis 1."""
    if y.ndim < 2 or bool((y < 0).any()):
        return False
    return bool((y.sum(1) - 1).abs().max() < 1e-3)
