"""Lie algebras and the one-parameter groups exp(tX) that their generators span.

A generator is only mathematics: how it acts on a tensor is the business of a representation.
"""

from dataclasses import dataclass

from symmeter.symmetry.groups.group import Element


@dataclass(frozen=True)
class Generator:
    """One direction X of a Lie algebra; `unit` is the unit of t in exp(tX)."""

    name: str
    unit: str

    @property
    def coordinates(self) -> tuple[float, ...] | None:
        """Where it lies among the generators of its class, which are a vector space; None for one of its own."""
        return None

    def exp(self, t: float) -> "Flow":
        """The group element exp(tX).

        >>> Generator("rotation", "radian").exp(0.5).inverse().t
        -0.5
        """
        return Flow(self, float(t))


@dataclass(frozen=True)
class Flow(Element):
    """The element exp(tX) of a one-parameter group: exp(sX) exp(tX) = exp((s + t)X)."""

    generator: Generator
    t: float

    @property
    def name(self) -> str:
        return f"exp({self.t:.4g} {self.generator.name})"

    @property
    def parameter(self) -> float:
        return self.t

    @property
    def parameter_unit(self) -> str:
        return self.generator.unit

    @property
    def is_identity(self) -> bool:
        return self.t == 0

    def inverse(self) -> "Flow":
        return Flow(self.generator, -self.t)

    def __matmul__(self, other: Element) -> "Flow":
        if not isinstance(other, Flow) or self.generator != other.generator:
            raise ValueError(f"{self.name} and {other.name} are in no one-parameter group")
        return Flow(self.generator, self.t + other.t)
