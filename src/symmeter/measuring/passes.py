"""Passes over an orbit: the inputs of every element, the outputs, and what is kept of them to be seen again."""

from collections.abc import Callable, Iterator, Sequence
from itertools import count

import torch
from torch import Tensor

from symmeter.measuring.reference_samples import blank
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation

Outputs = list[Tensor]
Inputs = Callable[[Element], Tensor]

KEPT_BYTES = 2**28  # outputs kept to be seen a second time; beyond that they are computed again


class Passes:
    """f(g x) for some samples and all elements, as often as asked for, in memory that does not grow with the group.

    `inputs(g)` makes the inputs (b, ...) of an element, `f` the outputs (B, ...) of a batch. As many elements go
    through at once as make up `batch` samples. Outputs are kept up to KEPT_BYTES; what did not fit is computed again by
    the next pass.
    """

    def __init__(
        self, f: Callable[[Tensor], Outputs], inputs: Inputs, elements: Sequence[Element], batch: int
    ):
        self._f, self._inputs, self._elements, self._batch = f, inputs, elements, batch
        self._kept: dict[int, Outputs] = {}
        self._bytes = 0
        self.forwards = 0  # samples that went through the model

    def __call__(
        self, which: Sequence[int] | None = None, keep: bool = False
    ) -> Iterator[tuple[int, Outputs]]:
        """(position of the element, outputs) for the elements at these positions; `keep` when another pass follows."""
        waiting: list[tuple[int, Tensor]] = []
        which = range(len(self._elements)) if which is None else which
        for i in which:
            if i in self._kept:
                yield i, self._kept[i]
                continue
            x = self._inputs(self._elements[i])
            waiting.append((i, x))
            if (len(waiting) + 1) * len(x) > self._batch:
                yield from self._run(waiting, keep)
                waiting = []
        if waiting:
            yield from self._run(waiting, keep)

    def know(self, i: int, outputs: Outputs) -> None:
        """The outputs of the element at a position, where they were found in another way."""
        self._kept[i] = outputs

    def _run(self, waiting: list[tuple[int, Tensor]], keep: bool) -> Iterator[tuple[int, Outputs]]:
        """One call for the inputs (b, ...) of some elements."""
        size = len(waiting[0][1])
        alone = len(waiting) == 1
        x = waiting[0][1] if alone else torch.cat([one for _, one in waiting])
        outputs = self._f(x)
        self.forwards += len(x)
        for k, (i, _) in enumerate(waiting):
            own = [y[k * size : (k + 1) * size] for y in outputs]
            needed = sum(y.numel() * y.element_size() for y in own)
            if keep and self._bytes + needed <= KEPT_BYTES:
                self._kept[i] = (
                    own if alone else [y.clone() for y in own]
                )  # a part would keep all of it alive
                self._bytes += needed
            yield i, own


def moved(rho: Representation, x: Tensor) -> Inputs:
    """g -> rho(g) x, for inputs x (b, ...)."""
    action = rho.action(x)
    return lambda g: action(g)[0]


def watching(inputs: Inputs, x: Tensor, still: Tensor) -> Inputs:
    """The same inputs; `still` (b,) is left set only for samples x (b, ...) that no element changes."""

    def watched(g: Element) -> Tensor:
        moved = inputs(g)
        if bool(still.any()):
            still.logical_and_(blank((moved - x)[None], x)[0].to(still))
        return moved

    return watched


def returned(rho: Representation, x: Tensor, nudge: Callable[[Tensor, int], Tensor]) -> Inputs:
    """g -> g^-1 g x (b, ...) and a unit of round-off of its own: x, but for what moving it costs. The floor."""
    action, draws = rho.action(x), count()
    return lambda g: nudge(rho.act(g.inverse(), action(g)[0])[0], next(draws))
