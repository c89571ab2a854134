"""The audit of the actions that were said: are they group actions, and does another one make a large error vanish?

Most wrong reports of broken symmetry are wrong tests: a cell left behind when the atoms are turned, a matrix multiplied
from the wrong side, a pseudo-vector taken for a vector. So where an error stands clear of its floor, a few samples are
measured again with the action on one leaf at a time replaced by each of its alternatives, and the one that lowers the
error by decades is named.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.measuring.floor import nudged_within
from symmeter.measuring.orbit_pass import Orbit
from symmeter.measuring.passes import moved, returned
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation

SAMPLES, ELEMENTS = 2, 4  # that are looked at
_DECADES = (
    100.0  # how many times smaller an error must be to be named, and larger than its floor to be asked about
)
_LAWFUL = 1e-3  # of its size, how far g h may be from g after h


@dataclass(frozen=True)
class Audit:
    """Some samples x (b, ...) on a few elements of an orbit; `leaves` are the names of the inputs, in order.

    `unit` is how far round-off moves samples, relative to their size; None for that of their own type.
    """

    orbit: Orbit
    domain: Domain
    x: Tensor
    leaves: Sequence[str] = ()
    unit: float | None = None

    def remarks(self) -> list[str]:
        """What a reader must know of the actions, a line each; nothing where all is as it should be."""
        return [*self._unlawful(), *self._better()]

    @property
    def _elements(self) -> list[Element]:
        """A few that move something, spread over all."""
        moving = [g for g in self.orbit.members if not g.is_identity]
        return moving[:: max(1, len(moving) // ELEMENTS)][:ELEMENTS]

    def _named(self) -> Iterator[tuple[str, Representation, Tensor]]:
        """Every leaf that is acted on by its name: the inputs, then the outputs (b, ...)."""
        rho = self.orbit.rho_in
        if isinstance(rho, Packed):
            names = [f"input {name!r}" for name in self.leaves]
            yield from zip(names, rho.representations, rho.parts(self.x), strict=True)
        else:
            yield "the input", rho, self.x
        outputs = self.orbit.function(self.orbit.still(self.x))
        for target, y in zip(self.orbit.targets, outputs, strict=True):
            yield f"output {target.output.name!r}", target.rho, y

    def _unlawful(self) -> list[str]:
        """Leaves on which g h does something else than g after h."""
        found = []
        for name, rho, value in self._named():
            off = max((_off(rho, g, h, value) for g, h in product(self._elements, repeat=2)), default=0.0)
            if off > _LAWFUL:
                found.append(
                    f"the action on {name} is no group action: g h is not g after h, by {off:.0%} of its size; "
                    "values under it mean nothing"
                )
        return found

    def _better(self) -> list[str]:
        """Leaves for which another action makes the error of an output vanish."""
        found = []
        own = self._errors(self.orbit.rho_in)
        floors = self._floors()
        for k, target in enumerate(self.orbit.targets):
            if not own[k] > _DECADES * floors[k]:
                continue
            lowest = min(self._tried(k), default=None)
            if lowest is not None and lowest[0] < own[k] / _DECADES:
                left, words = lowest
                times = f"{own[k] / left:.1g} times smaller" if left else "none at all"
                found.append(f"{words}: so the error of output {target.output.name!r} is {times}")
        return found

    def _tried(self, k: int) -> Iterator[tuple[float, str]]:
        """(error of output number k, words) for every alternative."""
        rho = self.orbit.rho_in
        if isinstance(rho, Packed):
            for i, (leaf, part) in enumerate(zip(rho.representations, rho.parts(self.x), strict=True)):
                for one in self.domain.alternatives(leaf, part):
                    parts = (*rho.representations[:i], one.rho, *rho.representations[i + 1 :])
                    error = self._errors(replace(rho, representations=parts))[k]
                    yield error, f"input {self.leaves[i]!r} {one.words}"
        y = self.orbit.function(self.orbit.still(self.x))[k]
        target = self.orbit.targets[k]
        for one in self.domain.alternatives(target.rho, y):
            error = self._errors(rho, {k: one.rho})[k]
            yield error, f"output {target.output.name!r} {one.words}"

    def _errors(
        self, rho: Representation, of_outputs: dict[int, Representation] | None = None
    ) -> list[float]:
        """The root mean square of rho_out(g)^-1 f(rho(g) x) - f(x) over samples, elements and entries, by output."""
        function, inputs = self.orbit.function, moved(rho, self.x)
        before = function(self.orbit.still(self.x))
        squares = torch.zeros(len(before), dtype=torch.float64)
        for g in self._elements:
            for k, (y, still) in enumerate(zip(function(inputs(g)), before, strict=True)):
                own = (of_outputs or {}).get(k, self.orbit.targets[k].rho)
                back, _ = own.act(g.inverse(), y)
                squares[k] += (back.double() - still.double()).square().mean().cpu()
        return (squares / max(1, len(self._elements))).sqrt().tolist()

    def _floors(self) -> list[float]:
        """The same for inputs that are moved there and back, and rounded."""
        function = self.orbit.function
        inputs = returned(self.orbit.rho_in, self.x, lambda z, seed: nudged_within(z, seed, self.unit))
        before = function(self.orbit.still(self.x))
        squares = torch.zeros(len(before), dtype=torch.float64)
        for g in self._elements:
            for k, (y, still) in enumerate(zip(function(inputs(g)), before, strict=True)):
                squares[k] += (y.double() - still.double()).square().mean().cpu()
        return (squares / max(1, len(self._elements))).sqrt().tolist()


def _off(rho: Representation, g: Element, h: Element, value: Tensor) -> float:
    """How far rho(g h) is from rho(g) rho(h) on a value (b, ...), relative to its size; 0 for what has no product."""
    try:
        whole = rho.act(g @ h, value)[0]
    except ValueError:
        return 0.0
    apart = rho.act(g, rho.act(h, value)[0])[0]
    size = float(whole.double().norm())
    return float((whole.double() - apart.double()).norm()) / size if size else 0.0
