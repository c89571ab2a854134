"""A run over a group: batches of samples through one shared pass over the orbit for all measures and outputs."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import compress
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.errors import SymmeterError, shortened
from symmeter.measures.measure import OrbitMeasure
from symmeter.measuring.accuracy import record
from symmeter.measuring.constant_network import constant_values
from symmeter.measuring.error_split import Splitting
from symmeter.measuring.function import Function
from symmeter.measuring.kernels import Kernels
from symmeter.measuring.kinds import Orbits
from symmeter.measuring.observers import OrbitObserver
from symmeter.measuring.orbit_control import displaced_inputs
from symmeter.measuring.orbit_floor import METHOD
from symmeter.measuring.orbit_pass import Compared, Orbit, unmoved
from symmeter.measuring.orbit_probes import Probes
from symmeter.measuring.passes import Inputs, moved, watching
from symmeter.measuring.reference_samples import Beside
from symmeter.measuring.remembered import Remembered
from symmeter.measuring.run import Run
from symmeter.measuring.spectrum import spectra
from symmeter.measuring.targets import (
    ElementSums,
    OrbitTarget,
    PairSums,
    Reduced,
    check_kind,
    check_moves,
    quantity_of,
)
from symmeter.models.outputs import Output
from symmeter.results.columns import VALUE, Key
from symmeter.results.nodes import Nodes
from symmeter.results.spectrum import Spectrum
from symmeter.samples import Batch
from symmeter.symmetry.groups.group import ElementSet, Group, choose_elements
from symmeter.symmetry.representations.representation import Representation


@dataclass(kw_only=True)
class OrbitRun(Run):
    """All measures of all outputs over one group, of each one column per statistic.

    `control` may be "wrong-group": outputs are taken as if the group did not move them. `orbit` is the present one.
    """

    group: Group
    splitting: Splitting = field(default_factory=Splitting)
    observer: OrbitObserver | None = None
    orbit: Orbit | None = None
    orbits: Orbits = field(default_factory=Orbits)
    forwards: int = 0  # samples that went through the model
    constants: dict[Key, float] = field(default_factory=dict)
    sums: dict[Key, ElementSums] = field(default_factory=dict)
    pairs: dict[Key, PairSums] = field(default_factory=dict)
    distances: dict[str, PairSums] = field(default_factory=dict)
    probes: Probes = field(default_factory=Probes)
    nodes: dict[Key, Nodes] = field(default_factory=dict)

    loading_batch = 32
    unit = "pass"

    @property
    def measures(self) -> tuple[OrbitMeasure, ...]:
        """What is measured of every output."""
        return self.plan.over

    @property
    def elements(self) -> ElementSet:
        """The elements of the group that are run over; the most, where samples of several shapes have their own."""
        return self.orbits.largest.elements

    @property
    def targets(self) -> list[OrbitTarget]:
        """The outputs, and what is measured of each."""
        return self.orbits.largest.targets

    @property
    def wrong_group(self) -> bool:
        """Whether the control takes outputs as if the group did not move them."""
        return self.plan.control == "wrong-group"

    def execute(self) -> None:
        super().execute()
        if self.observer is not None:
            self.observer.finish(self)

    def _title(self) -> str:
        return f"{self.group.name} on {self.samples.name}"

    def _steps(self) -> int | None:
        return self.samples.total

    def _needs_references(self) -> bool:
        return (self.control and self.domain.needs_references) or any(m.needs_other for m in self.measures)

    def _measure_batch(self, batch: Batch, beside: Beside) -> Iterator[int]:
        x = batch.inputs.to(self.device, self.dtype)
        orbit = self.orbit = self._orbit_of(batch, x)
        start, before = 0, orbit.forwards
        while start < len(x):
            part = slice(start, start + orbit.at_once)
            try:
                self._measure_chunk(orbit, batch, part, x[part], beside)
            except SymmeterError:
                raise
            except Exception:  # memory ran out, or the model has its own limit to a batch
                if orbit.at_once == 1 or len(x[part]) == 1:
                    raise
                orbit.at_once = len(x[part]) // 2
                continue
            yield len(x[part])
            start += len(x[part])
        self.probes.ask(self, orbit, batch, x)
        self.forwards += orbit.forwards - before

    def _orbit_of(self, batch: Batch, x: Tensor) -> Orbit:
        """The orbit of the kind of samples x (B, ...) in a batch."""
        known = self.orbits.of(batch.kind)
        if known is None:
            known = self.prepared(x) if self.orbit is None else self._prepared_as(self.orbit, x)
            self.orbits.keep(batch.kind, known)
        if not self.orbits.same_count:
            self.sums, self.pairs, self.distances = {}, {}, {}
        return known

    def _prepared_as(self, other: Orbit, x: Tensor) -> Orbit:
        """The orbit of inputs x (B, ...) of another kind, of which the same is measured."""
        elements = self._elements_for(x)
        kernels, function = Kernels(elements), replace(other.function, shapes=None)
        rho_in = self.rho_in.fitted(x)
        first = function(unmoved(rho_in, elements, x[:1]))
        targets = []
        for target, y in zip(other.targets, first, strict=True):
            rho = self.plan.rho_out(target.output, y)
            targets.append(self._target(target.output, rho, y, kernels).sharing(target))
        known = Remembered(x[:1], [first])
        return Orbit(function, rho_in, elements, kernels, targets, other.at_once, known=known)

    def _elements_for(self, x: Tensor) -> ElementSet:
        """The elements of the group as it acts on inputs x (B, ...)."""
        settings = self.plan.settings
        self.group = self.domain.bound(self.group, self.rho_in, x)
        return choose_elements(self.group, settings.elements, self.seed, settings.sampling)

    def prepared(self, x: Tensor) -> Orbit:
        """A first look at inputs x (B, ...) and their outputs: whether the group can act on them, and how."""
        elements = self._elements_for(x)
        kernels, rho_in = Kernels(elements), self.rho_in.fitted(x)
        function = self._look(self.plan.outputs, unmoved(rho_in, elements, x[:2]))
        assert self.seen is not None
        self.remarks += self.domain.remarks_on_inputs(x, elements.elements)
        targets, first = [], []
        for output, raw in zip(function.outputs, self.seen.first, strict=True):
            y = output.read(raw)
            rho = self.plan.known_rho_out(output, y)
            if rho is None:
                continue
            targets.append(self._target(output, rho, y, kernels))
            first.append(y)
            self.remarks += self.domain.remarks(output.label, y, rho, elements.elements)
        scores = (y.shape[1] for target, y in zip(targets, first, strict=True) if target.output.is_scores(y))
        self._found_classes(next(scores, None))
        function = self._narrowed(function, [target.output for target in targets])
        at_once = self.batch_size or self.loading_batch
        known = Remembered(x[:1], [first])
        return Orbit(function, rho_in, elements, kernels, targets, at_once, known=known)

    def _target(self, output: Output, rho: Representation, y: Tensor, kernels: Kernels) -> OrbitTarget:
        """What is measured of an output y (1, ...) on which the group acts by `rho`."""
        if self.wrong_group:
            check_moves(output, rho)
        quantity = quantity_of(output, y, self.domain)
        measures = [m.fitted(quantity) for m in self.measures]
        for m in measures:
            check_kind(m, output, rho)
            m.check(quantity, kernels.elements)
        target = OrbitTarget(output, quantity, rho, measures, self.group.name, len(self.plan.outputs) == 1)
        if any(m.needs_mean for m in measures):
            kernels.find(target, y)
        return target

    def _narrowed(self, function: Function, kept: list[Output]) -> Function:
        """The function of the outputs that can be measured; those that a pattern brought along are named."""
        left_out = [str(output) for output in function.outputs if output not in kept]
        if not kept:
            raise SymmeterError(f"no output can be measured: how {self.group.name} acts on them is not known")
        if not left_out:
            return function
        self.remarks.append(
            f"{len(left_out)} outputs left out, their layout is not known: {shortened(left_out)}"
        )
        known = dict(zip(function.outputs, function.shapes or (), strict=False))
        shapes = tuple(known[output] for output in kept) if known else None
        return replace(self.function_of(kept), batching=function.batching, shapes=shapes)

    def _measure_chunk(self, orbit: Orbit, batch: Batch, part: slice, x: Tensor, beside: Beside) -> None:
        """One chunk x (b, ...) of a batch through the orbit, and through that of the control."""
        references, positions = beside.references, torch.arange(part.start, part.start + len(x))
        others = None
        if references is not None and not beside.lone and any(m.needs_other for m in self.measures):
            others = orbit.function(orbit.still(references.of(positions)))
        compared = Compared(x, self.class_numbers.known(batch.labels_of(part)), others)
        still = torch.ones(len(x), dtype=torch.bool)
        watched = watching(moved(orbit.rho_in, x), orbit.still(x), still)
        own = orbit.reduced(watched, compared, pools=orbit.pools, alone=True, answers=self.splitting.wanted)
        split = self.splitting.found(orbit, own, x, batch, part)
        lacking = torch.zeros(len(x), dtype=torch.bool)
        control = None
        if self.control and (references is not None or not self.domain.needs_references):
            inputs = moved(orbit.rho_in, x)
            if not self.wrong_group:
                inputs, lacking = displaced_inputs(orbit, self.domain, x, references, positions)
                lacking |= beside.lone and self.domain.needs_references
            control = self._control(orbit, inputs, compared)
        keep = self._take(batch.names[part], own, control, lacking.numpy())
        self.splitting.take(split, self.columns, keep)
        self.samples.compared |= self.splitting.labelled
        if self.observer is not None:
            self.observer.add(self, x, keep)
        names = list(compress(batch.names[part], keep))
        own.add_nodes(self.nodes, names, keep, self.domain.node_kinds(x))
        self._note_still(self.group.name, names, still.numpy()[keep], lacking.numpy()[keep])
        if self.classes:
            record(self.columns, self.class_numbers.of(batch.labels_of(part)), own.scores, keep)
        if not self.constants:
            self.constants = constant_values(orbit, own.chunks)

    def _control(self, orbit: Orbit, inputs: Inputs, compared: Compared) -> Reduced | None:
        """What is measured of the control's inputs; None, and no control any more, where the model fails on them."""
        of_control = lambda: orbit.reduced(
            inputs, compared, pools=orbit.control_pools, wrong=self.wrong_group
        )
        control = self.optional("the control", of_control)
        if control is None:  # not for some samples only: values and controls are compared in pairs
            self.control = False
            self.columns.discard_controls()
        return control

    def _take(
        self, names: tuple[str, ...], own: Reduced, control: Reduced | None, lacking: np.ndarray
    ) -> np.ndarray:
        """Take down what was found; which samples (b,) to keep. Those `lacking` (b,) a reference have no control."""
        finite = own.finite
        columns = own.columns()
        if control is not None:
            finite = finite & control.finite
            for key, values in control.columns().items():
                if key.statistic == VALUE:
                    values = np.where(lacking, np.nan, values)
                columns[key.as_control()] = values
            control.close(finite)
        keep = self._keep(names, finite)
        own.close(finite)
        for key, values in columns.items():
            self.columns.add(key, values[keep])
        if self.orbits.same_count:
            own.add_elements(self.sums, self.elements.count, keep, self.orbits.on_curves)
            own.add_pairs(self.pairs, torch.from_numpy(keep))
            own.add_distances(self.distances, torch.from_numpy(keep))
        return keep

    def floor(self, key: Key) -> float | None:
        """The floor of a column's error; None where it could not be found."""
        return self.probes.floors.of(key)

    @cached_property
    def spectra(self) -> dict[str, Spectrum]:
        """By output, how much of the response is of which degree, when the run has ended."""
        return spectra(self.elements, self.distances)

    def how(self) -> dict[str, Any]:
        return {
            "group": self.group.name,
            "closed": self.group.closed,  # False: a window of a group, and means are over the window
            "forward_passes": self.forwards,
            **self.orbits.largest.summary(),
            "floor_method": METHOD,
            "spectrum": {name: asdict(one) for name, one in self.spectra.items()},
            "offsets": {name: asdict(one) for name, one in self.probes.offsets.items()},
            "length_unit": self.domain.length_unit,
        }

    def notes(self) -> list[str]:
        notes = super().notes()
        for target in self.targets:
            notes += target.notes(self.columns, self.item)
            one = self.spectra.get(str(target.output))
            if one is not None and self.probes.stands_clear(self.columns, target):
                notes += one.notes(str(target.output))
        return notes + self.splitting.notes(self.targets)
