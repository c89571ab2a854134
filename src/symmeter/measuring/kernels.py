"""Which elements of a run G-EED takes the mean over, and that mean."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.measures.orbit import Chunk
from symmeter.measuring.passes import Passes
from symmeter.measuring.targets import OrbitTarget
from symmeter.symmetry.groups.group import Element, ElementSet
from symmeter.symmetry.representations import kernel
from symmeter.symmetry.representations.kernel import whole_kernel


@dataclass
class Kernels:
    """The kernels of all outputs. Where elements were sampled, those of kernels are run over as well: `beside`.

    Positions count the elements of the run first, then those beside. `counts` are the sizes of kernels by output; that
    of an infinite one is the size of its sample.
    """

    elements: ElementSet
    beside: list[Element] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def all(self) -> list[Element]:
        """The elements of the run, and those beside."""
        return [*self.elements.elements, *self.beside]

    def find(self, target: OrbitTarget, y: Tensor) -> None:
        """Set what a target averages over; y (1, ...) is its output for one sample."""
        elements = self.elements.elements
        if not self.elements.sampled:
            target.average = kernel(target.rho, elements, y)
        else:
            found = whole_kernel(target.rho, self.elements.group, y)
            target.estimated = found.sampled
            if found.sampled:
                target.average = list(range(len(elements)))
            else:
                target.average = [self._position(g) for g in found.elements]
        self.counts[str(target.output)] = len(target.average)
        if len(target.average) == 1:
            target.average = []  # the identity alone: f(x) itself

    def _position(self, g: Element) -> int:
        """That of an element: among those of the run where it was drawn, so that it is not computed twice."""
        drawn = self.elements.elements
        if g in drawn:
            return drawn.index(g)
        if g not in self.beside:
            self.beside.append(g)
        return len(drawn) + self.beside.index(g)


def average(passes: Passes, targets: list[OrbitTarget], chunks: list[Chunk]) -> None:
    """Give chunks their means over kernels: a first pass, over the elements of these."""
    wanted = {k: set(target.average) for k, target in enumerate(targets) if target.average}
    sums = {}
    for k in wanted:
        nothing = torch.zeros_like(chunks[k].reference, dtype=torch.float64)
        sums[k] = [nothing, nothing.clone()]  # of elements in even and in odd blocks
    for i, outputs in passes(sorted(set().union(*wanted.values())), keep=True):
        for k, members in wanted.items():
            if i in members:
                weights = chunks[k].weights
                sums[k][i // chunks[k].block % 2] += (
                    outputs[k] if weights is None else weights[i] * outputs[k]
                )
    for k, (even, odd) in sums.items():
        chunk, n = chunks[k], len(wanted[k])
        total = n if chunk.weights is None else sum(chunk.weights[i] for i in wanted[k])
        chunk.mean = ((even + odd) / total).to(chunk.reference)
        if targets[k].estimated:
            blocks = n // chunk.block
            halves = (even / ((blocks + 1) // 2 * chunk.block), odd / (blocks // 2 * chunk.block))
            chunk.halves = tuple(half.to(chunk.reference) for half in halves)
