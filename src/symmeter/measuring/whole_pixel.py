"""What one whole pixel does, beside what LEE predicts of it."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from symmeter.measures.lee import LEE
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.finite import difference_quotients
from symmeter.measuring.observers import Observer
from symmeter.results.columns import Key
from symmeter.results.row import Row
from symmeter.results.verdict import resolved

MOST = 8  # samples that are shifted: each along two axes costs two forward passes


class WholePixel(Observer):
    """Shifts the first samples of a run by one position of their grid, along every generator of translations.

    The ratio is that of mean |rho_out(g)^-1 f(g x) - f(x)|^2 / dim / t^2 to LEE, over the same samples.
    """

    def __init__(self) -> None:
        self.samples = 0
        self._failed = False
        self._changes: dict[tuple[str, str], float] = {}
        self._lee: dict[tuple[str, str], float] = {}

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """No columns: only the first of the samples x (b, ...) are shifted."""
        count = min(len(x), MOST - self.samples)
        if count > 0 and not self._failed and any(m.name == LEE.name for m in run.measures):
            shift = lambda: self._shift(run, x[:count], y[:count], derivative[:, :count])
            self._failed = run.optional("one whole pixel", shift) is None
            self.samples += count
        return {}

    def _shift(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> bool:
        """Add up what shifts change, and what LEE predicts, of samples x (b, ...) that are finite in both."""
        for i, generator in enumerate(run.generators):
            step = run.rho_in.step(generator, x)
            if step is None:
                continue
            quotient = difference_quotients(run, x, y, generator)(step)
            finite = quotient.flatten(1).isfinite().all(1)
            both = torch.stack([quotient, derivative[i]])[:, finite]
            for target, own in zip(run.targets, run.by_output(both), strict=True):
                key = (generator.name, str(target.output))
                change, lee = LEE().statistic(own).sum(1).tolist()
                self._changes[key] = self._changes.get(key, 0.0) + change
                self._lee[key] = self._lee.get(key, 0.0) + lee
        return True

    def added_to(self, rows: Sequence[Row], run: DerivativeRun) -> list[Row]:
        """The rows, those of LEE that are resolved with the ratio."""
        names = {(t.output.label, t.output.layer): str(t.output) for t in run.targets}
        return [replace(row, whole_pixel=self._ratio(row, names[row.output, row.layer])) for row in rows]

    def _ratio(self, row: Row, output: str) -> float | None:
        """That of the row; None for what was not shifted, and where there is nothing to divide by."""
        key = (row.symmetry, output)
        known = row.measure == LEE.name and resolved(row.value, row.floor, row.power)
        if self._failed or not known or not self._lee.get(key):
            return None
        return self._changes[key] / self._lee[key]
