"""One pass of the model over an orbit, from which all measures of all outputs are made at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from symmeter.measures.error_split import Answers
from symmeter.measures.measure import Pool
from symmeter.measures.orbit import Chunk, View
from symmeter.measuring.floor import nudged
from symmeter.measuring.function import Function
from symmeter.measuring.kernels import Kernels, average
from symmeter.measuring.passes import Inputs, Passes, moved
from symmeter.measuring.remembered import Outputs, Remembered
from symmeter.measuring.targets import OrbitTarget, Reduced
from symmeter.symmetry.groups.group import Element, ElementSet, equal_pairs
from symmeter.symmetry.representations.representation import Acted, Representation

FEWEST_ELEMENTS, FEW_ELEMENTS = 3, 16  # over which floors and constants are found
EXAMPLES = 3  # elements that the audit of actions looks at
_GOLDEN = 0.6180339887498949  # its multiples spread over 0 to 1 most evenly


@dataclass(frozen=True)
class Compared:
    """Some samples x (b, ...), and what measures compare their outputs with.

    `labels` (b,) are their classes; `others` are the outputs (b, ...) of another sample for each of them, one tensor
    per target.
    """

    x: Tensor
    labels: Tensor | None = None
    others: Sequence[Tensor] | None = None


@dataclass
class Orbit:
    """The model along the orbits of its inputs: elements of a group, and what is measured of each output.

    `at_once` samples go through the model in one call, fewer where memory runs out; `forwards` counts those that did.
    """

    function: Function
    rho_in: Representation
    elements: ElementSet
    kernels: Kernels
    targets: list[OrbitTarget]
    at_once: int
    forwards: int = 0
    known: Remembered | None = None  # f(x)
    moved: Remembered | None = None  # f(g x) for the examples among the elements
    returned: Remembered | None = None  # f of g^-1 g x and a unit of round-off, for one element

    @property
    def members(self) -> tuple[Element, ...]:
        """The elements, in their order."""
        return self.elements.elements

    @property
    def pools(self) -> list[dict[str, Pool]]:
        """Those of all targets."""
        return [target.pools for target in self.targets]

    @property
    def control_pools(self) -> list[dict[str, Pool]]:
        """Those of the control of all targets."""
        return [target.control_pools for target in self.targets]

    @property
    def examples(self) -> tuple[int, ...]:
        """Positions of a few elements that move something, spread over all."""
        moving = [i for i, g in enumerate(self.members) if not g.is_identity]
        return tuple(moving[:: max(1, len(moving) // EXAMPLES)][:EXAMPLES])

    def few(self, most: int = FEW_ELEMENTS) -> tuple[int, ...]:
        """Positions of at most so many elements, spread over all of them.

        By steps that are no whole number, so that nothing which comes back after some elements is always missed.
        """
        count = len(self.members)
        if count <= most:
            return tuple(range(count))
        return tuple(sorted({int(count * (i * _GOLDEN % 1)) for i in range(most)}))

    def summary(self) -> dict[str, object]:
        """What is said of it in the header of a result."""
        averaged = [target for target in self.targets if target.average]
        return {
            "elements": self.elements.count,
            "sampled": self.elements.sampled,
            "sampling": self.elements.sampling,
            "replicates": self.elements.replicates,  # 0: elements were not drawn in cosets of a design
            "design": self.elements.design.name if self.elements.design else None,
            "kernel": self.kernels.counts,
            "kernel_mean": {str(t.output): "estimated" if t.estimated else "whole" for t in averaged},
            "chunk": self.at_once,
        }

    def still(self, x: Tensor) -> Tensor:
        """The inputs x (b, ...) as they are: a window of each where the group moves a window."""
        return unmoved(self.rho_in, self.elements, x)

    def reduced(
        self,
        inputs: Inputs,
        compared: Compared,
        *,
        pools: list[dict[str, Pool]] | None = None,
        wrong: bool = False,
        alone: bool = False,
        answers: bool = False,
    ) -> Reduced:
        """All measures of some samples on one pass over all elements.

        `wrong`: the outputs are taken as if the group did not move them. `alone`: also what each element does to f(x).
        `answers`: and all values of the conjugated model are kept.
        """
        which = range(len(self.members))
        passes = self._passes(inputs)
        chunks = self._chunks(self._reference(passes, compared.x), which, compared)
        average(passes, self.targets, chunks)
        spectra = alone and self.elements.sampled and bool(self.elements.group.designs)
        reduced = Reduced(self.targets, chunks, pools or [{} for _ in chunks], alone, spectra, answers)
        examples = {}
        for i, outputs in passes(which):
            g = self.members[i]
            if alone and self.moved is None and i in self.examples:
                examples[i] = outputs
            element = g @ g.inverse() if wrong else g
            for k, y in enumerate(outputs):
                reduced.add(k, i, View(element, y, chunks[k], i, g.is_identity))
        if examples:
            self.moved = Remembered.some(compared.x, [examples[i] for i in self.examples])
        self.forwards += passes.forwards
        return reduced

    def answers(self, x: Tensor, elements: Sequence[Element]) -> list[Answers]:
        """The conjugated model at other elements of the group on samples x (b, ...), output by output."""
        passes = Passes(self.function, moved(self.rho_in, x), elements, self.at_once)
        found: list[list[Acted]] = [[] for _ in self.targets]
        for i, outputs in passes():
            back = elements[i].inverse()
            for own, target, y in zip(found, self.targets, outputs, strict=True):
                own.append(target.rho.act(back, y))
        self.forwards += passes.forwards
        return list(map(Answers.of, found))

    def reduced_floor(
        self,
        inputs: Inputs,
        compared: Compared,
        pools: list[dict[str, Pool]],
        which: Sequence[int],
        unit: float | None = None,
    ) -> Reduced:
        """The same on a few elements for a symmetric network: its outputs are moved as they should be, and rounded.

        `unit` is how far round-off moves outputs, relative to their size; None for that of their own type.
        """
        passes = self._passes(inputs)
        chunks = self._chunks(self.unmoved_outputs(compared.x), which, compared)
        reduced = Reduced(self.targets, chunks, pools, alone=True)
        for i, outputs in passes(which):
            g = self.members[i]
            for k, y in enumerate(outputs):
                # rounded anew, where f(g x) would be
                expected, _ = self.targets[k].rho.act(g, nudged(y, i, unit))
                reduced.add(k, i, View(g, expected, chunks[k], i, g.is_identity))
            self.returned = Remembered.some(compared.x, [outputs])
        self.forwards += passes.forwards
        return reduced

    def chunk(
        self,
        target: OrbitTarget,
        y: Tensor,
        which: Sequence[int],
        other: Tensor | None,
        labels: Tensor | None,
    ) -> Chunk:
        """What is known of a target's outputs y (b, ...) before the elements at these positions move the inputs.

        `other` (b, ...) is its output for another sample per sample, `labels` (b,) are their classes.
        """
        sampled, finite = self.elements.sampled, self.elements.finite
        block = self.elements.block if len(which) == len(self.members) else 1
        equal = 0
        if sampled or finite:
            equal = equal_pairs([self.members[i] for i in which])
        found = Chunk(y, target.rho, len(which), sampled, block, finite, equal, other=other, labels=labels)
        found.weights = self.elements.weights
        return found

    def _passes(self, inputs: Inputs) -> Passes:
        return Passes(self.function, inputs, self.kernels.all, self.at_once)

    def _reference(self, passes: Passes, x: Tensor) -> list[Tensor]:
        """f(x) (b, ...) of each target, which are the outputs of the identity too: it is never computed twice."""
        found = self.unmoved_outputs(x)
        for i, g in enumerate(self.kernels.all):
            if g.is_identity:
                passes.know(i, found)
        return found

    def unmoved_outputs(self, x: Tensor) -> list[Tensor]:
        """f(x) (b, ...) of each target: those that are known, or from a call of their own."""
        found = self.known and self.known.of(x)
        if not found:
            found = [self.function(self.still(x))]
            self.known = Remembered(x, found)
            self.forwards += len(x)
        return found[0]

    def moved_outputs(self, x: Tensor) -> list[Outputs]:
        """f(g x) (b, ...) of each target, example by example: those that are known, or from calls of their own."""
        known = self.moved and self.moved.of(x)
        inputs = moved(self.rho_in, x)
        return known or [self.function(inputs(self.members[i])) for i in self.examples]

    def _chunks(self, reference: list[Tensor], which: Sequence[int], compared: Compared) -> list[Chunk]:
        """One chunk per target, from its outputs f(x) (b, ...)."""
        others = compared.others or [None] * len(reference)
        return [
            self.chunk(target, y, which, other, compared.labels)
            for target, y, other in zip(self.targets, reference, others, strict=True)
        ]


def unmoved(rho: Representation, elements: ElementSet, x: Tensor) -> Tensor:
    """Inputs x (b, ...) under the identity: as they are, or a window of each where the group moves a window."""
    g = elements.elements[0]
    return rho.act(g @ g.inverse(), x)[0]
