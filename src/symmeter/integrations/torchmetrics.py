"""`SymmetryError`, a metric of torchmetrics: a symmetry measured batch by batch, on one process or on several."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, product
from typing import Any

import torch
from torch import Tensor
from torch.nn.parallel import DataParallel, DistributedDataParallel

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.integrations.names import names_of
from symmeter.integrations.sums import COUNT, Sums
from symmeter.measures.measure import Measure, OrbitMeasure
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.execution import run_along, run_over
from symmeter.measuring.inputs import Words
from symmeter.measuring.measure import named_options
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.plan import (
    Given,
    MeasureArgument,
    Plan,
    Settings,
    SymmetryArgument,
    check_measures,
    make_plan,
    read_words,
)
from symmeter.models.borrowed import borrowed
from symmeter.optional import require
from symmeter.results.columns import SCALE, Columns, Key
from symmeter.verbs.arguments import split_list, truth
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import warn

torchmetrics = require("torchmetrics", "torchmetrics")
_OF_TORCHMETRICS = (
    "compute_on_cpu", "dist_sync_on_step", "process_group", "dist_sync_fn", "distributed_available_fn",
    "sync_on_compute", "compute_with_cache",
)  # fmt: skip


class SymmetryError(torchmetrics.Metric):
    """How far a network is from a symmetry, as `symmeter.measure` has it, from sums over batches of images.

    `update(model, images)` takes the network, as torchmetrics' own `PerceptualPathLength` takes its generator: what is
    measured is a property of the network and not of its predictions, and a network kept in the metric would be one of
    its modules, with its weights in every checkpoint a second time. It is left as it was.

    `compute()` gives a dictionary: for every symmetry its value, `NAME_se`, the standard error over images, and
    `NAME_stability`, value over control (see `symmeter.results.verdict.MEANINGS`). States are sums and counts in
    float64. So the value and its error are those of `symmeter.measure` on all images, however they are divided among
    batches and processes. The control of an image moves it towards another one of its own update, so stability depends
    on which images come together, as it does on a seed; an image that comes alone has none. Of a group whose elements
    are drawn, all updates have the same elements, and their chance is not in the error.

    Args:
        symmetry, output, measure, definition, elements, batch_size, device, seed, inputs: as in `symmeter.measure`; one
            output. Measures must be means over images: others are refused.
        control: whether there is a stability.
        domain: the kind of data; None for images.
        options: options of the kind of data, and those of `torchmetrics.Metric`, such as `dist_sync_on_step`.

    Raises:
        SymmeterError: for a mistake in the arguments, or where no image has a finite value.

    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2))
    >>> error = SymmetryError("rotation,hue")
    >>> for images in torch.rand(32, 3, 8, 8).split(16):
    ...     error.update(net, images)
    >>> list(error.compute())
    ['rotation', 'rotation_se', 'rotation_stability', 'hue', 'hue_se', 'hue_stability']
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    sums: Tensor
    non_finite: Tensor

    @verb(ARGUMENTS, control=truth)
    def __init__(
        self,
        symmetry: SymmetryArgument = "translation",
        output: str = "softmax",
        measure: MeasureArgument = None,
        definition: object = "bandlimited",
        *,
        control: bool = True,
        elements: int | None = None,
        batch_size: int | None = None,
        device: str | torch.device | None = None,
        seed: int = 0,
        domain: type[Domain] | None = None,
        inputs: Words = None,
        **options: Any,
    ):
        super().__init__(**{name: options.pop(name) for name in _OF_TORCHMETRICS if name in options})
        if len(split_list(output)) != 1 or "*" in output:
            raise SymmeterError(f"output {output!r}: a metric has one output; make one metric for each")
        self._given = {"inputs": inputs, "options": named_options(definition, None) | options}
        kind, meant = read_words(Given(None, domain, **self._given), symmetry, output)
        along, over = check_measures(measure, meant, kind.usual_measures(output))
        self._domain, self._words = type(kind), (symmetry, measure, output)
        mode = "stability" if control else "none"
        self._settings = Settings(None, batch_size, device, seed, False, mode, elements)
        rows = [(m, g.name) for m in along for g in meant.generators]
        rows += [(m, group.name) for group in meant.groups for m in over]
        self._names = names_of([(m.name, of) for m, of in rows])
        self._measures: list[Measure] = [m for m, _ in rows]
        self._said: set[str] = set()
        zeros = torch.zeros(len(rows), COUNT, dtype=torch.float64)
        self.add_state("sums", zeros, dist_reduce_fx="sum")
        self.add_state("non_finite", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @verb(ARGUMENTS, images=ARGUMENTS["data"])
    def update(self, model: object, images: object) -> None:
        """Add images (B, C, H, W), or whatever `symmeter.measure` takes, on which the network is measured as it is."""
        model = model.module if isinstance(model, DistributedDataParallel | DataParallel) else model
        symmetry, measure, output = self._words
        given = Given(images, self._domain, **self._given)
        with borrowed(model, self._settings.seed):  # so nobody is told that it was in train mode
            batch = _measured(make_plan(model, given, symmetry, measure, output, self._settings))
        rows = [sums.as_row() for _, sums in batch.rows]
        self._measures = [m for m, _ in batch.rows]
        self.sums += torch.tensor(rows, dtype=torch.float64).to(self.sums.device)
        self.non_finite += batch.non_finite
        for note in batch.notes:
            if note not in self._said:
                self._said.add(note)
                warn(note)

    def compute(self) -> dict[str, Tensor]:
        """The values (), their errors () and stabilities () by name."""
        found: dict[str, float] = {}
        for name, m, row in zip(self._names, self._measures, self.sums.tolist(), strict=True):
            sums = Sums(*row)
            value, slope = _reported(m, sums.error)
            found |= {name: value, f"{name}_se": sums.standard_error * slope}
            if self._settings.control != "none" and getattr(m, "tests_symmetry", True):
                found[f"{name}_stability"] = sums.stability
        in_float64 = partial(torch.tensor, dtype=torch.float64, device=self.device)
        return {name: in_float64(number) for name, number in found.items()}


@dataclass(frozen=True)
class _Batch:
    """What one update adds: sums and the measure of every row, images left out, and what the user must know."""

    rows: list[tuple[Measure, Sums]]
    non_finite: int
    notes: list[str]


def _measured(plan: Plan) -> _Batch:
    """All runs of a plan."""
    found = [run_along(plan)] if plan.symmetry.generators else []
    found += [run_over(plan, group) for group in plan.symmetry.groups]
    if any(one.run.interrupted for one in found):
        raise KeyboardInterrupt
    notes = chain.from_iterable(one.result(()).warnings for one in found)
    rows = list(chain.from_iterable(map(_rows, (one.run for one in found))))
    return _Batch(rows, max(len(one.run.non_finite) for one in found), list(notes))


def _rows(run: DerivativeRun | OrbitRun) -> Iterator[tuple[Measure, Sums]]:
    """Of one output, in the order of the rows of a result."""
    if isinstance(run, DerivativeRun):
        for m, generator in product(run.measures, run.generators):
            yield m, _sums(run.columns, run.key(m, generator, run.targets[0]))
        return
    target = run.targets[0]
    for m in target.measures:
        if target.key(m) not in run.columns:
            raise SymmeterError(
                f"{m.name} is made of all {run.item}s together, so it has no sums that add up over batches; give "
                f"symmeter.measure all {run.item}s at once, or choose another measure"
            )
        yield m, _sums(run.columns, target.key(m))


def _sums(columns: Columns, key: Key) -> Sums:
    """Those of a column, its scales and its control."""
    control = key.as_control()
    names = (key.as_statistic(SCALE), control, control.as_statistic(SCALE))
    return Sums.of(columns[key], *map(columns.get, names))


def _reported(m: Measure, error: float) -> tuple[float, float]:
    """The number that a measure makes of an error, and by what standard errors are multiplied.

    Not a number where the measure is one that an update fits to the output, and this process had none.
    """
    if not isinstance(m, OrbitMeasure):
        return error, 1.0
    try:
        return m.value(error), abs(m.slope(error))
    except AssertionError:
        return math.nan, math.nan
