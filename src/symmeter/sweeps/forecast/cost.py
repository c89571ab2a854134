"""How long a cell takes: a model of few constants that `benchmarks/forecast.py` fits and writes to `cost.json`.

    seconds = start + parameter P + (n + samples) T (mac M + number A)

for a network of P parameters that computes M products and writes A numbers in one forward pass of one sample, measured
on n samples by T passes each (see `Work`). `samples` is what looks and checks cost beside them, in samples.
"""

import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symmeter.measuring.plan import Given, read_words
from symmeter.sweeps.forecast.size import Size
from symmeter.symmetry.groups.basis import Basis
from symmeter.symmetry.groups.group import MOST_ENUMERATED, Group

if TYPE_CHECKING:
    from symmeter.sweeps.plan import Spec

PLACE = Path(__file__).with_name("cost.json")
_CONTROLS = {"both": 2, "stability": 1, "wrong-group": 1, "none": 0}


@dataclass(frozen=True)
class Work:
    """What is done with one network: `samples`, and how many forward passes one of them amounts to."""

    samples: int
    passes: int


@dataclass(frozen=True)
class Device:
    """The constants of a device, in seconds; those that are not `measured` are extrapolated from published figures."""

    name: str
    start: float
    parameter: float
    samples: float
    mac: float
    number: float
    measured: bool = True
    source: str = ""

    def seconds(self, size: Size, work: Work) -> float:
        """What a cell takes.

        >>> Device("none", 1.0, 0.0, 2.0, 1e-9, 0.0).seconds(Size(10, 10**9, 5), Work(8, 3))
        31.0
        """
        one = self.mac * size.macs + self.number * size.moved
        passes = (work.samples + self.samples) * work.passes
        return self.start + self.parameter * size.parameters + passes * one


def work_of(spec: "Spec", data: str, samples: int) -> Work:
    """The work of a spec on so many samples, attribution to layers not counted.

    A pass for the sample itself, one for each direction that is pushed along a basis of the generators, one for each
    element of a group; all but the first once more for every control.

    >>> from symmeter.sweeps.plan import Spec
    >>> work_of(Spec(symmetry="translation,rotation", control="both"), "builtin:photos", 8)
    Work(samples=8, passes=10)
    """
    _, symmetry = read_words(Given(data, spec.domain, spec.inputs, options=spec.options), spec.symmetry)
    directions = len(Basis.of(symmetry.generators).generators) if symmetry.generators else 0
    moves = directions + sum(_elements(group, spec.elements) for group in symmetry.groups)
    if spec.control == "untrained":  # the same once more, of a copy with fresh weights
        return Work(samples, 2 * (1 + 3 * moves))
    return Work(samples, 1 + moves * (1 + _CONTROLS[spec.control]))


def _elements(group: Group, count: int | None) -> int:
    """How many elements of a group are run over."""
    wanted = group.usual if count is None else count
    enumerated = group.order is not None and group.order <= (MOST_ENUMERATED if count is None else count)
    return group.order or wanted if enumerated else wanted


@cache
def devices() -> tuple[Device, ...]:
    """The devices whose constants are known, those that were measured first."""
    known = {one.name for one in fields(Device)}
    found = [{key: value for key, value in row.items() if key in known} for row in fit()["devices"]]
    return tuple(Device(**row) for row in found)


@cache
def fit() -> dict[str, Any]:
    """What `benchmarks/forecast.py` has written: the devices, and how well the model fits."""
    return json.loads(PLACE.read_text(encoding="utf-8"))
