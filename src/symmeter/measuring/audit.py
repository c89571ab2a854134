"""The audit of the actions that were said: does another one make a large error vanish?

Most wrong reports of broken symmetry are wrong tests: a cell left behind when the atoms are turned, a matrix multiplied
from the wrong side, a pseudo-vector taken for a vector. So where an error stands clear of its floor, a few samples are
measured again with the action on one leaf at a time replaced by each of its alternatives, and the one that lowers the
error by decades is named; so is a leaf that the model does not look at.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import compress, count
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.measuring.targets import Target
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

CLEAR = 10.0  # floors: an error of a run that is no larger is not looked into
_DECADES = (
    100.0  # how many times smaller an error must be to be named, and larger than its floor to be asked about
)
_ALIKE, _NOTHING = 10.0, 1e-6  # times the lowest, and of the error: what is as good

Outputs = list[list[Tensor]]  # by motion, then by output
Motion = TypeVar("Motion", Element, Generator)


@dataclass(frozen=True)
class Finding:
    """What is the case, in words; and the output whose error so many times smaller it makes, if it does."""

    words: str
    output: str = ""
    times: float = 1.0

    def remark(self, where: str = "") -> str:
        """The sentence; `where` follows the name of the output."""
        less = "none at all" if np.isinf(self.times) else f"{self.times:.1g} times smaller"
        return (
            f"{self.words}: so the error of output {self.output!r}{where} is {less}"
            if self.output
            else self.words
        )


@dataclass(frozen=True)
class Audit(ABC, Generic[Motion]):
    """Some samples x (b, ...) under a few motions: elements of a group, or generators."""

    domain: Domain
    x: Tensor
    rho_in: Representation
    targets: Sequence[Target]

    @property
    @abstractmethod
    def motions(self) -> Sequence[Motion]:
        """Those that samples are moved by."""

    @property
    @abstractmethod
    def still(self) -> Sequence[Tensor]:
        """f(x) (b, ...) of each output."""

    @property
    @abstractmethod
    def own(self) -> Outputs:
        """What the model makes of the moved samples, motion by motion."""

    @property
    @abstractmethod
    def floors(self) -> Sequence[float]:
        """The error of each output that a symmetric model would have."""

    @abstractmethod
    def moves(self, rho: Representation, motion: Motion, value: Tensor) -> Tensor:
        """What a motion makes of a value (b, ...)."""

    @abstractmethod
    def outputs(self, rho: Representation, motions: Sequence[Motion]) -> Outputs:
        """What the model makes of samples that are moved by another action."""

    @abstractmethod
    def residual(self, rho: Representation, motion: Motion, own: Tensor, still: Tensor) -> Tensor:
        """How far an output (b, ...) is from what it should be, from what it is without the motion."""

    def findings(self) -> list[list[Finding]]:
        """What makes the large error of an output vanish, for each that has one, best first of what does as well.

        Or the leaves that the model does not look at.
        """
        if not (self.motions and self._choices):
            return []
        own, floors = self.own, np.array(self.floors)
        errors = self._errors(own)
        large = np.flatnonzero(errors > _DECADES * floors).tolist()
        if not large:
            return []
        nothing = np.fmax(_ALIKE * floors, _NOTHING * errors)
        tried = list(self._of_inputs(own, errors / _DECADES, nothing))
        unread = [one.unread for outputs, _, one in tried if one.unread and _same(outputs, own, nothing)]
        if unread:
            return [[Finding(words)] for words in unread]
        found = []
        for k in large:
            lower = [(self._error(outputs, k), words) for outputs, words, _ in tried]
            found.append(self._best(k, errors[k], [*lower, *self._of_output(own, k)]))
        return list(filter(None, found))

    @cached_property
    def leaves(self) -> Packed | None:
        """The leaves of the inputs; None where they are one tensor, or moved by more than what each of them is."""
        leaves = self.rho_in.leaves(self.x)
        if leaves is None:
            return None
        pairs = ((self.moves(rho, g, self.x) for rho in (leaves, self.rho_in)) for g in self.motions)
        return leaves if all(torch.equal(*pair) for pair in pairs) else None

    @cached_property
    def _choices(self) -> bool:
        """Whether there is any other action to try."""
        pairs = zip(self.targets, self.still, strict=True)
        return self.leaves is not None or any(self.domain.alternatives(t.rho, y) for t, y in pairs)

    def _best(self, k: int, own: float, errors: Sequence[tuple[float, str]]) -> list[Finding]:
        """What makes the error of output number k vanish, of several that do as well the one that was tried first."""
        lowest = min((error for error, _ in errors), default=own)
        if not lowest < own / _DECADES:
            return []
        alike, name = max(_ALIKE * lowest, own * _NOTHING), self.targets[k].output.label
        with np.errstate(divide="ignore"):
            return [Finding(words, name, np.divide(own, left)) for left, words in errors if left <= alike]

    def _of_inputs(
        self, own: Outputs, small: np.ndarray, nothing: np.ndarray
    ) -> Iterator[tuple[Outputs, str, Alternative]]:
        """What the model makes of the inputs under every alternative for one of them, in words and as an object.

        The first leaf that moves is what the motion is defined by, and never asked about. An alternative that one
        motion shows to be of no use is left out: over all motions, no error could be `small` (outputs,), and the
        changes from the model's `own` outputs could not be `nothing` (outputs,).
        """
        most = len(self.motions) ** 0.5  # times a root mean square over all, that over one of them
        leaves = self.leaves
        if leaves is None:
            return
        displaceable = compress(count(), leaves.displaceable)
        first = next(filter(partial(self._differs, Trivial()), displaceable), None)
        for i, part in enumerate(leaves.parts(self.x)):
            others = self.domain.alternatives(leaves.representations[i], part) if i != first else ()
            for one in filter(lambda one, i=i: self._differs(one.rho, i), others):
                with suppress(
                    Exception
                ):  # some motion cannot act on its shape, or the model takes no such input
                    rho = _with(leaves, i, one.rho)
                    outputs = self.outputs(rho, self.motions[:1])
                    lower = np.any(self._errors(outputs) <= most * small)
                    if lower or (one.unread and _same(outputs, own[:1], most * nothing)):
                        outputs += self.outputs(rho, self.motions[1:])
                        yield outputs, f"input {leaves.names[i]!r} {one.words}", one

    def _differs(self, rho: Representation, i: int) -> bool:
        """Whether some motion moves leaf number i otherwise under another action: a blank one moves under none."""
        leaves = self.leaves
        assert leaves is not None
        part, own = leaves.parts(self.x)[i], leaves.representations[i]
        with suppress(SymmeterError):
            return any(
                not torch.equal(self.moves(rho, g, part), self.moves(own, g, part)) for g in self.motions
            )
        return False

    def _of_output(self, own: Outputs, k: int) -> Iterator[tuple[float, str]]:
        """(error of output number k, words) for every alternative for that output."""
        target = self.targets[k]
        for one in self.domain.alternatives(target.rho, self.still[k]):
            with suppress(SymmeterError):
                yield self._error(own, k, one.rho), f"output {target.output.label!r} {one.words}"

    def _errors(self, outputs: Outputs) -> np.ndarray:
        """Those of every output."""
        return np.array([self._error(outputs, k) for k in range(len(self.targets))])

    def _error(self, outputs: Outputs, k: int, rho: Representation | None = None) -> float:
        """The root mean square of what is left over samples, motions and entries of output number k.

        The outputs are those of all motions, or of the first of them.
        """
        rho = rho or self.targets[k].rho
        pairs = zip(self.motions, outputs, strict=False)
        return size_of(torch.stack([self.residual(rho, g, own[k], self.still[k]) for g, own in pairs]))


def _with(leaves: Packed, i: int, rho: Representation) -> Packed:
    """The same with another action on leaf number i."""
    return replace(
        leaves, representations=(*leaves.representations[:i], rho, *leaves.representations[i + 1 :])
    )


def _same(some: Outputs, others: Outputs, nothing: np.ndarray) -> bool:
    """Whether no output differs by more than what counts as nothing for it, of (outputs,)."""
    by_output = zip(zip(*some, strict=True), zip(*others, strict=True), strict=True)
    sizes = [size_of(torch.stack(ys).double() - torch.stack(zs).double()) for ys, zs in by_output]
    return all(sizes <= nothing)


def size_of(differences: Tensor) -> float:
    """The root mean square over all of them, of any shape."""
    return float(differences.double().square().mean().sqrt())
