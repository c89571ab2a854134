"""One run: batches of images through the conjugated model, per-image statistics into columns."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from symmeter.autodiff.engine import Engine
from symmeter.autodiff.strategies import Strategy
from symmeter.conjugate import deviation, lie_derivative, stack
from symmeter.data import Batch, ImageData
from symmeter.definitions import Definition
from symmeter.errors import SymmeterError, counted, first_line, shortened
from symmeter.estimate import Columns, standard_error
from symmeter.floor import FLOOR_IMAGES, Floor, differences
from symmeter.interrupt import noticed_interrupts
from symmeter.measures import Measure
from symmeter.network import pure
from symmeter.outputs import Output
from symmeter.representations import Representation, Trivial
from symmeter.symmetry import Symmetry

LOADING_BATCH = 64  # images read at a time; how many are pushed at a time is the engine's choice


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a measurement; `result` holds what was done until then, with status `partial`."""

    def __init__(self, result: Any):
        super().__init__("interrupted")
        self.result = result


class Follower(ABC):
    """Looks on during a run and makes something more of each chunk, as the attribution to layers does."""

    @abstractmethod
    def take(self, run: "Run", x: Tensor, y: Tensor, derivative: Tensor) -> dict[str, Tensor]:
        """Columns (b,) of a chunk: images x (b, ...), outputs y and Lie derivatives (T, b, ...), without controls."""


