"""What is asked of a few samples beside the pass over their orbit: what the floor is, and once if actions are right."""

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from symmeter.measuring.audit import CLEAR
from symmeter.measuring.offsets import found_offsets
from symmeter.measuring.orbit_audit import OrbitAudit
from symmeter.measuring.orbit_floor import Floors, orbit_floors
from symmeter.measuring.orbit_pass import Orbit
from symmeter.measuring.remembered import FEW_SAMPLES
from symmeter.measuring.run import Run
from symmeter.measuring.targets import OrbitTarget
from symmeter.results.columns import Columns
from symmeter.samples import Batch
from symmeter.symmetry.offset import Offset


@dataclass
class Probes:
    """The floors of a run so far, the offsets of its outputs, and whether its actions have been looked at."""

    floors: Floors = field(default_factory=Floors)
    offsets: dict[str, Offset] = field(default_factory=dict)
    _audited: bool = False
    _turned: bool = False

    def ask(self, run: Run, orbit: Orbit, batch: Batch, x: Tensor) -> None:
        """Look at samples x (B, ...) of a batch that has been measured, as far as there is something to find out."""
        if run.names and self.floors.wanted(run.samples.varied):
            self._find_floors(run, orbit, batch, x)
        if run.names and not self._audited:
            self._audited = True
            audit = OrbitAudit.of(orbit, run.domain, x[: min(FEW_SAMPLES, orbit.at_once)], run.nudge)
            clear = any(self.stands_clear(run.columns, target) for target in orbit.targets)
            run.remarks += run.optional("the audit of actions", lambda: audit.remarks(clear)) or []

        if run.names and not self._turned:
            self._turned = True
            self._find_offsets(run, orbit, x)

    def _find_offsets(self, run: Run, orbit: Orbit, x: Tensor) -> None:
        """Find out of samples x (B, ...) whether outputs with a clear error lie beside where they should."""
        asked = [target for target in orbit.targets if self.stands_clear(run.columns, target)]
        find = lambda: found_offsets(orbit, run.domain, x, asked)
        self.offsets = run.optional("the offset of outputs", find) or {}
        remarks = [offset.remark(name, run.domain.position) for name, offset in self.offsets.items()]
        run.remarks += [remark for remark in remarks if remark is not None]

    def _find_floors(self, run: Run, orbit: Orbit, batch: Batch, x: Tensor) -> None:
        """Find the floors of some of the samples x (B, ...)."""
        few = x[: min(self.floors.missing, orbit.at_once)]
        labels = run.class_numbers.known(batch.labels_of(slice(0, len(few))))
        most = self.floors.elements(run.samples.total, orbit.elements.count)
        units = (run.nudge, run.unit_round_off if run.domain.hides_precision else None)
        found = run.optional("the floor", lambda: orbit_floors(orbit, few, labels, most, *units))
        self.floors.add(found, len(few))

    def stands_clear(self, columns: Columns, target: OrbitTarget) -> bool:
        """Whether errors of a target are so far above their floor that it is worth asking what they are made of."""
        for key in target.keys:
            floor, errors = self.floors.of(key), columns.get(key)
            if floor is None or errors is None or not float(np.nanmean(errors)) <= CLEAR * floor:
                return True
        return False
