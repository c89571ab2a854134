"""The audit of actions over a group: are they group actions, and are they the right ones?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from torch import Tensor

from symmeter.domain import Domain
from symmeter.measuring.audit import Audit, Outputs, size_of
from symmeter.measuring.floor import nudged_within
from symmeter.measuring.orbit_pass import Orbit
from symmeter.measuring.passes import moved, returned
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation

_LAWFUL = 1e-3  # of its size, how far g h may be from g after h


@dataclass(frozen=True, kw_only=True)
class OrbitAudit(Audit[Element]):
    """Some samples x (b, ...) under a few elements of an orbit.

    `unit` is how far round-off moves samples, relative to their size; None for that of their own type.
    """

    orbit: Orbit
    unit: float | None = None

    @staticmethod
    def of(orbit: Orbit, domain: Domain, x: Tensor, unit: float | None = None) -> "OrbitAudit":
        """That of samples x (b, ...) of an orbit."""
        return OrbitAudit(domain, x, orbit.rho_in, orbit.targets, orbit=orbit, unit=unit)

    def remarks(self, suspicious: bool = True) -> list[str]:
        """What a reader must know of the actions, a line each; nothing where all is as it should be.

        `suspicious`: whether an error is large enough to look for an action that makes it vanish.
        """
        found = self.findings() if suspicious else []
        return [*self._unlawful(), *(best.remark() for best, *_ in found)]

    @cached_property
    def motions(self) -> Sequence[Element]:
        """A few elements that move something, spread over all."""
        return [self.orbit.members[i] for i in self.orbit.examples]

    @cached_property
    def still(self) -> Sequence[Tensor]:
        return self.orbit.unmoved_outputs(self.x)

    @cached_property
    def own(self) -> Outputs:
        return self.orbit.moved_outputs(self.x)

    @cached_property
    def floors(self) -> Sequence[float]:
        """For inputs that one element moves there and back, and rounded."""
        known = self.orbit.returned and self.orbit.returned.of(self.x)
        (found,) = known or [self.orbit.function(self._returned())]
        return [size_of(y.double() - still.double()) for y, still in zip(found, self.still, strict=True)]

    def _returned(self) -> Tensor:
        inputs = returned(self.rho_in, self.x, lambda z, seed: nudged_within(z, seed, self.unit))
        return inputs(self.motions[0])

    def moves(self, rho: Representation, motion: Element, value: Tensor) -> Tensor:
        """g of a value (b, ...)."""
        return rho.act(motion, value)[0]

    def outputs(self, rho: Representation, motions: Sequence[Element]) -> Outputs:
        """f(g x)."""
        inputs = moved(rho, self.x)
        return [self.orbit.function(inputs(g)) for g in motions]

    def residual(self, rho: Representation, motion: Element, own: Tensor, still: Tensor) -> Tensor:
        """rho(g)^-1 f(g x) - f(x), (b, ...) float64."""
        return self.moves(rho, motion.inverse(), own).double() - still.double()

    def _unlawful(self) -> list[str]:
        """Leaves on which g h does something else than g after h, where no motion loses anything."""
        found = []
        for name, rho, value in self._named() if self.domain.exact else ():
            off = max((_off(rho, g, h, value) for g, h in product(self.motions, repeat=2)), default=0.0)
            if off > _LAWFUL:
                found.append(
                    f"the action on {name} is no group action: g h is not g after h, by {off:.0%} of its size; "
                    "values under it mean nothing"
                )
        return found

    def _named(self) -> Iterator[tuple[str, Representation, Tensor]]:
        """Every leaf that is acted on by its name: the inputs, then the outputs (b, ...)."""
        if self.leaves is None:
            yield "the input", self.rho_in, self.x
        else:
            names = map("input {!r}".format, self.leaves.names)
            yield from zip(names, self.leaves.representations, self.leaves.parts(self.x), strict=True)
        for target, y in zip(self.targets, self.still, strict=True):
            yield f"output {target.output.label!r}", target.rho, y


def _off(rho: Representation, g: Element, h: Element, value: Tensor) -> float:
    """How far rho(g h) is from rho(g) rho(h) on a value (b, ...), relative to its size; 0 for what has no product."""
    try:
        whole = rho.act(g @ h, value)[0].double()
    except ValueError:
        return 0.0
    apart = rho.act(g, rho.act(h, value)[0])[0].double()
    size = float(whole.norm())
    return float((whole - apart).norm()) / size if size else 0.0
