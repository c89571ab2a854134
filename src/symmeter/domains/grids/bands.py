"""Of which frequencies the error of an output on a grid is made, along each of its axes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.grids.grid import Grid
from symmeter.errors import SymmeterError
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.execution import announced, run_along
from symmeter.measuring.measure import named_options
from symmeter.measuring.observers import Observer
from symmeter.measuring.plan import Given, Settings, plan_along
from symmeter.results.columns import Key
from symmeter.verbs.verb import verb

AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Bands:
    """The mean square of a Lie derivative by frequency.

    `power[symmetry][axis]` (n // 2 + 1,): what waves of k = 0, 1, ... periods along `x`, `y` or `z` have of it, a mean
    over samples. Along each axis it adds up to LEE. `sizes` are the positions along each axis, `unit` is that of LEE.
    """

    power: Mapping[str, Mapping[str, np.ndarray]]
    sizes: Mapping[str, int]
    unit: str

    def frequencies(self, axis: str) -> np.ndarray:
        """(n // 2 + 1,) in periods a position: up to 1/2, which is what the grid can hold."""
        return np.arange(self.sizes[axis] // 2 + 1) / self.sizes[axis]


@verb(ARGUMENTS)
def bands(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    output: str = "logits:equivariant",
    definition: Any = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    preprocessing: dict[str, Any] | None = None,
    domain: str | None = None,
) -> Bands:
    """The error of an output on a grid, band by band: aliasing of strided layers shows at high frequencies.

    Arguments as in `symmeter.measure`; `output` must move along with the input. Source: Parseval's theorem on L_X f.
    Raises SymmeterError for an output without a grid, and for mistakes as there.

    >>> net = torch.nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular").eval()
    >>> found = bands(net, torch.rand(2, 3, 8, 6), "translation_x", definition="periodic")
    >>> {axis: values.shape for axis, values in found.power["translation_x"].items()}
    {'x': (4,), 'y': (5,)}
    """
    observer = Banded()
    given = Given(data, domain or "images", options=named_options(definition, preprocessing))
    settings = Settings(samples, batch_size, device, seed, progress, control=False)
    done = run_along(plan_along(model, given, symmetry, output, settings, "error by frequency"), observer)
    announced(done.result(()), done.run.interrupted)
    names = [generator.name for generator in done.run.generators]
    found = {axis: total.cpu().numpy() / observer.count for axis, total in observer.totals.items()}
    return Bands(
        power={name: {axis: own[t] for axis, own in found.items()} for t, name in enumerate(names)},
        sizes=observer.sizes,
        unit=done.run.measures[0].unit(done.run.targets[0].quantity, done.run.generators[0]),
    )


class Banded(Observer):
    """Adds up the spectra of Lie derivatives along every axis of their grid."""

    def __init__(self) -> None:
        self.totals: dict[str, Tensor] = {}
        self.sizes: dict[str, int] = {}
        self.count = 0

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """No columns; (T, n // 2 + 1) per axis is added, from the `derivative` (T, B, ...) of outputs y (B, ...)."""
        rho = run.rho_out
        if not isinstance(rho, Grid):
            raise SymmeterError(
                f"output {str(run.targets[0].output)!r} is {rho.describe()}: only a grid has frequencies"
            )
        self.count += len(y)
        for name, axis in zip(AXES, rho.along, strict=False):
            self.sizes[name] = y.shape[axis]
            self.totals[name] = self.totals.get(name, 0) + spectrum_along(derivative, axis)
        return {}


def spectrum_along(values: Tensor, axis: int) -> Tensor:
    """The mean square of values (T, B, ...) by wavenumber along an axis, (T, n // 2 + 1) float64, summed over B.

    >>> wave = torch.cos(torch.arange(8) * torch.pi / 2).expand(1, 1, 3, 8)  # 2 periods, whose mean square is 1/2
    >>> spectrum_along(wave, -1).round(decimals=6).tolist()
    [[0.0, 0.0, 0.5, 0.0, 0.0]]
    """
    n = values.shape[axis]
    power = torch.fft.rfft(values.double(), dim=axis, norm="forward").abs().square().movedim(axis, -1)
    both_signs = torch.full((n // 2 + 1,), 2.0, dtype=torch.float64, device=values.device)
    both_signs[0] = 1
    if n % 2 == 0:
        both_signs[-1] = 1
    return power.flatten(2, -2).mean(2).sum(1) * both_signs
