"""The audit of the actions that were said: are they group actions, and does another one make a large error vanish?

Most wrong reports of broken symmetry are wrong tests: a cell left behind when the atoms are turned, a matrix multiplied
from the wrong side, a pseudo-vector taken for a vector. So where an error stands clear of its floor, a few samples are
measured again with the action on one leaf at a time replaced by each of its alternatives, and the one that lowers the
error by decades is named; so is a leaf that the model does not look at.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import compress, count, product

import numpy as np
import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.measuring.floor import nudged_within
from symmeter.measuring.orbit_pass import Orbit
from symmeter.measuring.passes import Inputs, moved, returned
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

CLEAR = 10.0  # floors: an error of a run that is no larger is not looked into
_DECADES = (
    100.0  # how many times smaller an error must be to be named, and larger than its floor to be asked about
)
_ALIKE, _NOTHING = 10.0, 1e-6  # times the lowest, and of the error: what is as good
_LAWFUL = 1e-3  # of its size, how far g h may be from g after h

Outputs = list[list[Tensor]]  # by element, then by output


@dataclass(frozen=True)
class Audit:
    """Some samples x (b, ...) on a few elements of an orbit.

    `unit` is how far round-off moves samples, relative to their size; None for that of their own type.
    """

    orbit: Orbit
    domain: Domain
    x: Tensor
    unit: float | None = None

    def remarks(self, suspicious: bool = True) -> list[str]:
        """What a reader must know of the actions, a line each; nothing where all is as it should be.

        `suspicious`: whether an error is large enough to look for an action that makes it vanish.
        """
        return [*self._unlawful(), *(self._suspicious() if suspicious else ())]

    @cached_property
    def _elements(self) -> list[Element]:
        """A few that move something, spread over all."""
        return [self.orbit.members[i] for i in self.orbit.examples]

    @cached_property
    def _leaves(self) -> Packed | None:
        """The leaves of the inputs; None where they are one tensor, or moved by more than what each of them is."""
        rho = self.orbit.rho_in
        leaves = rho.leaves(self.x)
        if leaves is None:
            return None
        same = all(torch.equal(leaves.act(g, self.x)[0], rho.act(g, self.x)[0]) for g in self._elements)
        return leaves if same else None

    @cached_property
    def _still(self) -> list[Tensor]:
        """f(x) (b, ...) of each output."""
        return self.orbit.unmoved_outputs(self.x)

    @cached_property
    def _choices(self) -> bool:
        """Whether there is any other action to try."""
        pairs = zip(self.orbit.targets, self._still, strict=True)
        others = (self.domain.alternatives(target.rho, y) for target, y in pairs)
        return self._leaves is not None or any(others)

    # are they group actions?

    def _unlawful(self) -> list[str]:
        """Leaves on which g h does something else than g after h, where no motion loses anything."""
        found = []
        for name, rho, value in self._named() if self.domain.exact else ():
            off = max((_off(rho, g, h, value) for g, h in product(self._elements, repeat=2)), default=0.0)
            if off > _LAWFUL:
                found.append(
                    f"the action on {name} is no group action: g h is not g after h, by {off:.0%} of its size; "
                    "values under it mean nothing"
                )
        return found

    def _named(self) -> Iterator[tuple[str, Representation, Tensor]]:
        """Every leaf that is acted on by its name: the inputs, then the outputs (b, ...)."""
        if self._leaves is None:
            yield "the input", self.orbit.rho_in, self.x
        else:
            names = map("input {!r}".format, self._leaves.names)
            yield from zip(names, self._leaves.representations, self._leaves.parts(self.x), strict=True)
        for target, y in zip(self.orbit.targets, self._still, strict=True):
            yield f"output {target.output.label!r}", target.rho, y

    # are they the right ones?

    def _suspicious(self) -> list[str]:
        """Leaves for which another action makes a large error vanish, or which the model does not look at."""
        if not (self._elements and self._choices):
            return []
        own = self.orbit.moved_outputs(self.x)
        floors = np.array(self._floors())
        errors = self._errors(own)
        large = np.flatnonzero(errors > _DECADES * floors).tolist()
        if not large:
            return []
        nothing = np.fmax(_ALIKE * floors, _NOTHING * errors)
        tried = list(self._of_inputs(own, errors / _DECADES, nothing))
        unread = [one.unread for outputs, _, one in tried if one.unread and _same(outputs, own, nothing)]
        if unread:
            return unread
        found = []
        for k in large:
            lower = [(self._error(outputs, k), words) for outputs, words, _ in tried]
            found += self._best(k, errors[k], [*lower, *self._of_output(own, k)])
        return found

    def _best(self, k: int, own: float, errors: Sequence[tuple[float, str]]) -> list[str]:
        """What makes the error of output number k vanish, of several that do as well the one that was tried first."""
        lowest, _ = min(errors, default=(own, ""))
        if not lowest < own / _DECADES:
            return []
        left, words = next(one for one in errors if one[0] <= max(_ALIKE * lowest, own * _NOTHING))
        name = self.orbit.targets[k].output.label
        less = f"{own / left:.1g} times smaller" if left else "none at all"
        return [f"{words}: so the error of output {name!r} is {less}"]

    def _of_inputs(
        self, own: Outputs, small: np.ndarray, nothing: np.ndarray
    ) -> Iterator[tuple[Outputs, str, Alternative]]:
        """What the model makes of the inputs under every alternative for one of them, in words and as an object.

        The first leaf that moves is what the motion is defined by, and never asked about. An alternative that one
        element shows to be of no use is left out: over all elements, no error could be `small` (outputs,), and the
        changes from the model's `own` outputs could not be `nothing` (outputs,).
        """
        most = len(self._elements) ** 0.5  # times a root mean square over all, that over one of them
        leaves = self._leaves
        if leaves is None:
            return
        displaceable = compress(count(), leaves.displaceable)
        first = next(filter(partial(self._differs, Trivial()), displaceable), None)
        for i, part in enumerate(leaves.parts(self.x)):
            others = self.domain.alternatives(leaves.representations[i], part) if i != first else ()
            for one in filter(lambda one, i=i: self._differs(one.rho, i), others):
                with suppress(
                    Exception
                ):  # some element cannot act on its shape, or the model takes no such input
                    inputs = moved(_with(leaves, i, one.rho), self.x)
                    outputs = self._outputs(inputs, self._elements[:1])
                    lower = np.any(self._errors(outputs) <= most * small)
                    if lower or (one.unread and _same(outputs, own[:1], most * nothing)):
                        outputs += self._outputs(inputs, self._elements[1:])
                        yield outputs, f"input {leaves.names[i]!r} {one.words}", one

    def _differs(self, rho: Representation, i: int) -> bool:
        """Whether some element moves leaf number i otherwise under another action: a blank one moves under none."""
        leaves = self._leaves
        assert leaves is not None
        part, own = leaves.parts(self.x)[i], leaves.representations[i]
        with suppress(SymmeterError):
            return any(not torch.equal(rho.act(g, part)[0], own.act(g, part)[0]) for g in self._elements)
        return False

    def _of_output(self, own: Outputs, k: int) -> Iterator[tuple[float, str]]:
        """(error of output number k, words) for every alternative for that output."""
        target = self.orbit.targets[k]
        for one in self.domain.alternatives(target.rho, self._still[k]):
            with suppress(SymmeterError):
                yield self._error(own, k, one.rho), f"output {target.output.label!r} {one.words}"

    # what that takes

    def _outputs(self, inputs: Inputs, elements: Sequence[Element]) -> Outputs:
        return [self.orbit.function(inputs(g)) for g in elements]

    def _errors(self, outputs: Outputs) -> np.ndarray:
        """Those of every output."""
        return np.array([self._error(outputs, k) for k in range(len(self.orbit.targets))])

    def _error(self, outputs: Outputs, k: int, rho: Representation | None = None) -> float:
        """The root mean square of rho_out(g)^-1 f(g x) - f(x) over samples, elements and entries of output number k.

        The outputs are those of all elements, or of the first of them.
        """
        rho = rho or self.orbit.targets[k].rho
        backs = [rho.act(g.inverse(), own[k])[0] for g, own in zip(self._elements, outputs, strict=False)]
        return _size(torch.stack(backs).double() - self._still[k].double())

    def _floors(self) -> list[float]:
        """The same of each output for inputs that one element moves there and back, and rounded."""
        known = self.orbit.returned and self.orbit.returned.of(self.x)
        (found,) = known or [self.orbit.function(self._returned())]
        return [_size(y.double() - still.double()) for y, still in zip(found, self._still, strict=True)]

    def _returned(self) -> Tensor:
        inputs = returned(self.orbit.rho_in, self.x, lambda z, seed: nudged_within(z, seed, self.unit))
        return inputs(self._elements[0])


def _with(leaves: Packed, i: int, rho: Representation) -> Packed:
    """The same with another action on leaf number i."""
    return replace(
        leaves, representations=(*leaves.representations[:i], rho, *leaves.representations[i + 1 :])
    )


def _same(some: Outputs, others: Outputs, nothing: np.ndarray) -> bool:
    """Whether no output differs by more than what counts as nothing for it, of (outputs,)."""
    by_output = zip(zip(*some, strict=True), zip(*others, strict=True), strict=True)
    sizes = [_size(torch.stack(ys).double() - torch.stack(zs).double()) for ys, zs in by_output]
    return all(sizes <= nothing)


def _size(differences: Tensor) -> float:
    """The root mean square over all of them, of any shape."""
    return float(differences.square().mean().sqrt())


def _off(rho: Representation, g: Element, h: Element, value: Tensor) -> float:
    """How far rho(g h) is from rho(g) rho(h) on a value (b, ...), relative to its size; 0 for what has no product."""
    try:
        whole = rho.act(g @ h, value)[0].double()
    except ValueError:
        return 0.0
    apart = rho.act(g, rho.act(h, value)[0])[0].double()
    size = float(whole.norm())
    return float((whole - apart).norm()) / size if size else 0.0
