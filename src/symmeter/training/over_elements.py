"""What a model makes of its inputs moved in several ways, turned back, and one output made of all of these."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError
from symmeter.measuring.passes import Inputs, Passes, moved
from symmeter.models.outputs import Output, Reader
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.training.around import Around
from symmeter.training.full_precision import full_precision
from symmeter.training.samples import Meant, Samples
from symmeter.trees import Tree

_AT_ONCE = 256  # samples that go through the model in one call, where nothing is said


@dataclass(frozen=True)
class Orbit:
    """By what samples are moved, and the way back: `moved` gives g x (B, ...), `back` g^-1 y with its mask.

    `weights` say how much each element counts, 1 on average.
    """

    elements: Sequence[Element]
    weights: Sequence[float]
    moved: Inputs
    back: Callable[[Element, Representation, Tensor], Acted]


class Combined(ABC):
    """One value (B, ...) an output, made of those that were turned back, which come one element after the other."""

    @abstractmethod
    def add(self, outputs: Sequence[Tensor], turned: Sequence[Acted], weight: float) -> None:
        """What the model made of g x, (B, ...) an output, and the same turned back, with masks."""

    @property
    @abstractmethod
    def values(self) -> list[Tensor]:
        """(B, ...) an output."""


class Mean(Combined):
    """The mean of what is valid; 0 where nothing was."""

    def __init__(self) -> None:
        self._sums: list[tuple[Tensor, Tensor]] = []  # of values, and of their weights

    def add(self, outputs: Sequence[Tensor], turned: Sequence[Acted], weight: float) -> None:
        own = [(weight * mask * z, weight * mask) for z, mask in turned]
        pairs = zip(self._sums or [(0, 0)] * len(own), own, strict=True)
        self._sums = [(total + value, count + valid) for (total, count), (value, valid) in pairs]

    @property
    def values(self) -> list[Tensor]:
        return [total / torch.where(weight > 0, weight, 1) for total, weight in self._sums]


class OverElements(Around, ABC):
    """A module that calls a model at g x for several g, and makes one output of what it turned back.

    What is `meant` is said in the words of `symmeter.measure`. As many elements go through the model at once as
    make up `batch_size` samples, so memory does not grow with their number.
    """

    def __init__(self, model: Any, meant: Meant, batch_size: int | None = None):
        super().__init__(model)
        self.meant = meant
        self.batch_size = batch_size

    @abstractmethod
    def orbit(self, samples: Samples) -> Orbit:
        """By what these samples are moved."""

    def combined(self, samples: Samples) -> Combined:
        """What becomes one output."""
        return Mean()

    def forward(self, x: Tree) -> Tree:
        """The output of inputs (B, ...): one tensor (B, ...), or a dict of them by output."""
        found = {output.label: value for output, value in self.outputs(x).items()}
        return next(iter(found.values())) if len(found) == 1 else found

    def outputs(self, x: Tree) -> dict[Output, Tensor]:
        """What is made of inputs (B, ...), (B, ...) an output."""
        samples = self.meant.of(self.model, x)
        combined = self.combined(samples)
        with full_precision(samples.x) as as_given:
            orbit = self.orbit(samples)
            read = as_given(_outputs_of(self.model, samples))
            passes = Passes(read, orbit.moved, orbit.elements, self.batch_size or _AT_ONCE)
            for i, made in passes():
                outputs = zip(samples.outputs, made, strict=True)
                turned = [
                    orbit.back(orbit.elements[i], samples.rho_out(output, y), y) for output, y in outputs
                ]
                combined.add(made, turned, orbit.weights[i])
        return dict(zip(samples.outputs, combined.values, strict=True))


def orbit_of(
    elements: Sequence[Element], weights: Sequence[float], rho_in: Representation, x: Tensor
) -> Orbit:
    """Samples x (B, ...) moved by elements of a group, the same for all of them."""
    return Orbit(elements, weights, moved(rho_in, x), lambda g, rho, y: rho.act(g.inverse(), y))


def one_group(samples: Samples) -> Group:
    """The group that is meant; SymmeterError for generators, and for several groups."""
    symmetry = samples.plan.symmetry
    if symmetry.generators or len(symmetry.groups) != 1:
        raise SymmeterError(
            f"{symmetry.name} is not one group: give one such as C4, SO2 or a product, C4*shift(1)"
        )
    return symmetry.groups[0]


def _outputs_of(model: nn.Module, samples: Samples) -> Callable[[Tensor], list[Tensor]]:
    """x (B, ...) -> the outputs (B, ...) that are asked for, as they are measured."""
    reader = Reader(model, samples.outputs, samples.packing)
    return lambda x: [output.read(y) for output, y in zip(reader.outputs, reader(x), strict=True)]
