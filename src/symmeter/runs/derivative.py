"""A run along generators: batches of images through the Lie derivative of the model."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import torch
from torch import Tensor

from symmeter.autodiff.engine import Engine
from symmeter.autodiff.strategies import Strategy
from symmeter.conjugate import deviation, lie_derivative, stack
from symmeter.data import Batch
from symmeter.floor import FLOOR_IMAGES, Floor, differences
from symmeter.measures import DerivativeMeasure
from symmeter.network import pure
from symmeter.outputs import Output
from symmeter.representations import Representation, Trivial
from symmeter.runs.base import Run
from symmeter.symmetry import Symmetry


class Follower(ABC):
    """Looks on during a run and makes something more of each chunk, as the attribution to layers does."""

    @abstractmethod
    def take(self, run: "DerivativeRun", x: Tensor, y: Tensor, derivative: Tensor) -> dict[str, Tensor]:
        """Columns (b,) of a chunk: images x (b, ...), outputs y and Lie derivatives (T, b, ...), without controls."""


@dataclass(kw_only=True)
class DerivativeRun(Run):
    """Lie derivatives along all generators at once; one column a measure and generator."""

    symmetry: Symmetry
    measures: list[DerivativeMeasure]
    output: Output
    follower: Follower | None = None
    rho_out: Representation = field(default_factory=Trivial)
    engine: Engine | None = None
    _floors: dict[str, Floor] = field(default_factory=dict)
    _floor_method: str = ""

    def _f(self, dtype: torch.dtype) -> Any:
        call = pure(self.output.module(self.model), self.device, dtype)
        return lambda x: self.output.read(call(x))

    def _measure_batch(self, batch: Batch, donors: Tensor | None) -> Iterator[int]:
        x = batch.images.to(self.device, self.dtype)
        donors = None if donors is None else donors.to(self.device, self.dtype)
        if self.engine is None:
            self._prepare(x)
        assert self.engine is not None
        generators = self.symmetry.generators

        def tangents(part: slice) -> Tensor:
            own = stack(self.rho_in.differentiate_all(generators, x[part]))
            if donors is None:
                return own
            return torch.cat(
                [own, _of_same_size(stack(self.rho_in.differentiate_all(generators, donors[part])), own)]
            )

        count = 2 if donors is not None else 1
        for part, y, pushed in self.engine.push(x, tangents):
            derivative = deviation(pushed, y, generators * count, self.rho_out)
            self._record(batch, part, x[part], y, derivative)
            yield len(y)
        if not self._floors and self.names:
            self._find_floor(x[:FLOOR_IMAGES])

    def _prepare(self, x: Tensor) -> None:
        """The first look at the model's output: its representation, and whether it fits what is asked of it."""
        f = self._f(self.dtype)
        y = f(x[:1])
        self._check_batch_axis(y)
        self.rho_out = self.symmetry.rho_out or self.output.representation(y, self.model, self.definition)
        self.classes = y.shape[1] if y.ndim == 2 and self.output.name in ("softmax", "logits") else None
        if self.output.name == "softmax" and self.classes:
            raw = self.output.raw(pure(self.output.module(self.model), self.device, self.dtype)(x[:1]))
            self._check_softmax(raw)
        double = cache(lambda: self._f(torch.float64))  # made only if it is needed
        wide = None if self.dtype == torch.float64 else lambda z: double()(z)
        self.engine = Engine(f, total=self.images.total, batch_size=self.batch_size, wide=wide)

    def _record(self, batch: Batch, part: slice, x: Tensor, y: Tensor, derivative: Tensor) -> None:
        """Per-image statistics of one chunk into the columns; images with non-finite values go by name."""
        finite = y.flatten(1).isfinite().all(1) & derivative.flatten(2).isfinite().all(2).all(0)
        more: dict[str, Tensor] = {}
        if self.follower is not None and bool(finite.any()):
            own = derivative[: len(self.symmetry.generators)]
            found = self.follower.take(self, x[finite], y[finite], own[:, finite])
            more = {name: torch.full(finite.shape, torch.nan, dtype=torch.float64) for name in found}
            for name, values in found.items():
                more[name][finite.cpu()] = values.double().cpu()
        keep = self._keep(batch.names[part], finite)
        border = self.rho_out.border(y)
        count = len(self.symmetry.generators)
        for m in self.measures:
            values = m.statistic(derivative).cpu().numpy()[:, keep]
            edge = None if border is None else m.statistic(derivative[:count], border).cpu().numpy()[:, keep]
            for i, generator in enumerate(self.symmetry.generators):
                key = f"{m.name}:{generator.name}"
                self.columns.add(key, values[i])
                if len(values) > count:
                    self.columns.add(key + ":control", values[count + i])
                if edge is not None:
                    self.columns.add(key + ":boundary", edge[i])
        for name, values in more.items():
            self.columns.add(name, values.numpy()[keep])
        if self.classes:
            self._record_accuracy(None if batch.labels is None else batch.labels[part], y, keep)

    def _find_floor(self, x: Tensor) -> None:
        """The floor from a few images, in chunks that are known to fit; images that are not finite are left out."""
        assert self.engine is not None
        f = self.engine.f

        def derivative(x: Tensor, strategy: Strategy) -> Tensor:
            return lie_derivative(
                f, x, self.symmetry.generators, self.rho_in, self.rho_out, strategy=strategy
            )[1]

        here, there, methods = zip(
            *[differences(derivative, part, self.engine.strategy) for part in x.split(self.engine.chunk)],
            strict=True,
        )
        self._floor_method = methods[0]
        for m in self.measures:
            totals, errors = (torch.cat([m.statistic(d) for d in side], 1) for side in (here, there))
            finite = (totals + errors).isfinite().all(0)
            for i, generator in enumerate(self.symmetry.generators):
                value, error = float(totals[i, finite].sum()), float(errors[i, finite].sum())
                if finite.any():
                    relative = min(error / value, 1.0) if value > 0 else 0.0
                    self._floors[f"{m.name}:{generator.name}"] = Floor(error / int(finite.sum()), relative)

    def floor(self, key: str, value: float) -> float | None:
        """The floor of a column with this mean; None where it could not be found."""
        return self._floors[key].of(value) if key in self._floors else None

    def how(self) -> dict[str, Any]:
        """How it was computed, for the header."""
        assert self.engine is not None
        return {
            "strategy": self.engine.strategy.name,
            "exact": self.engine.strategy.exact,
            "chunk": self.engine.chunk,
            "dropped": self.engine.dropped,
            "floor_method": self._floor_method,
        }

    def notes(self) -> list[str]:
        notes = super().notes()
        if self.engine is not None and not self.engine.strategy.exact:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.engine.dropped.items())
            notes.insert(
                0,
                f"no forward mode for this model, measured by central differences ({reasons or 'a black box'})",
            )
        return notes


def _of_same_size(directions: Tensor, like: Tensor) -> Tensor:
    """Directions (T, B, ...) scaled, one by one, to the norms of `like`."""
    size = like.flatten(2).norm(dim=2) / directions.flatten(2).norm(dim=2).clamp(
        min=torch.finfo(like.dtype).tiny
    )
    return directions * size.reshape(*size.shape, *[1] * (like.ndim - 2))
