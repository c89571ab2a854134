"""The audit of actions along generators, each by itself: of all that explains an error, what explains most is named."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from symmeter.domain import Domain
from symmeter.measuring.audit import Audit, Finding, Outputs, size_of
from symmeter.measuring.derivative_kind import Kind, by_output
from symmeter.measuring.remembered import FEW_SAMPLES
from symmeter.symmetry.conjugate import stack
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation


@dataclass(frozen=True, kw_only=True)
class DerivativeAudit(Audit[Generator]):
    """Some samples x (b, ...) along one generator X.

    `found` are L_X f(x) and `off` is how far it may be off, (b, ...) of every output; `y` are their values.
    """

    kind: Kind
    generator: Generator
    y: Sequence[Tensor]
    found: Sequence[Tensor]
    off: Sequence[Tensor]

    @property
    def motions(self) -> Sequence[Generator]:
        return [self.generator]

    @property
    def still(self) -> Sequence[Tensor]:
        return self.y

    @cached_property
    def own(self) -> Outputs:
        """df(X x): L_X f(x) and X f(x)."""
        parts = zip(self.targets, self.found, self.y, strict=True)
        return [[found + self.moves(target.rho, self.generator, y) for target, found, y in parts]]

    @cached_property
    def floors(self) -> Sequence[float]:
        return list(map(size_of, self.off))

    def moves(self, rho: Representation, motion: Generator, value: Tensor) -> Tensor:
        """X of a value (b, ...)."""
        return rho.differentiate(motion, value)

    def outputs(self, rho: Representation, motions: Sequence[Generator]) -> Outputs:
        """df(X x) for another X x."""
        if not motions:
            return []
        push = self.kind.pushforward
        _, pushed = push.strategy(push.f, self.x, stack(rho.differentiate_all(motions, self.x)))
        return [by_output(self.kind.rho_out, one) for one in pushed]

    def residual(self, rho: Representation, motion: Generator, own: Tensor, still: Tensor) -> Tensor:
        """df(X x) - X f(x), (b, ...) float64."""
        return own.double() - self.moves(rho, motion, still).double()


def remarks_along(
    domain: Domain,
    kind: Kind,
    rho_in: Representation,
    generators: Sequence[Generator],
    x: Tensor,
    found: Sequence[Tensor],
    off: Sequence[Tensor],
) -> list[str]:
    """What a reader must know of the actions on samples x (b, ...) and their outputs, a line each.

    `found` are their derivatives and `off` is how far these are off, (T, b, ...), output by output.
    """
    x = x[: min(FEW_SAMPLES, kind.pushforward.chunk)]
    y = kind.function(x)
    by_generator: dict[str, list[list[Finding]]] = {}
    for i, generator in enumerate(generators):
        own, floor = ([whole[i, : len(x)] for whole in each] for each in (found, off))
        audit = DerivativeAudit(
            domain, x, rho_in, kind.targets, kind=kind, generator=generator, y=y, found=own, off=floor
        )
        by_generator[generator.name] = audit.findings()
    return _agreed(by_generator)


def _agreed(by_generator: dict[str, list[list[Finding]]]) -> list[str]:
    """One sentence for what explains errors along several generators: of all that would, what explains the most."""
    votes = Counter(
        (one.output, one.words) for found in by_generator.values() for alike in found for one in alike
    )
    chosen: dict[tuple[str, str], dict[str, Finding]] = {}
    for name, found in by_generator.items():
        for alike in found:
            best = max(alike, key=lambda one: votes[one.output, one.words])
            chosen.setdefault((best.output, best.words), {})[name] = best
    return [
        min(along.values(), key=lambda one: one.times).remark(f" along {', '.join(along)}")
        for along in chosen.values()
    ]
