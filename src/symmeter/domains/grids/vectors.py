"""Vectors in the plane: displacements, gradients, flow. Components turn with the grid, and with no grid alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.domains.grids.affine_map import AffineMap
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import LAYOUTS, Image
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.generators import Flow, Generator
from symmeter.symmetry.groups.group import Element, ProductElement
from symmeter.symmetry.representations.representation import Acted, Representation
from symmeter.symmetry.representations.trivial import Trivial


@dataclass(frozen=True)
class Vectors(Representation):
    """(B, 2, H, W), or (B, 2) with a trivial `grid`: (g u)(p) = A u(g^-1 p) for an affine map g, p -> A p + b.

    The components are (x, y), x to the right and y down as pixels count. Under maps that change lengths they change by
    A too, as displacements do. Along a generator X with velocity field v(p) = M p + b, whose elements are
    exp(tX) h(p) = h(p(t)), X u = v . grad u - M u.

    >>> from symmeter.domains.grids.affine_map import rotation_by
    >>> Vectors().act(rotation_by(90), torch.tensor([[1.0, 0.0]]))[0].tolist()  # right, then up
    [[0.0, -1.0]]
    """

    grid: Image | Trivial = field(default_factory=Trivial)

    @property
    def channel_axis(self) -> int:
        """The axis of the components."""
        return self.grid.channel_axis if isinstance(self.grid, Image) else -1

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """The moved vectors, of the shape of x, and the mask of the grid."""
        self._check(x)
        acting = self.grid.acting(x)

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            if isinstance(element, AffineMap):
                return self._mixed(element.matrix, moved), mask
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
        """M, (2, 2) float64, in the coordinates of this grid."""
        linear = torch.tensor(generator.linear, dtype=torch.float64)
        if not isinstance(self.grid, Image):
            return linear
        _, rows, columns = LAYOUTS[self.grid.layout]
        scale = torch.tensor(self.grid.units(x.shape[rows], x.shape[columns])[1], dtype=torch.float64)
        return linear * scale[:, None] / scale

    def _mixed(self, matrix: Tensor, x: Tensor) -> Tensor:
        """The components of x mixed by a matrix (2, 2)."""
        mixed = x.movedim(self.channel_axis, -1) @ matrix.mT.to(x)
        return mixed.movedim(-1, self.channel_axis)

    def _check(self, x: Tensor) -> None:
        components = x.shape[self.channel_axis]
        if components != 2:
            raise SymmeterError(f"vectors in the plane have 2 components; {tuple(x.shape)} has {components}")

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
    if not isinstance(what, AffineMap | AffineGenerator):
        return False
    (a, b), (c, d) = what.linear
    no_scale = (a, b, c) != (d, 0, 0)
    return no_scale or (isinstance(what, AffineMap) and a < 0)
