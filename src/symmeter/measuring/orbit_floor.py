"""The floor of a run over a group: the error that measuring a perfectly symmetric network would give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count

import numpy as np
from torch import Tensor

from symmeter.measures.measure import Pool
from symmeter.measuring.floor import FLOOR_IMAGES, nudged_within
from symmeter.measuring.orbit_pass import FEW_ELEMENTS, FEWEST_ELEMENTS, Compared, Orbit
from symmeter.measuring.passes import Inputs, returned
from symmeter.measuring.targets import ElementSums
from symmeter.results.columns import Key

_SHARE = 40
METHOD = "g^-1 g x and one unit of round-off"


@dataclass
class Floors:
    """The mean error per column that a symmetric network is left with, over a few samples: `samples` so far.

    It takes no more than a fortieth of the evaluations of the run, as far as FEWEST_ELEMENTS allow.
    """

    samples: int = 0
    _totals: dict[Key, float] = field(default_factory=dict)
    _elements: Mapping[Key, ElementSums] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """How many samples more are looked at."""
        return FLOOR_IMAGES - self.samples

    def wanted(self, varied: bool) -> bool:
        """Whether samples are to be looked at: once, or until there are enough where they are `varied`."""
        return not self._totals or (varied and self.missing > 0)

    def elements(self, total: int | None, count: int) -> int:
        """Over how many elements it is found, of `count`, where so many samples are measured in all (None: many).

        >>> Floors().elements(1, 120), Floors().elements(8, 120), Floors().elements(None, 120)
        (3, 6, 16)
        """
        if (
            total is None or count <= FEW_ELEMENTS
        ):  # among few, one may be unlike the others, such as a long shift
            return FEW_ELEMENTS
        share = total * count // (_SHARE * min(total, FLOOR_IMAGES))
        return min(max(FEWEST_ELEMENTS, share), FEW_ELEMENTS)

    def add(self, found: "FloorsOfSome | None", samples: int) -> None:
        """The floors of so many samples more; those of single elements are of the first ones. None: not found."""
        if found is None or not found.errors:
            return
        for key, floor in found.errors.items():
            self._totals[key] = self._totals.get(key, 0.0) + samples * floor
        self._elements = self._elements or found.elements
        self.samples += samples

    def of(self, key: Key) -> float | None:
        """That of a column; None where it could not be found."""
        total = self._totals.get(key)
        return None if total is None else total / self.samples

    def of_element(self, key: Key, position: int) -> float | None:
        """What a column would have for one element; None for those that were not looked at."""
        sums = self._elements.get(key)
        if sums is None or not sums.samples or position >= len(sums.total) or np.isnan(sums.total[position]):
            return None
        return float(sums.total[position]) / sums.samples


@dataclass(frozen=True)
class FloorsOfSome:
    """The floors of some samples: of errors by column, and what single elements have beside."""

    errors: Mapping[Key, float]
    elements: Mapping[Key, ElementSums]


def orbit_floors(
    orbit: Orbit,
    x: Tensor,
    labels: Tensor | None,
    most: int = FEW_ELEMENTS,
    unit: float | None = None,
    unit_out: float | None = None,
) -> FloorsOfSome:
    """The mean error per measure and target that samples x (b, ...) with labels (b,) leave a symmetric network.

    It is found over `most` elements. `unit` is how far round-off moves samples, relative to their size, `unit_out` the
    same of outputs; None for that of their own type.
    """
    needs_other = any(measure.needs_other for target in orbit.targets for measure in target.measures)
    others = orbit.function(orbit.still(x.roll(1, 0))) if needs_other else None
    pools = [target.new_pools() for target in orbit.targets]
    inputs, compared = _inputs(orbit, x, unit), Compared(x, labels, others)
    reduced = orbit.reduced_floor(inputs, compared, pools, orbit.few(most), unit_out)
    reduced.close(reduced.finite)
    floors = {}
    for k, target in enumerate(orbit.targets):
        for measure in target.measures:
            errors = reduced.reducers[k][measure.name].columns().get("error")
            if errors is None:
                floor = _pooled(pools[k][measure.name])
            else:
                floor = _mean(errors, reduced.finite)
            if floor is not None:
                floors[target.key(measure)] = floor
    elements: dict[Key, ElementSums] = {}
    reduced.add_elements(elements, orbit.elements.count, reduced.finite.numpy())
    return FloorsOfSome(floors, elements)


def _inputs(orbit: Orbit, x: Tensor, unit: float | None) -> Inputs:
    """What each element makes of x (b, ...): moved there and back, and a unit of round-off of its own."""
    shape = tuple(x.shape[1:])
    if orbit.rho_in.shape_for(shape) == shape:
        return returned(orbit.rho_in, x, lambda z, seed: nudged_within(z, seed, unit))
    draws = count()  # a window is moved without loss
    return lambda g: nudged_within(orbit.still(x), next(draws), unit)


def _mean(errors: Tensor, finite: Tensor) -> float | None:
    """Of errors (b,) where `finite` (b,) is set; None where it is nowhere."""
    kept = errors[finite.to(errors.device)]
    return float(kept.mean()) if len(kept) else None


def _pooled(pool: Pool) -> float | None:
    """The error that a pool makes of all samples together."""
    found = pool.estimate()
    return None if found is None else found[0]
