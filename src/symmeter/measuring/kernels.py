"""Which elements of a run G-EED takes the mean over, and that mean."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.measures.orbit import Chunk
from symmeter.measuring.passes import Passes
from symmeter.measuring.targets import Target
from symmeter.symmetry.groups.group import Element, ElementSet
from symmeter.symmetry.representations import kernel
from symmeter.symmetry.representations.kernel import whole_kernel


@dataclass
class Kernels:
    """The kernels of all outputs. Where elements were sampled, `beside` are those of kernels, run over as well.

    Positions count the elements of the run first, then those beside. `counts`: the size of a kernel by output, of one
    that has no end the size of its sample.
    """

    elements: ElementSet
    beside: list[Element] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def all(self) -> list[Element]:
        """The elements of the run, and those beside."""
        return [*self.elements.elements, *self.beside]

    def find(self, target: Target, y: Tensor) -> None:
        """Set what a target averages over; `y` is its output for one image."""
        elements = self.elements.elements
        if not self.elements.sampled:
            target.average = kernel(target.rho, elements, y)
        else:
            found = whole_kernel(target.rho, self.elements.group, y)
            target.estimated = found.sampled
            target.average = (
                list(range(len(elements))) if found.sampled else [self._position(g) for g in found.elements]
            )
        self.counts[str(target.output)] = len(target.average)
        if len(target.average) == 1:
            target.average = []  # the identity alone: f(x) itself

    def _position(self, g: Element) -> int:
        if g not in self.beside:
            self.beside.append(g)
        return len(self.elements.elements) + self.beside.index(g)


def average(passes: Passes, targets: list[Target], chunks: list[Chunk]) -> None:
    """Give chunks their means over kernels: a first pass, over the elements of these."""
    wanted = {k: set(target.average) for k, target in enumerate(targets) if target.average}
    sums = {k: [torch.zeros_like(chunks[k].reference, dtype=torch.float64) for _ in range(2)] for k in wanted}
    for i, outputs in passes(sorted(set().union(*wanted.values())), keep=True):
        for k, members in wanted.items():
            if i in members:
                sums[k][i % 2] += outputs[k]
    for k, (even, odd) in sums.items():
        chunk, n = chunks[k], len(wanted[k])
        chunk.mean = ((even + odd) / n).to(chunk.reference)
        if targets[k].estimated:
            halves = (even / ((n + 1) // 2), odd / (n // 2))
            chunk.halves = tuple(half.to(chunk.reference) for half in halves)
