"""Grids of one axis: signals, and the feature maps of one-dimensional networks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import Image
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Acted, Representation


@dataclass(frozen=True)
class Line(Representation):
    """A batch of lines (B, C, L), moved along their axis x as an image of one row is: X x = v dx/dposition.

    `interpolant` says what lies between the samples, `padding` what elements bring in from outside, as for `Image`.

    >>> from symmeter.domains.grids.interpolants.series import Periodic
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> wave = torch.cos(torch.arange(8) * torch.pi / 4).expand(1, 1, 8)
    >>> slope = Line(Periodic()).differentiate(GENERATORS["translation_x"], wave)
    >>> [round(float(v), 3) for v in slope[0, 0, :3]]  # 4 samples are half of the line
    [-0.0, -2.221, -3.142]
    """

    interpolant: Interpolant
    padding: str = "reflect"

    @property
    def channel_axis(self) -> int:
        return -2

    def differentiate_all(self, generators: Sequence[Generator], x: Tensor) -> list[Tensor]:
        """X x for every generator, (B, C, L) each; one derivative of x serves them all."""
        slope = None
        found = []
        for generator in generators:
            if isinstance(generator, AffineGenerator):
                if slope is None:
                    slope = self.interpolant.differentiate(self.interpolant.smoothed(x, (-1,)), -1)
                across, _ = self._row.velocity(generator, 1, x.shape[-1])
                found.append(slope * across[0].to(x))
            else:
                found.append(torch.zeros_like(x))
        return found

    def acting(self, x: Tensor) -> Callable[[Element], Acted]:
        """g -> (rho(g) x (B, C, L), mask (L,)); the mask is 0 where the source lies outside of the samples."""
        acting = self._row.acting(x.unsqueeze(-2))

        def act(element: Element) -> Acted:
            moved, mask = acting(element)
            return moved.squeeze(-2), mask.squeeze(-2)

        return act

    def reach(self, generator: Generator, x: Tensor) -> float | None:
        """The largest speed along the line, in samples."""
        return self._row.reach(generator, x.unsqueeze(-2))

    def step(self, generator: Generator, x: Tensor) -> float | None:
        """Of the translation, one over half the line."""
        return self._row.step(generator, x.unsqueeze(-2))

    def border(self, x: Tensor) -> Tensor:
        """(L,) float64: 1 on a sixteenth of the line at either end, at least one sample, and 0 inside."""
        length = x.shape[-1]
        ends = torch.ones(length, dtype=torch.float64, device=x.device)
        edge = max(1, length // 16)
        ends[edge : length - edge] = 0
        return ends

    def describe(self) -> str:
        return "line, channels first"

    @property
    def _row(self) -> Image:
        return Image(self.interpolant, padding=self.padding)