@dataclass
class Run:
    """The state of one measurement; `execute` fills `columns`, one float64 a measure, generator and image."""

    model: Any
    images: ImageData
    symmetry: Symmetry
    measures: list[Measure]
    output: Output
    definition: Definition
    rho_in: Representation
    device: torch.device
    dtype: torch.dtype
    batch_size: int | None
    control: bool
    progress: bool | None
    follower: "Follower | None" = None
    rho_out: Representation = field(default_factory=Trivial)
    columns: Columns = field(default_factory=Columns)
    names: list[str] = field(default_factory=list)
    non_finite: list[str] = field(default_factory=list)
    stopped: str | None = None
    interrupted: bool = False
    engine: Engine | None = None
    classes: int | None = None
    _floors: dict[str, Floor] = field(default_factory=dict)
    _floor_method: str = ""
    _notes: list[str] = field(default_factory=list)

    def execute(self) -> None:
        """Measure all images. What stops it after some are done is kept in `stopped`; before that, it is raised."""
        hidden = None if self.progress is None else not self.progress
        bar = tqdm(total=self.images.total, desc=self.images.name, unit="image", disable=hidden, leave=False)
        try:
            with noticed_interrupts() as check:
                for batch, donors in self._with_donors():
                    self._measure_batch(batch, donors, bar)
                    check()
        except SymmeterError as error:
            self._stop(error, str(error))
        except KeyboardInterrupt as error:
            self._stop(error, "interrupted")
            self.interrupted = True
        except Exception as error:
            reason = f"{type(error).__name__}: {first_line(error)}"
            self._stop(SymmeterError(f"the model cannot be measured on these images: {reason}"), reason)
        finally:
            bar.close()
        if not self.names:
            shown = (
                "NaN or infinite values for every image" if self.non_finite else "nothing: there was no image"
            )
            raise SymmeterError(f"the model returned {shown}")

    def _stop(self, error: BaseException, reason: str) -> None:
        if not self.names:
            raise error
        self.stopped = reason

    def _with_donors(self) -> Iterator[tuple[Batch, Tensor | None]]:
        """Batches, each with the next image of every image (the last one's is the first) for the control."""
        previous, first = None, None
        for batch in self.images.batches(self.batch_size or LOADING_BATCH):
            if first is None:
                first = batch.images[:1].clone()
            if previous is not None:
                yield previous, self._donors(previous, batch.images[:1])
            previous = batch
        if previous is not None and first is not None:
            alone = len(previous.names) == 1 and not self.names and not self.non_finite
            if alone and self.control:
                self.control = False
                self._notes.append("one image: no standard error and no control; give more images")
            yield previous, self._donors(previous, first)

    def _donors(self, batch: Batch, following: Tensor) -> Tensor | None:
        return torch.cat([batch.images[1:], following]) if self.control else None

    def _f(self, dtype: torch.dtype) -> Any:
        call = pure(self.output.module(self.model), self.device, dtype)
        return lambda x: self.output.read(call(x))

    def _measure_batch(self, batch: Batch, donors: Tensor | None, bar: tqdm) -> None:
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
            bar.update(len(y))
        if not self._floors and self.names:
            self._find_floor(x[:FLOOR_IMAGES])

    def _prepare(self, x: Tensor) -> None:
        """The first look at the model's output: its representation, and whether it fits what is asked of it."""
        f = self._f(self.dtype)
        y = f(x[:1])
        if y.ndim == 0 or len(y) != 1:
            raise SymmeterError(
                f"the model returned shape {tuple(y.shape)} for 1 image; it must keep the batch axis first"
            )
        self.rho_out = self.symmetry.rho_out or self.output.representation(y, self.model, self.definition)
        self.classes = y.shape[1] if y.ndim == 2 and self.output.name in ("softmax", "logits") else None
        if self.output.name == "softmax" and self.classes:
            raw = self.output.raw(pure(self.output.module(self.model), self.device, self.dtype)(x[:1]))
            if bool((raw >= 0).all()) and bool((raw.sum(1) - 1).abs().max() < 1e-3):
                self._notes.append("the model's outputs already sum to 1: softmax was applied to probabilities; "
                                   "use --output logits to measure them as they are")  # fmt: skip
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
        keep = finite.cpu().numpy()
        names = batch.names[part]
        self.non_finite += [name for name, ok in zip(names, keep, strict=True) if not ok]
        self.names += [name for name, ok in zip(names, keep, strict=True) if ok]
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
            self._record_accuracy(batch, part, y, keep)

    def _record_accuracy(self, batch: Batch, part: slice, y: Tensor, keep: np.ndarray) -> None:
        if batch.labels is None:
            return
        labels = batch.labels[part].numpy()[keep]
        order = y.topk(min(5, y.shape[1]), 1).indices.cpu().numpy()[keep]
        hits = order == labels[:, None]
        unknown = labels < 0
        self.columns.add("label", np.where(unknown, np.nan, labels))
        self.columns.add("top1", np.where(unknown, np.nan, hits[:, 0]))
        self.columns.add("top5", np.where(unknown, np.nan, hits.any(1)))

    def accuracy(self) -> dict[str, Any] | None:
        """Top-1 and top-5 accuracy over the labelled images, None without labels that fit the output."""
        if "label" not in self.columns or not self.classes:
            return None
        labels = self.columns["label"]
        known = ~np.isnan(labels)
        if not known.any():
            return None
        if labels[known].max() >= self.classes:
            note = f"labels go up to {labels[known].max():.0f} but the model has {self.classes} outputs: no accuracy"
            self._notes += [note] if note not in self._notes else []
            return None
        top1, top5 = self.columns["top1"][known], self.columns["top5"][known]
        return {
            "top1": float(top1.mean()),
            "standard_error": standard_error(top1),
            "top5": float(top5.mean()) if self.classes > 5 else None,
            "n": int(known.sum()),
        }

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
        """What makes the numbers less trustworthy, a line each."""
        notes = list(self._notes)
        if self.engine is not None and not self.engine.strategy.exact:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in self.engine.dropped.items())
            notes.append(
                f"no forward mode for this model, measured by central differences ({reasons or 'a black box'})"
            )
        if self.non_finite:
            images = counted(len(self.non_finite), "image")
            notes.append(
                f"{images} left out, the model returned NaN or infinity: {shortened(self.non_finite)}"
            )
        if self.stopped:
            notes.append(f"stopped after {len(self.names)} images: {self.stopped}")
        return notes


def _of_same_size(directions: Tensor, like: Tensor) -> Tensor:
    """Directions (T, B, ...) scaled, one by one, to the norms of `like`."""
    size = like.flatten(2).norm(dim=2) / directions.flatten(2).norm(dim=2).clamp(
        min=torch.finfo(like.dtype).tiny
    )
    return directions * size.reshape(*size.shape, *[1] * (like.ndim - 2))
