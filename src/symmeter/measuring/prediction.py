"""`prediction_range`: how far the Lie derivative predicts what whole motions do, for the model at hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.measures.lee import LEE
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.execution import announced, run_along
from symmeter.measuring.finite import PIXELS, difference_quotients, per_position
from symmeter.measuring.measure import named_options
from symmeter.measuring.observers import Observer
from symmeter.measuring.plan import Given, Settings, plan_along
from symmeter.results.columns import Key
from symmeter.results.intervals import of_ratio_of_means
from symmeter.results.prediction import PredictionRange, PredictionRow
from symmeter.results.verdict import NOT_RESOLVED, resolved
from symmeter.verbs.arguments import number, several
from symmeter.verbs.verb import verb

_CHANGE = "change"


@verb(ARGUMENTS, t=several("numbers, such as (1, 0.5, 0.1)", number()))
def prediction_range(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    output: str = "softmax",
    definition: Any = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    t: Sequence[float] = PIXELS,
    preprocessing: object = None,
    domain: str | type[Domain] | None = None,
    inputs: Any = None,
    labels: Any = None,
    **options: Any,
) -> PredictionRange:
    """How far LEE predicts what motions g_t = exp(tX) by a finite t do to the output, by generator.

        ratio(t) = E_x |rho_out(g_t)^-1 f(g_t x) - f(x)|^2 / t^2  over  E_x |L_X f(x)|^2

    is 1 as t goes to 0. All means are over the same images, and the interval is that of a ratio of means.

    Args:
        model: the network; it and the other arguments are as in `symmeter.measure`, for generators only.
        t: how far: in pixels that the fastest position of an image moves (under a translation all of them, under a
            rotation the corners); for what moves along no grid, such as colours, in the generator's own unit.

    Raises:
        SymmeterError: for a mistake in the arguments, in one line that says what to change.
        Interrupted: on Ctrl-C; its `result` holds what was done.

    >>> from torch import nn
    >>> linear = nn.Sequential(nn.Flatten(), nn.Linear(192, 2)).eval()
    >>> found = prediction_range(linear, torch.rand(8, 3, 8, 8), "gain", "logits", t=(0.5, 1e-3))
    >>> [round(row.ratio, 2) for row in found.rows]  # ((e^t - 1) / t)^2
    [1.68, 1.0]
    """
    if not all(t):
        raise SymmeterError("t has a 0, where nothing moves; give numbers such as 1, 0.5, 0.1")
    given = Given(data, domain, inputs, labels, named_options(definition, preprocessing) | options)
    settings = Settings(samples, batch_size, device, seed, progress, False)
    plan = plan_along(model, given, symmetry, output, settings, "the range")
    moved = Moved(tuple(dict.fromkeys(t)))
    done = run_along(plan, moved)
    result = done.result(())
    done.spec.update(t=list(moved.t))
    found = PredictionRange(tuple(moved.rows(done.run)), result.header, result.warnings)
    return announced(found, done.run.interrupted)


class Moved(Observer):
    """Moves every chunk of a run by every t."""

    def __init__(self, t: tuple[float, ...]):
        self.t = t
        self._units: dict[str, str] = {}

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """What motions change, (b,) per generator and t, of samples x (b, ...) with outputs y (b, ...)."""
        columns = {}
        for generator in run.generators:
            step, self._units[generator.name] = per_position(run, x, generator)
            quotient = difference_quotients(run, x, y, generator)
            for t in self.t:
                columns[_key(generator.name, t)] = LEE().statistic(quotient(step * t)[None])[0]
        return columns

    def rows(self, run: DerivativeRun) -> list[PredictionRow]:
        """One per generator and t, in their order."""
        rows = []
        for generator in run.generators:
            key = Key("lee", generator.name)
            lee = run.columns[key]
            known = resolved(float(lee.mean()), run.floor(key, float(lee.mean())), power=2)
            for t in self.t:
                changes = run.columns[_key(generator.name, t)]
                row = _row(generator.name, t, self._units[generator.name], changes, lee, run.seed)
                rows.append(row if known else _unknown(row))
        return rows


def _key(generator: str, t: float) -> Key:
    return Key(_CHANGE, generator, statistic=f"{t:g}")


def _row(name: str, t: float, unit: str, changes: np.ndarray, lee: np.ndarray, seed: int) -> PredictionRow:
    """The ratio of the means of changes (n,) and LEE (n,), over the images where both are finite."""
    finite = np.isfinite(changes) & np.isfinite(lee)
    changes, lee = changes[finite], lee[finite]
    if not len(lee):
        return PredictionRow(name, t, unit, float("nan"), None, None, 0, "no finite value")
    total = float(lee.sum())
    ratio = float(changes.sum()) / total if total else float("nan")
    interval = of_ratio_of_means(changes, lee, seed=seed)
    return PredictionRow(name, t, unit, ratio, interval.low, interval.high, len(lee), interval.remark)


def _unknown(row: PredictionRow) -> PredictionRow:
    """The row without a ratio: there is nothing to divide by."""
    return replace(
        row, ratio=float("nan"), interval_low=None, interval_high=None, interval_remark=NOT_RESOLVED
    )
