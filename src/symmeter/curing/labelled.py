"""Labelled samples to train on, in a new order every epoch."""

from collections.abc import Callable, Iterator
from itertools import islice

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, counted
from symmeter.measures.quantity import are_probabilities
from symmeter.measuring.class_numbers import AS_THEY_ARE, class_numbers
from symmeter.measuring.plan import Plan
from symmeter.samples import Batch
from symmeter.trees import Packings

_EPOCHS = 2**16  # of a seed, before orders repeat those of the next one


class Labelled:
    """Samples of a plan with their classes as the network counts them; those without a class are left out.

    A batch of a single one is left out too: batch norm has no statistics of it.
    """

    def __init__(self, plan: Plan, batch_size: int):
        self._plan, self._size, self._opened = plan, batch_size, plan.open()
        self._classes, self._numbers = 0, AS_THEY_ARE

    @property
    def packing(self) -> Packings | None:
        """How inputs of several tensors were put into one."""
        return self._opened.packing

    def total(self, epochs: int) -> int:
        """How many samples are to be seen; SymmeterError where that is not known."""
        known = self._opened.total or self._plan.settings.samples
        if known is None:
            raise SymmeterError(
                f"{self._opened.name} does not say how many {self._opened.item}s it has: say how many to train on"
            )
        return epochs * known

    def check(self, scores: Callable[[Tensor], Tensor]) -> None:
        """SymmeterError where the samples have no classes that are those of a network with such `scores`.

        They are tried on the first batch, with inputs x (b, ...).
        """
        batch = next(iter(self._opened.batches(self._size)))
        name, found = self._plan.loaded.name, scores(self._placed(batch.inputs))
        shape = tuple(found.shape)
        if len(shape) != 2 or shape[1] < 2:
            raise SymmeterError(f"fine-tuning needs scores of classes, (B, K), and {name} returns {shape}")
        if are_probabilities(found):
            raise SymmeterError(
                f"outputs of {name} sum to 1 already: fine-tuning needs scores before a softmax"
            )
        self._numbers = class_numbers(self._opened.classes, self._plan.domain, self._plan.model, shape[1])
        if self._numbers.note:
            raise SymmeterError(self._numbers.note)
        self._classes = shape[1]
        _, labels = self._known(batch)
        if len(labels) < 2:
            first = counted(len(batch.names), self._opened.item)
            raise SymmeterError(
                f"{self._opened.name}: {len(labels)} of the first {first} with a class; fine-tuning needs a class for "
                "each, as in a folder for every class, an .npz with labels, or a pair (inputs, labels)"
            )

    def first(self, count: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The first batches of the first epoch."""
        yield from islice(self.batches(0), count)

    def batches(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs (b, ...) and classes (b,) of an epoch, on the device and in the precision of the network."""
        self._opened.reorder(_EPOCHS * self._plan.settings.seed + epoch)
        for batch in self._opened.batches(self._size):
            x, y = self._known(batch)
            if len(y) > 1:
                yield self._placed(x), y.to(self._plan.device)

    def _known(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Inputs (b, ...) and classes (b,) of the samples that have one."""
        labels = self._numbers.of(batch.labels)
        if labels is None:
            return batch.inputs[:0], torch.empty(0, dtype=torch.int64)
        if labels.max() >= self._classes:
            raise SymmeterError(
                f"{self._opened.name}: labels go up to {int(labels.max())}, and {self._plan.loaded.name} has "
                f"{self._classes} classes: give data of the network's classes"
            )
        return batch.inputs[labels >= 0], labels[labels >= 0]

    def _placed(self, x: Tensor) -> Tensor:
        """Inputs (b, ...) as the network takes them."""
        return x.to(self._plan.device, self._plan.dtype)
