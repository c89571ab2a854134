"""A run along generators: batches of samples through the Lie derivative of the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import compress
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.autodiff.pushforward import Pushforward
from symmeter.measures.measure import DerivativeMeasure
from symmeter.measuring.accuracy import record
from symmeter.measuring.derivative_audit import remarks_along
from symmeter.measuring.derivative_kind import Kind, by_differences, by_output
from symmeter.measuring.directions import Directions, Part
from symmeter.measuring.floor import FirstSamples, Floor
from symmeter.measuring.function import Function
from symmeter.measuring.kinds import Recent
from symmeter.measuring.observers import Observer
from symmeter.measuring.reference_samples import Beside
from symmeter.measuring.run import Run
from symmeter.measuring.targets import Target, quantity_of
from symmeter.models.outputs import Output
from symmeter.results.columns import BOUNDARY, CONTROL_OF, SPECIFICITY, STABILITY, Key
from symmeter.samples import Batch
from symmeter.symmetry.conjugate import deviation
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial


@dataclass(kw_only=True)
class DerivativeRun(Run):
    """Lie derivatives along all generators at once, a column each; `rho_out` acts on the direct sum of outputs."""

    observer: Observer | None = None
    deform: bool = False  # whether there is a control of specificity
    targets: list[Target] = field(default_factory=list)
    rho_out: Representation = field(default_factory=Trivial)
    pushforward: Pushforward | None = None
    _kinds: Recent["Kind"] = field(default_factory=Recent)
    _first: "Kind | None" = None  # that of the samples which the floor is found on
    _few: FirstSamples = field(default_factory=FirstSamples)  # for the floor
    _floors: dict[Key, Floor] = field(default_factory=dict)
    _floor_method: str = ""
    _scores: int | None = None  # which output holds the scores of classes

    @property
    def measures(self) -> tuple[DerivativeMeasure, ...]:
        """What is measured of every output."""
        return self.plan.along

    @property
    def output(self) -> Output:
        """The output, or the first of several."""
        return self.targets[0].output

    def key(self, measure: DerivativeMeasure, generator: Generator, target: Target) -> Key:
        """The name of a column; of one output alone it does not name that."""
        return Key(measure.name, generator.name, output=str(target.output) if len(self.targets) > 1 else None)

    def execute(self) -> None:
        """Measure all samples; then the floor, where they were fewer than it asks for, and what the observer adds."""
        super().execute()
        try:
            self._find_floor_once()
            if self.observer is not None and self._first is not None:
                self._enter(self._first)
                self.observer.finish(self)
        except KeyboardInterrupt as error:  # what was measured is not lost
            self._stop(error, "interrupted")
            self.interrupted = True

    def _find_floor_once(self) -> None:
        if not self._floor_method and self._first is not None:
            self._floor_method = "none"
            self._enter(self._first)
            self.optional("the floor", self._find_floor)

    def _measure_batch(self, batch: Batch, beside: Beside) -> Iterator[int]:
        x = batch.inputs.to(self.device, self.dtype)
        directions = self.directions
        self._enter(self._kind_of(batch, x))
        assert self.pushforward is not None
        if not self.deform:
            beside = replace(beside, random=None)
        parts: dict[int, Part] = {}

        def tangents(part: slice) -> Tensor:
            """The directions of a part of the batch."""
            positions = torch.arange(*part.indices(len(x)))
            found, known = directions.of(x[part], positions, beside)
            if beside.lone:  # it would be compared with itself
                known = replace(known, lacking=torch.ones_like(known.lacking))
            parts[part.start] = known
            return found

        for part, y, pushed in self.pushforward.push(x, tangents):
            known = parts.pop(part.start)
            times = 1 + len(known.sizes)
            responses = directions.responses(pushed, known).unflatten(0, (times, -1))
            derivative = deviation(responses, y, self.generators, self.rho_out).flatten(0, 1)
            finite = self._record(batch, part, x[part], y, derivative, known)
            if self._first is not None and self.pushforward is self._first.pushforward:
                self._few.add(x[part], y, pushed[: known.own], finite)
            yield len(y)
        if not self._few.wanted:
            self._find_floor_once()

    def _enter(self, kind: "Kind") -> None:
        """Go on with samples of a kind."""
        self.targets, self.rho_out, self.pushforward = kind.targets, kind.rho_out, kind.pushforward

    def _kind_of(self, batch: Batch, x: Tensor) -> "Kind":
        """What is known of the kind of samples x (B, ...) in a batch."""
        known = self._kinds.get(batch.kind)
        if known is None:
            if self._first is None:
                function = self._look(self.plan.outputs, x)
                assert self.seen is not None
                raw = self.seen.first
                self._first = known = self._prepare(raw, function)
                self._remark_on_first(known, x, raw)
            else:
                function = replace(self._first.function, shapes=None)
                known = self._prepare(function.raw(x[:1]), function)
            self._kinds.keep(batch.kind, known)
        return known

    def _remark_on_first(self, kind: "Kind", x: Tensor, raw: Sequence[Tensor]) -> None:
        """What samples x (B, ...), and the `raw` outputs of the first, show: classes, whether they can be deformed."""
        found = kind.function.read(raw)
        self.targets = kind.targets
        self.remarks += self.domain.remarks_on_inputs(x, self.generators)
        for target, y in zip(kind.targets, found, strict=True):
            self.remarks += self.domain.remarks(target.output.label, y, target.rho, self.generators)
        self._scores = next((i for i, y in enumerate(found) if kind.targets[i].output.is_scores(y)), None)
        self._found_classes(None if self._scores is None else found[self._scores].shape[1])
        if self.output.name == "softmax" and self.classes:
            self._check_softmax(raw[0])
        if self.deform and not self.directions.can_deform(x[:1]):
            self.deform = False

    def _deforms(self) -> bool:
        return self.deform and not self.alone

    @property
    def controls(self) -> tuple[str, ...]:
        """Those that there are, in the order of their directions."""
        there = {STABILITY: self.control, SPECIFICITY: self._deforms()}
        return tuple(name for name, is_there in there.items() if is_there)

    @cached_property
    def directions(self) -> Directions:
        """In which samples are moved."""
        return Directions(self.domain, self.rho_in, self.generators)

    def _prepare(self, raw: Sequence[Tensor], function: Function) -> "Kind":
        """The outputs, of which one sample's are `raw`: how they move, and whether they fit what is asked."""
        found = function.read(raw)
        targets = [self._target(o, y) for o, y in zip(function.outputs, found, strict=True)]
        rho_out = targets[0].rho
        if len(targets) > 1:
            shapes = tuple(tuple(y.shape[1:]) for y in found)
            rho_out = Packed(shapes, tuple(target.rho for target in targets))
        double = cache(lambda: function.twin(torch.float64))  # made only if it is needed
        wide = None if self.dtype == torch.float64 else lambda z: _as_one(double()(z))
        quantised = self.seen is not None and self.seen.precision.quantised
        pushforward = Pushforward(
            lambda z: _as_one(function(z)),
            batch_size=function.batching.size or self.batch_size,
            wide=wide,
            differentiable=not quantised,
            sizes=[y[0].numel() for y in found] if len(found) > 1 else (),
        )
        return Kind(function, targets, rho_out, pushforward)

    def _target(self, output: Output, y: Tensor) -> Target:
        """What is measured of an output y (1, ...)."""
        rho = self.plan.rho_out(output, y)
        return Target(output, quantity_of(output, y, self.domain), rho)

    def by_output(self, values: Tensor) -> list[Tensor]:
        """Outputs or their derivatives (..., entries) as one tensor for each output."""
        return by_output(self.rho_out, values)

    def _record(
        self,
        batch: Batch,
        part: slice,
        x: Tensor,
        y: Tensor,
        derivative: Tensor,
        known: Part,
    ) -> Tensor:
        """Statistics per sample of one chunk into the columns; samples with non-finite values go by name.

        Of inputs x (b, ...), outputs y (b, ...) and derivatives (T, b, ...), those along the controls the last. Returns
        which are finite, (b,).
        """
        finite = y.flatten(1).isfinite().all(1) & derivative.flatten(2).isfinite().all(2).all(0)
        more: dict[Key, Tensor] = {}
        if self.observer is not None and bool(finite.any()):
            own = derivative[: len(self.generators)]
            found = self.observer.take(self, x[finite], y[finite], own[:, finite])
            more = {key: torch.full(finite.shape, torch.nan, dtype=torch.float64) for key in found}
            for key, values in found.items():
                more[key][finite.cpu()] = values.double().cpu()
        keep = self._keep(batch.names[part], finite)
        names = list(compress(batch.names[part], keep))
        still, without = (flags.cpu().numpy()[:, keep] for flags in (known.still, known.lacking))
        for i, generator in enumerate(self.generators):
            self._note_still(generator.name, names, still[i], without[i])
        outputs = self.by_output(y)
        for target, own_y, own in zip(self.targets, outputs, self.by_output(derivative), strict=True):
            self._record_target(target, own_y, own, keep, without)
        for key, values in more.items():
            self.columns.add(key, values.numpy()[keep])
        if self._scores is not None:
            record(self.columns, self.class_numbers.of(batch.labels_of(part)), outputs[self._scores], keep)
        return finite

    def _record_target(
        self, target: Target, y: Tensor, derivative: Tensor, keep: np.ndarray, without: np.ndarray
    ) -> None:
        """The statistics of one output y (b, ...) with derivatives (T, b, ...); those of controls are the last."""
        border, count = target.rho.border(y), len(self.generators)
        for m in self.measures:
            values = m.statistic(derivative).cpu().numpy()[:, keep]
            if self.control:
                values[count : 2 * count][without] = np.nan
            edge = None if border is None else m.statistic(derivative[:count], border).cpu().numpy()[:, keep]
            for i, generator in enumerate(self.generators):
                key = self.key(m, generator, target)
                self.columns.add(key, values[i])
                for number, control in enumerate(self.controls, start=1):
                    self.columns.add(key.as_control(control), values[number * count + i])
                if edge is not None:
                    self.columns.add(key.as_statistic(BOUNDARY), edge[i])

    def _find_floor(self) -> None:
        """The floor from a few samples of the first kind, and whether the actions on them are right."""
        kind, generators = self._first, self.generators
        assert kind is not None
        x, _, _ = self._few.joined()
        totals, errors, self._floor_method = kind.differences(self._few, self.rho_in, generators, self.nudge)
        for target, own, own_errors in zip(self.targets, totals, errors, strict=True):
            self._take_floor(target, own, own_errors)
        audit = lambda: remarks_along(self.domain, kind, self.rho_in, generators, x, totals, errors)
        self.remarks += self.optional("the audit of actions", audit) or []

    def _take_floor(self, target: Target, found: Tensor, errors: Tensor) -> None:
        """The floors of one output from its derivatives and how far they are off, both (T, b, ...)."""
        for m in self.measures:
            total, error = m.statistic(found), m.statistic(errors)
            finite = (total + error).isfinite().all(0)
            for i, generator in enumerate(self.generators):
                value, wrong = float(total[i, finite].sum()), float(error[i, finite].sum())
                if finite.any():
                    relative = min(wrong / value, 1.0) if value > 0 else 0.0
                    self._floors[self.key(m, generator, target)] = Floor(wrong / int(finite.sum()), relative)

    def floor(self, key: Key, value: float) -> float | None:
        """The floor of a column with this mean; None where it could not be found."""
        return self._floors[key].of(value) if key in self._floors else None

    def how(self) -> dict[str, Any]:
        """How it was computed, for the header."""
        assert self.pushforward is not None
        return {
            "strategy": self.pushforward.strategy.name,
            "exact": self.pushforward.strategy.exact,
            "chunk": self.pushforward.chunk,
            "dropped": self.pushforward.dropped,
            "floor_method": self._floor_method,
            "controls": [name for name, control in CONTROL_OF.items() if control in self.controls],
        }

    def notes(self) -> list[str]:
        notes = super().notes()
        if self.pushforward is None:
            return notes
        if self.pushforward.verifier.left_out:
            notes.append(self.pushforward.verifier.left_out)
        if not self.pushforward.strategy.exact:
            notes.insert(0, by_differences(self.pushforward.dropped))
        return notes


def _as_one(outputs: Sequence[Tensor]) -> Tensor:
    """Several outputs (B, ...) as their direct sum (B, entries); one as it is."""
    return outputs[0] if len(outputs) == 1 else torch.cat([y.flatten(1) for y in outputs], 1)
