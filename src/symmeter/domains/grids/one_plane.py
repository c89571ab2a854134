"""Values with one number per place of a grid and no axis of channels, such as maps of depth (B, H, W)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class OnePlane(Representation):
    """(B, H, W), moved as `rho` moves (B, 1, H, W).

    >>> import torch
    >>> from symmeter.domains.grids.grid import Grid
    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> from symmeter.domains.grids.planar import Reflection
    >>> _, flip = Reflection().enumerate()
    >>> OnePlane(Grid(Bandlimited())).act(flip, torch.tensor([[[1.0, 2.0]]]))[0].tolist()
    [[[2.0, 1.0]]]
    """

    rho: Representation

    @property
    def channel_axis(self) -> None:
        """There is none."""
        return None

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (the moved plane (B, H, W), the mask (H, W))."""
        acting = self.rho.acting(x.unsqueeze(1))

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            return moved.squeeze(1), mask.reshape(mask.shape[-2:])

        return act

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x (B, H, W) for every generator."""
        return [rate.squeeze(1) for rate in self.rho.differentiate_all(generators, x.unsqueeze(1))]

    def border(self, x: Tensor) -> Tensor:
        """(H, W)."""
        return self.rho.border(x.unsqueeze(1))

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.rho.reach(generator, x.unsqueeze(1))

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """That of the grid."""
        return self.rho.step(generator, x.unsqueeze(1))

    def bound_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """That of a plane with its channel, (1, *sizes)."""
        return (1, *shape)

    def describe(self) -> str:
        return f"{self.rho.describe()}, one plane"
