"""Changes of size about the centre of a grid."""

from dataclasses import dataclass, replace

import torch

from symmeter.domains.grids.affine_map import AffineMap, scaled_by
from symmeter.domains.grids.framing import sizes_of
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group


@dataclass(frozen=True)
class Scales(Group):
    """Scale factors between two, from the Haar measure of the positive reals: uniform in the logarithm."""

    low: float
    high: float
    axes: int = 2
    closed = False

    def __post_init__(self) -> None:
        if not 0 < self.low < self.high:
            raise SymmeterError(
                f"scale({self.low:g},{self.high:g}): give two factors, the smaller first, above 0"
            )

    @property
    def name(self) -> str:
        return f"scale({self.low:g},{self.high:g})"

    def bind(self, shape: tuple[int, ...], padded: bool = False) -> "Scales":
        return replace(self, axes=len(sizes_of(self.name, shape, 2, 3, 4)))

    def _at(self, u: float) -> AffineMap:
        return scaled_by(self.low * (self.high / self.low) ** u, self.axes)

    def draw(self, random: torch.Generator) -> AffineMap:
        return self._at(float(torch.rand((), generator=random, dtype=torch.float64)))

    def quadrature(self, count: int) -> tuple[AffineMap, ...]:
        """Midpoints of equal steps of the logarithm: of equal weight, as those of Gauss (scipy) are not."""
        return tuple(self._at((k + 0.5) / count) for k in range(count))


def parse_scales(low: str, high: str) -> Scales:
    """`scale(0.8,1.25)`: sizes between two factors; ValueError for what are no numbers.

    >>> parse_scales("0.80", "1.25").name
    'scale(0.8,1.25)'
    """
    return Scales(float(low), float(high))
