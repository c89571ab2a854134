"""Vectors on grids: displacements, gradients, flow. Components turn with the grid, and with no grid alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap, as_map
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import Grid
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element, ProductElement
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial


@dataclass(frozen=True)
class Vectors(Representation):
    """(B, n, *sizes) on a `grid` of n axes, or (B, n) with a trivial one: (g u)(p) = A u(g^-1 p) for p -> A p + b.

    The components are along x, y, z, y down in an image as pixels count, and lengths where the grid has a spacing.
    Under maps that change lengths they change by A too, as displacements do. Along a generator X with velocity field
    v(p) = M p + b, whose elements are exp(tX) h(p) = h(p(t)), X u = v . grad u - M u.

    >>> from symmeter.domains.grids.affine_map import rotation_by
    >>> Vectors().act(rotation_by(90), torch.tensor([[1.0, 0.0]]))[0].tolist()  # right, then up
    [[0.0, -1.0]]
    """

    grid: Grid | Trivial = field(default_factory=Trivial)
    components: int = 2

    def __post_init__(self) -> None:
        if isinstance(self.grid, Grid) and self.grid.axes != self.components:
            raise SymmeterError(f"vectors on {self.grid.axes} axes do not have {self.components} components")

    @property
    def channel_axis(self) -> int:
        """The axis of the components."""
        return self.grid.channel_axis if isinstance(self.grid, Grid) else -1

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved vectors, of the shape of x, and the mask of the grid."""
        self._check(x)
        acting = self.grid.acting(x)

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            turning = as_map(element)
            if isinstance(turning, AffineMap):
                return self._mixed(self._fitted(turning.matrix), moved), mask
            if isinstance(element, Flow) and isinstance(element.generator, AffineGenerator):
                back = torch.linalg.matrix_exp(-element.t * self._linear(element.generator, x))
                return self._mixed(back, moved), mask
            return moved, mask

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X u for every generator, of the shape of x each."""
        self._check(x)
        found = []
        for generator, along in zip(generators, self.grid.differentiate_all(generators, x), strict=True):
            if isinstance(generator, AffineGenerator):
                along = along - self._mixed(self._linear(generator, x), x)
            found.append(along)
        return found

    def _linear(self, generator: AffineGenerator, x: Tensor) -> Tensor:
        """M, (n, n) float64, in the coordinates of this grid."""
        linear, _ = generator.on(self.components)
        if not isinstance(self.grid, Grid):
            return linear
        scale = torch.tensor(self.grid.coordinates(*self.grid.sizes(x)), dtype=torch.float64)
        return linear * scale[:, None] / scale

    def _fitted(self, matrix: Tensor) -> Tensor:
        """A matrix (m, m) for these components, (n, n): those along axes that a map does not know stay."""
        own = min(len(matrix), self.components)
        fitted = torch.eye(self.components, dtype=torch.float64)
        fitted[:own, :own] = matrix[:own, :own]
        return fitted

    def _mixed(self, matrix: Tensor, x: Tensor) -> Tensor:
        """The components of x mixed by a matrix (n, n)."""
        mixed = x.movedim(self.channel_axis, -1) @ matrix.mT.to(x)
        return mixed.movedim(-1, self.channel_axis)

    def _check(self, x: Tensor) -> None:
        components = x.shape[self.channel_axis]
        if components != self.components:
            raise SymmeterError(
                f"these vectors have {self.components} components; {tuple(x.shape)} has {components}"
            )

    def border(self, x: Tensor) -> Tensor | None:
        return self.grid.border(x)

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.reach(generator, x)

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.grid.step(generator, x)

    def describe(self) -> str:
        return f"vectors, {self.grid.describe()}"


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
