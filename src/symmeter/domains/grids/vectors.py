"""Vectors on grids: displacements, velocities, gradients. Components turn with the grid, and with no grid alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap, as_map
from symmeter.domains.grids.boosts import BoostGenerator
from symmeter.domains.grids.carried import Carried
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import Grid
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, ProductElement

# Rows are the components, as they are in the order of the key, in terms of (x, y) with y down.
BASES = {
    "xy": ((1.0, 0.0), (0.0, 1.0)),
    "yx": ((0.0, 1.0), (1.0, 0.0)),
    "up": ((1.0, 0.0), (0.0, -1.0)),
}


@dataclass(frozen=True)
class Vectors(Carried):
    """(B, n, *sizes) on a `grid` of n axes, or (B, n) with a trivial one: (g u)(p) = A u(g^-1 p) for p -> A p + b.

    The components are along x, y, z, y down in an image as pixels count, and lengths where the grid has a spacing;
    in the `basis` `yx` they are (y, x), and `up` counts y upwards. Under maps that change lengths they change by A
    too, as displacements do: so a flow is mirrored and its x changes sign under a flip, and it is twice as long
    where the grid is twice as large. More channels are several vectors, of frames one after the other. A boost adds
    its velocity to each.

    >>> from symmeter.domains.grids.affine_map import rotation_by
    >>> Vectors().act(rotation_by(90), torch.tensor([[1.0, 0.0]]))[0].tolist()  # right, then up
    [[0.0, -1.0]]
    """

    basis: str = "xy"
    noun: ClassVar[str] = "vectors"

    def __post_init__(self) -> None:
        if isinstance(self.grid, Grid) and self.grid.axes != self.components:
            raise SymmeterError(f"vectors on {self.grid.axes} axes do not have {self.components} components")

    def mixing(self, linear: Tensor) -> Tensor:
        """A, (n, n), in the basis."""
        return self._in_basis(self.turned(linear))

    def rate(self, linear: Tensor) -> Tensor:
        """M, (..., n, n), in the basis."""
        return self._in_basis(self.turning(linear))

    def _in_basis(self, matrix: Tensor) -> Tensor:
        """Matrices (..., n, n) of components (x, y, z) as those of components in the basis."""
        basis = self._basis(matrix)
        return basis @ matrix @ basis.mT

    def _basis(self, like: Tensor) -> Tensor:
        """The components in terms of (x, y, z), (n, n) of the type of a tensor."""
        basis = torch.eye(self.components, dtype=like.dtype, device=like.device)
        basis[:2, :2] = torch.tensor(BASES[self.basis])[: self.components, : self.components]
        return basis

    def turned(self, linear: Tensor) -> Tensor:
        """What A (n, n) makes of components (x, y): by default A itself."""
        return linear

    def turning(self, linear: Tensor) -> Tensor:
        """What M (n, n) makes of them: by default M itself."""
        return linear

    def frames(self, channels: int) -> int:
        return channels // self.components

    def added(self, velocity: Tensor) -> Tensor:
        """The velocity (b, n, ...) in the basis."""
        return torch.einsum("ij,bj...->bi...", self._basis(velocity), velocity)

    def changes(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X u, and for boosts u itself with its components turned to the velocity: that of a boost is the same for all.

        Of the shape of x each.
        """
        usual = self.differentiate_all(generators, x)
        pairs = zip(generators, usual, strict=True)
        return [self._towards(one, x) if isinstance(one, BoostGenerator) else rate for one, rate in pairs]

    def _towards(self, boost: BoostGenerator, x: Tensor) -> Tensor:
        """vx u + vy J u of the shape of x, J a quarter turn."""
        across, down = boost.direction
        quarter = torch.eye(self.components, dtype=torch.float64)
        quarter[:2, :2] = torch.tensor([[0.0, 1.0], [-1.0, 0.0]])
        return across * x + down * self._mixed(quarter, x)

    def check(self, x: Tensor) -> None:
        components = x.shape[self.channel_axis]
        if components % self.components:
            raise SymmeterError(
                f"these vectors have {self.components} components; {tuple(x.shape)} has {components}"
            )


@dataclass(frozen=True)
class Pseudovectors(Vectors):
    """The same times the sign of det A: what a stream function that does not change sign makes by a turned gradient.

    >>> from symmeter.domains.grids.planar import Reflection
    >>> _, flip = Reflection().enumerate()
    >>> Pseudovectors().act(flip, torch.tensor([[1.0, 2.0]]))[0].tolist()
    [[1.0, -2.0]]
    """

    noun: ClassVar[str] = "pseudovectors"

    def turned(self, linear: Tensor) -> Tensor:
        """sign(det A) A."""
        return torch.linalg.det(linear).sign() * linear


@dataclass(frozen=True)
class Gradients(Vectors):
    """Derivatives of a value by position: (g u)(p) = A^-T u(g^-1 p), half as long where the grid is twice as large.

    >>> Gradients().act(AffineMap(((2.0, 0.0), (0.0, 2.0))), torch.ones(1, 2))[0].tolist()
    [[0.5, 0.5]]
    """

    noun: ClassVar[str] = "gradients"

    def turned(self, linear: Tensor) -> Tensor:
        """A^-T."""
        return torch.linalg.inv(linear).mT

    def turning(self, linear: Tensor) -> Tensor:
        """-M^T."""
        return -linear.mT

    def added(self, velocity: Tensor) -> Tensor:
        """Nothing: no gradient of a value changes with the observer."""
        return Carried.added(self, velocity)


def turns(what: Element | Generator) -> bool:
    """Whether an element or a generator turns, flips or shears the plane, so that vectors would show it.

    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> turns(GENERATORS["rotation"]), turns(GENERATORS["translation_x"]), turns(AffineMap(((2.0, 0.0), (0.0, 2.0))))
    (True, False, False)
    """
    if isinstance(what, ProductElement):
        return any(map(turns, what.parts))
    what = as_map(what) if isinstance(what, Element) else what
    if not isinstance(what, AffineMap | AffineGenerator):
        return False
    linear = torch.tensor(what.linear, dtype=torch.float64)
    growth = linear[0, 0] * torch.eye(len(linear), dtype=torch.float64)
    no_scale = not torch.equal(linear, growth)
    return no_scale or (isinstance(what, AffineMap) and bool(linear[0, 0] < 0))
