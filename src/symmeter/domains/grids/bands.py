"""Of which frequencies the error of an output on a grid is made, along each of its axes."""

from collections.abc import Iterator
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
from symmeter.results.bands import BandRow, Bands
from symmeter.results.columns import Key
from symmeter.results.intervals import Interval, of_ratio_of_means
from symmeter.results.verdict import NOT_RESOLVED, resolved
from symmeter.verbs.verb import verb

AXES = ("x", "y", "z")
EDGES = (0.0, 0.125, 0.25, 0.375, 0.5)  # of the bands, in periods a position


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
    preprocessing: object = None,
    domain: str | None = None,
    inputs: Any = None,
    **options: Any,
) -> Bands:
    """The error of an output on a grid, band by band: aliasing of strided layers shows at high frequencies.

    Arguments as in `symmeter.measure`; `output` must move along with the input. Source: Parseval's theorem on L_X f.
    Raises SymmeterError for an output without a grid, and for mistakes as there; Interrupted on Ctrl-C, with what was
    found until then.

    >>> net = torch.nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular").eval()
    >>> found = bands(net, torch.rand(2, 3, 8, 6), "translation_x", definition="periodic")
    >>> {axis: values.shape for axis, values in found.power["translation_x"].items()}
    {'x': (4,), 'y': (5,)}
    """
    observer = Banded()
    given = Given(data, domain, inputs, None, named_options(definition, preprocessing) | options)
    settings = Settings(samples, batch_size, device, seed, progress, control=False)
    done = run_along(plan_along(model, given, symmetry, output, settings, "error by frequency"), observer)
    result, run = done.result(()), done.run
    names = [generator.name for generator in run.generators]
    power = {axis: total.cpu().numpy() / observer.count for axis, total in observer.totals.items()}
    found = Bands(
        power={name: {axis: own[t] for axis, own in power.items()} for t, name in enumerate(names)},
        sizes=observer.sizes,
        unit=run.measures[0].unit(run.targets[0].quantity, run.generators[0]),
        rows=tuple(rows(run, list(power))),
        header=result.header,
        warnings=result.warnings,
    )
    return announced(found, run.interrupted)


class Banded(Observer):
    """Adds up the spectra of Lie derivatives along every axis of their grid."""

    def __init__(self) -> None:
        self.totals: dict[str, Tensor] = {}
        self.sizes: dict[str, int] = {}
        self.count = 0

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """What every band has, (b,) per generator and axis, from the `derivative` (T, b, ...) of outputs y (b, ...).

        The power of every wave is added up, over those samples all of whose values are finite.
        """
        rho = run.rho_out
        if not isinstance(rho, Grid):
            raise SymmeterError(
                f"output {str(run.targets[0].output)!r} is {rho.describe()}: only a grid has frequencies, such as "
                "logits:equivariant"
            )
        finite = derivative.isfinite().transpose(0, 1).flatten(1).all(1)
        self.count += int(finite.sum())
        columns = {}
        for name, axis in zip(AXES, rho.along, strict=False):
            self.sizes[name] = y.shape[axis]
            power = spectrum_along(derivative, axis)
            self.totals[name] = self.totals.get(name, 0) + power[:, finite].sum(1)
            for generator, own in zip(run.generators, banded(power, y.shape[axis]), strict=True):
                columns |= {_key(generator.name, name, band): own[band] for band in range(len(own))}
        return columns


def banded(power: Tensor, size: int) -> Tensor:
    """What every band has of the power (T, B, n // 2 + 1) of waves along an axis of `size` positions, (T, bands, B)."""
    frequencies = torch.arange(power.shape[-1], dtype=torch.float64) / size
    band = torch.bucketize(frequencies, torch.tensor(EDGES[1:-1], dtype=torch.float64)).to(power.device)
    found = torch.zeros(len(EDGES) - 1, *power.shape[:2], dtype=power.dtype, device=power.device)
    return found.index_add_(0, band, power.movedim(-1, 0)).movedim(0, 1)


def rows(run: DerivativeRun, axes: list[str]) -> Iterator[BandRow]:
    """The share of every band by generator and axis; not a number where LEE is not resolved."""
    for generator in run.generators:
        key = Key("lee", generator.name)
        lee = float(run.columns[key].mean())
        known = resolved(lee, run.floor(key, lee), power=2)
        for axis in axes:
            parts = [run.columns[_key(generator.name, axis, band)] for band in range(len(EDGES) - 1)]
            whole = np.sum(parts, axis=0)
            for low, high, part in zip(EDGES, EDGES[1:], parts, strict=False):
                share = float(part.sum() / whole.sum()) if known else float("nan")
                interval = (
                    of_ratio_of_means(part, whole, seed=run.seed) if known else Interval(remark=NOT_RESOLVED)
                )
                ends = (interval.low, interval.high)
                yield BandRow(generator.name, axis, low, high, share, *ends, len(part), interval.remark)


def _key(generator: str, axis: str, band: int) -> Key:
    return Key("bands", generator, statistic=f"{axis}:{band}")


def spectrum_along(values: Tensor, axis: int) -> Tensor:
    """The mean square of values (T, B, ...) by wavenumber along an axis, (T, B, n // 2 + 1) in float64.

    >>> wave = torch.cos(torch.arange(8) * torch.pi / 2).expand(1, 1, 3, 8)  # 2 periods, whose mean square is 1/2
    >>> spectrum_along(wave, -1).round(decimals=6).tolist()
    [[[0.0, 0.0, 0.5, 0.0, 0.0]]]
    """
    n = values.shape[axis]
    power = torch.fft.rfft(values.double(), dim=axis, norm="forward").abs().square().movedim(axis, -1)
    both_signs = torch.full((n // 2 + 1,), 2.0, dtype=torch.float64, device=values.device)
    both_signs[0] = 1
    if n % 2 == 0:
        both_signs[-1] = 1
    return power.flatten(2, -2).mean(2) * both_signs
