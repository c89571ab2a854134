"""A run over a group: batches of images through one shared pass over the orbit for all measures and outputs."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.errors import SymmeterError, counted, shortened
from symmeter.measures.measure import OrbitMeasure, Pool
from symmeter.measures.orbit import Chunk, View
from symmeter.measuring.floor import FLOOR_IMAGES, nudged, nudged_within
from symmeter.measuring.kernels import Kernels, average
from symmeter.measuring.passes import Inputs, Passes, moved, returned, watching
from symmeter.measuring.reference_samples import Donors
from symmeter.measuring.run import Run
from symmeter.measuring.targets import ElementSums, PairSums, Reduced, Target, quantity_of
from symmeter.models.outputs import Output
from symmeter.results.columns import Key
from symmeter.samples import Batch
from symmeter.symmetry.groups.group import Element, ElementSet, Group, choose_elements, equal_pairs
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_FLOOR_ELEMENTS = 16


@dataclass(kw_only=True)
class OrbitRun(Run):
    """All measures of all outputs over one group.

    Of every measure and output there is one column per statistic. `control` may also be "wrong-group": outputs are
    then taken as if the group did not move them.
    """

    group: Group
    outputs: list[Output] = field(default_factory=list)
    elements: ElementSet | None = None
    targets: list[Target] = field(default_factory=list)
    forwards: int = 0
    constants: dict[Key, float] = field(default_factory=dict)
    sums: dict[Key, ElementSums] = field(default_factory=dict)
    pairs: dict[Key, PairSums] = field(default_factory=dict)
    kernels: Kernels | None = None
    _floors: dict[Key, float] = field(default_factory=dict)
    _chunk: int = 0

    loading_batch = 32
    unit = "pass"

    @property
    def measures(self) -> tuple[OrbitMeasure, ...]:
        """What is measured of every output."""
        return self.plan.over

    @property
    def wrong_group(self) -> bool:
        """Whether the control takes outputs as if the group did not move them."""
        return self.plan.control == "wrong-group"

    def _title(self) -> str:
        return f"{self.group.name} on {self.samples.name}"

    def _steps(self) -> int | None:
        return self.samples.total

    def _needs_donors(self) -> bool:
        return self.control or any(m.needs_other for m in self.measures)

    def _measure_batch(self, batch: Batch, donors: Donors | None) -> Iterator[int]:
        x = batch.inputs.to(self.device, self.dtype)
        donors = None if donors is None else donors.to(x)
        if self.elements is None:
            self._prepare(x)
        start = 0
        while start < len(x):
            part = slice(start, start + self._chunk)
            try:
                self._measure_chunk(batch, part, x[part], donors)
            except SymmeterError:
                raise
            except Exception:  # memory ran out, or the model has its own limit to a batch
                if self._chunk == 1 or len(x[part]) == 1:
                    raise
                self._chunk = len(x[part]) // 2
                continue
            yield len(x[part])
            start += len(x[part])
        if not self._floors and self.names:
            labels = self._labels(batch, slice(0, FLOOR_IMAGES))
            self.optional("the floor", lambda: self._find_floor(x[: min(FLOOR_IMAGES, self._chunk)], labels))

    def _prepare(self, x: Tensor) -> None:
        """The first look at the inputs and outputs: whether the group can act on them, and how."""
        self._chunk = self.batch_size or self.loading_batch
        settings = self.plan.settings
        self.group = self.group.bind(self.rho_in.bound_shape(tuple(x.shape[1:])), self.domain.padded)
        self.elements = choose_elements(self.group, settings.elements, self.seed, settings.sampling)
        self.kernels = Kernels(self.elements)
        identity = self.elements.elements[0] @ self.elements.elements[0].inverse()
        function = self._look(self.plan.outputs, self.rho_in.act(identity, x[:2])[0])
        self._function, self.outputs = function, list(function.outputs)
        first = function(self.rho_in.act(identity, x[:1])[0])
        kept = []
        for output, y in zip(self.outputs, first, strict=True):
            try:
                rho = self.plan.symmetry.rho_out or output.representation(y, self.model, self.domain)
            except SymmeterError:
                if not self.plan.lenient:
                    raise
                continue
            kept.append(self._target(output, rho, y))
            self.remarks += self.domain.remarks(output.name, y, rho, self.elements.elements)
            if output.is_scores(y):
                self.classes = y.shape[1]
        self._keep_outputs(kept, [str(o) for o in self.outputs])

    def _keep_outputs(self, kept: list[Target], asked: list[str]) -> None:
        """Go on with the outputs that can be measured; those that a pattern brought along are named."""
        self.targets = kept
        left_out = [name for name in asked if name not in [str(t.output) for t in kept]]
        if not kept:
            raise SymmeterError(f"no output can be measured: how {self.group.name} acts on them is not known")
        if left_out:
            self.outputs = [t.output for t in kept]
            known = dict(zip(self._function.outputs, self._function.shapes or (), strict=False))
            shapes = tuple(known[output] for output in self.outputs) if known else None
            function = self.function_of(self.outputs)
            self._function = replace(function, batching=self._function.batching, shapes=shapes)
            self.remarks.append(
                f"{len(left_out)} outputs left out, their layout is not known: {shortened(left_out)}"
            )

    def _target(self, output: Output, rho: Representation, y: Tensor) -> Target:
        assert self.elements is not None and self.kernels is not None
        if self.wrong_group and isinstance(rho, Trivial):
            raise SymmeterError(f"output {str(output)!r} is invariant, so no group is the wrong one for it; the "
                                "wrong-group control needs an output that the group moves")  # fmt: skip
        quantity = quantity_of(output, y)
        measures = [m.fitted(quantity) for m in self.measures]
        for m in measures:
            m.check(quantity, self.elements)
        target = Target(output, quantity, rho, measures)
        if any(m.needs_mean for m in measures):
            self.kernels.find(target, y)
        target.pools, target.control_pools = target.new_pools(), target.new_pools()
        return target

    def _labels(self, batch: Batch, part: slice) -> Tensor | None:
        labels = None if batch.labels is None else batch.labels[part]
        return None if labels is None or bool((labels < 0).all()) else labels

    def _measure_chunk(self, batch: Batch, part: slice, x: Tensor, donors: Donors | None) -> None:
        """One chunk of images through the orbit, and through that of the control."""
        labels = self._labels(batch, part)
        other = None
        positions = torch.arange(part.start, part.start + len(x))
        if donors is not None and any(m.needs_other for m in self.measures):
            other = self._function(self._still(donors.of(positions)))
        still = torch.ones(len(x), dtype=torch.bool)
        watched = watching(moved(self.rho_in, x), self._still(x), still)
        own = self._reduce(watched, x, labels, other, pools=[t.pools for t in self.targets], alone=True)
        finite = own.finite
        control = None
        lacking = torch.zeros(len(x), dtype=torch.bool)
        if self.control and donors is not None:
            inputs = (
                moved(self.rho_in, x) if self.wrong_group
                else self.domain.displaced(self.rho_in, x, donors.of(positions), self._still,
                               self._replacing(donors, positions, lacking))
            )  # fmt: skip
            pools = [t.control_pools for t in self.targets]
            control = self.optional(
                "the control",
                lambda: self._reduce(inputs, x, labels, other, pools=pools, wrong=self.wrong_group),
            )
            if control is None:  # not for some images only: values and controls are compared in pairs
                self.control = False
                self.columns.discard_controls()
            finite = finite if control is None else finite & control.finite
        found = [(reduced, reduced.columns()) for reduced in (own, control) if reduced is not None]
        keep = self._keep(batch.names[part], finite)
        for (reduced, columns), of_control in zip(found, (False, True), strict=False):
            reduced.close(finite)
            for key, values in columns.items():
                self.columns.add(key.as_control() if of_control else key, values[keep])
        names = [name for name, kept in zip(batch.names[part], keep, strict=True) if kept]
        self._note_still(self.group.name, names, still.numpy()[keep], lacking.numpy()[keep])
        own.add_elements(self.sums, self.elements.count if self.elements else 0, keep)
        own.add_pairs(self.pairs, torch.from_numpy(keep))
        if self.classes:
            scores = next(c.reference for t, c in zip(self.targets, own.chunks, strict=True)
                          if t.output.name in ("softmax", "logits"))  # fmt: skip
            self._record_accuracy(None if batch.labels is None else batch.labels[part], scores, keep)
        if not self.constants:
            self._find_constants(own.chunks)

    def _replacing(self, donors: Donors, positions: Tensor, lacking: Tensor) -> Any:
        """What puts the next donor in the place of one that an element does not move; notes in `lacking` if none is."""

        def replaced(g: Element, step: Tensor, displacement: Tensor) -> Tensor:
            move = lambda y: (self.rho_in.act(g, y)[0] - self._still(y))[None]
            found, without = donors.directions(positions, displacement[None], move, step[None])
            lacking.logical_or_(without[0].to(lacking))
            return found[0]

        return replaced

    def _still(self, x: Tensor) -> Tensor:
        """The input as it is: a window of it where the group moves a window."""
        assert self.elements is not None
        g = self.elements.elements[0]
        return self.rho_in.act(g @ g.inverse(), x)[0]

    def _reduce(
        self, inputs: Inputs, x: Tensor, labels: Tensor | None, other: list[Tensor] | None,
        *, pools: list[dict[str, Pool]] | None = None, wrong: bool = False, floor: bool = False,
        which: Sequence[int] | None = None, alone: bool = False,
    ) -> "Reduced":  # fmt: skip
        """All measures of some images on one pass over the orbit."""
        assert self.elements is not None and self.kernels is not None
        elements = self.elements.elements
        which = range(len(elements)) if which is None else which
        passes = Passes(self._function, inputs, self.kernels.all, self._chunk)
        reference = self._reference(passes, x, which, floor)
        chunks = [
            self._chunk_of(target.rho, y, which, None if other is None else other[k], labels)
            for k, (target, y) in enumerate(zip(self.targets, reference, strict=True))
        ]
        if not floor:
            average(passes, self.targets, chunks)
        reduced = Reduced(self.targets, chunks, pools or [{} for _ in chunks], alone=alone)
        for i, outputs in passes(which):
            g = elements[i]
            stand_in = g @ g.inverse() if wrong else g
            for k, y in enumerate(outputs):
                if (
                    floor
                ):  # what a symmetric network would give, rounded anew: it is moved where f(g x) would be
                    y = self.targets[k].rho.act(g, nudged(y, i))[0]
                reduced.add(k, i, View(stand_in, y, chunks[k], i, g.is_identity))
        self.forwards += passes.forwards
        return reduced

    def _reference(self, passes: Passes, x: Tensor, which: Sequence[int], floor: bool) -> list[Tensor]:
        """f(x): the identity's outputs where it is among the elements."""
        assert self.elements is not None
        first = which[0] if len(which) else 0
        if not floor and self.elements.elements[first].is_identity:
            return [y.clone() for y in next(passes([first], keep=True))[1]]
        self.forwards += len(x)
        return self._function(self._still(x))

    def _chunk_of(
        self,
        rho: Representation,
        y: Tensor,
        which: Sequence[int],
        other: Tensor | None,
        labels: Tensor | None,
    ) -> Chunk:
        assert self.elements is not None
        sampled, finite = self.elements.sampled, self.elements.finite
        chosen = [self.elements.elements[i] for i in which]
        return Chunk(y, rho, len(which), sampled, finite, equal_pairs(chosen) if sampled or finite else 0,
                     other=other, labels=labels)  # fmt: skip

    def _find_floor(self, x: Tensor, labels: Tensor | None) -> None:
        """The mean error of a symmetric network: g^-1 g x, a unit of round-off, and the same for the output."""
        assert self.elements is not None
        step = max(1, len(self.elements.elements) // _FLOOR_ELEMENTS)
        which = range(0, len(self.elements.elements), step)[:_FLOOR_ELEMENTS]
        draws = count()
        inputs = (
            (
                lambda g: nudged_within(self._still(x), next(draws), self.nudge)
            )  # a window is moved without loss
            if self.rho_in.shape_for(tuple(x.shape[1:])) != tuple(x.shape[1:])
            else returned(self.rho_in, x, lambda z, seed: nudged_within(z, seed, self.nudge))
        )
        others = self._function(self._still(x.roll(1, 0)))
        pools = [target.new_pools() for target in self.targets]
        reduced = self._reduce(inputs, x, labels, others, pools=pools, floor=True, which=which)
        reduced.close(reduced.finite)
        for k, target in enumerate(self.targets):
            for m in target.measures:
                columns = reduced.reducers[k][m.name].columns()
                if "error" in columns:
                    errors = columns["error"][reduced.finite.to(columns["error"].device)]
                    if len(errors):
                        self._floors[target.key(m)] = float(errors.mean())
                elif (found := pools[k][m.name].estimate()) is not None:
                    self._floors[target.key(m)] = found[0]

    def _find_constants(self, chunks: list[Chunk]) -> None:
        """What a constant network would score: every output that of the first image."""
        assert self.elements is not None
        elements = self.elements.elements[:_FLOOR_ELEMENTS]
        for target, own in zip(self.targets, chunks, strict=True):
            y, labels = own.reference[:1], None if own.labels is None else own.labels[:1]
            chunk = self._chunk_of(target.rho, y, range(len(elements)), y, labels)
            for m in target.measures:
                reducer = m.reducer(chunk)
                for i, g in enumerate(elements):
                    reducer.add(View(g, y, chunk, i, g.is_identity))
                columns = reducer.columns()
                if "error" in columns:
                    scale = columns.get("scale")
                    error = float(columns["error"].mean()) / (
                        1.0 if scale is None else float(scale.mean()) or math.nan
                    )
                    self.constants[target.key(m)] = m.value(error)

    def floor(self, key: Key) -> float | None:
        """The floor of a column's error; None where it could not be found."""
        return self._floors.get(key)

    def how(self) -> dict[str, Any]:
        assert self.elements is not None and self.kernels is not None
        return {
            "group": self.group.name,
            "closed": self.group.closed,  # False: a window of a group, and means are over the window
            "elements": self.elements.count,
            "sampled": self.elements.sampled,
            "sampling": self.plan.settings.sampling,
            "forward_passes": self.forwards,
            "kernel": self.kernels.counts,
            "kernel_mean": {
                str(t.output): "estimated" if t.estimated else "whole" for t in self.targets if t.average
            },
            "chunk": self._chunk,
            "floor_method": "g^-1 g x and one unit of round-off",
        }

    def notes(self) -> list[str]:
        notes = super().notes()
        for target in self.targets:
            for pool in target.pools.values():
                notes += pool.notes(target.quantity)
            for m in target.measures:
                notes += self._infinities(target.key(m))
        return notes

    def _infinities(self, key: Key) -> list[str]:
        """What divides by a probability or a norm may be infinite: then so is its mean, and a control is none."""
        notes = []
        for own, whose, what in (
            (key, key.measure, "so is the mean"),
            (key.as_control(), f"{key.measure} of the control", "there is no control"),
        ):
            values = self.columns.get(own)
            count = 0 if values is None else int((~np.isfinite(values)).sum())
            if count:
                notes.append(
                    f"{whose} is infinite for {counted(count, self.item)}, where a probability or norm that it "
                    f"divides by is 0: {what}; try float64, or a bounded measure (js_consistency, geed)"
                )
        return notes
