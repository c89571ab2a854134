"""A run on the borrowed model, from its beginning to a result."""

import platform
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import torch

from symmeter.autodiff.memory import freed_memory_reused
from symmeter.errors import counted, shortened
from symmeter.measuring.accuracy import columns_that_say
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.error_split import Splitting
from symmeter.measuring.interrupt import Interrupted
from symmeter.measuring.observers import Observer, OrbitObserver
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.plan import Plan
from symmeter.measuring.precision import AllSamples, Precision, Until
from symmeter.measuring.rows import derivative_rows, orbit_rows
from symmeter.models.borrowed import borrowed
from symmeter.options import as_written
from symmeter.results.result import Result, Row
from symmeter.results.verdict import NO_TEST
from symmeter.samples import Samples
from symmeter.symmetry.groups.group import Group
from symmeter.verbs.warned import recorded, repeat, told_apart, warn


class Noted(Protocol):
    """What has something to say when it is complete."""

    @property
    def warnings(self) -> tuple[str, ...]: ...


AnyResult = TypeVar("AnyResult", bound=Noted)
AnyRun = TypeVar("AnyRun", bound=DerivativeRun | OrbitRun)


@dataclass(frozen=True)
class Execution(Generic[AnyRun]):
    """A run that has come to its end, with what its result will say of it besides its rows."""

    plan: Plan
    run: AnyRun
    notes: list[str]
    spec: dict[str, Any]

    def result(self, rows: Iterable[Row], kind: type[Result] = Result) -> Result:
        """The result with these rows."""
        run, samples, rows = self.run, self.run.samples, tuple(rows)
        if run.seen is not None and run.seen.chance is not None:
            rows = tuple(replace(row, chance=run.seen.chance, verdict="random") for row in rows)
        accuracy = run.accuracy()
        shares = {m.name for m in run.measures if m.share}  # of decisions, which stay while outputs move
        notes = [
            *self.plan.loaded.notes,
            *self.notes,
            *samples.notes,
            *_skipped(samples),
            *run.notes(),
            *_few(rows, samples.item),
            *_unmoved([row for row in rows if row.measure not in shares], samples.item),
        ]
        partial = bool(samples.skipped or run.non_finite or run.stopped)
        header = {
            "status": "partial" if partial else "complete",
            "definition": self.plan.domain.definition,
            "model": self.plan.loaded.info,
            "data": samples.summary() | {"used": len(run.names)},
            "spec": self.spec,
            "environment": environment(),
            "accuracy": accuracy,
        }
        return kind(rows, header, tuple(notes), columns_that_say(run.columns), tuple(run.names))


def announced(result: AnyResult, interrupted: bool) -> AnyResult:
    """The result; its warnings are said, and Interrupted is raised with it after a Ctrl-C."""
    for note in result.warnings:
        warn(note)
    if interrupted:
        raise Interrupted(result)
    return result


def run_along(plan: Plan, observer: Observer | None = None) -> Execution[DerivativeRun]:
    """Lie derivatives along all generators of a plan; an `observer` looks on."""
    began = time.perf_counter()
    run = DerivativeRun(
        plan, plan.open(), plan.rho_in(), plan.has_stability, observer=observer, deform=plan.has_specificity
    )
    run.until = _until(plan, run.samples, lambda: derivative_rows(run))
    return _executed(
        plan,
        run,
        began,
        lambda: {
            "symmetry": plan.symmetry.name,
            "output": ",".join(str(target.output) for target in run.targets),
            "rho_out": run.rho_out.describe(),
            "control": plan.control,
        },
    )


def run_over(plan: Plan, group: Group, observer: OrbitObserver | None = None) -> Execution[OrbitRun]:
    """All measures of a plan over one group; an `observer` looks on."""
    control = plan.has_stability or plan.control == "wrong-group"
    began = time.perf_counter()
    splitting = Splitting(plan.settings.average, plan.settings.seed, plan.domain.where_labels)
    rho_in = plan.rho_in(group)
    run = OrbitRun(
        plan, plan.open(group), rho_in, control, group=group, splitting=splitting, observer=observer
    )
    run.until = _until(plan, run.samples, lambda: orbit_rows(run))
    return _executed(
        plan,
        run,
        began,
        lambda: {
            "symmetry": group.name,
            "output": ",".join(str(target.output) for target in run.targets),
            "rho_out": ", ".join(dict.fromkeys(target.rho.describe() for target in run.targets)),
            "control": plan.control,
        },
    )


def _until(plan: Plan, samples: Samples, rows: Callable[[], list[Row]]) -> Until:
    """When a run has measured enough; `rows` are made of what it has so far."""
    wanted = plan.settings.precision
    return AllSamples() if wanted is None else Precision(wanted, samples.total, rows)


def _executed(
    plan: Plan, run: AnyRun, began: float, words: Callable[[], dict[str, Any]]
) -> Execution[AnyRun]:
    """Execute a run on the borrowed model."""
    with (
        recorded() as found,
        freed_memory_reused(),
        borrowed(plan.model, plan.settings.seed) as in_train_mode,
    ):
        run.execute()
    notes, others = told_apart(found)
    repeat(others)
    if in_train_mode:
        names = shortened(in_train_mode)
        notes.insert(0, f"the model was in train mode ({names}): measured in eval mode, left as it was")
    spec = {
        "domain": plan.domain.name,
        "options": as_written(plan.domain.options),
        "measure": ",".join(m.name for m in run.measures),
        **words(),
        "samples": plan.settings.samples,
        "seed": plan.settings.seed,
        "device": str(run.device),
        "dtype": str(run.dtype).removeprefix("torch."),
        "precision": str(run.seen.precision) if run.seen else None,
        "unit_round_off": run.unit_round_off,
        "chance": run.seen.chance if run.seen else None,
        "seconds": round(time.perf_counter() - began, 3),
        "control_towards": plan.domain.control_towards,
        **run.how(),
        **run.facts,
    }
    if isinstance(run.until, Precision):
        spec |= {"wanted_precision": run.until.summary()}
    if plan.inputs.alike:
        spec |= {"inputs": dict(plan.inputs.words), "left_alone": plan.inputs.still}
    return Execution(plan, run, notes, spec)


def _skipped(samples: Samples) -> list[str]:
    if not samples.skipped:
        return []
    names = shortened((f"{name} ({reason})" for name, reason in samples.skipped), joiner="; ")
    return [f"{counted(len(samples.skipped), f'unreadable {samples.item}')} skipped: {names}"]


def _few(rows: Iterable[Row], item: str) -> list[str]:
    few = [row.symmetry for row in rows if row.whole and (row.top_share or 0) > 0.9 and row.n >= 20]
    words = f"a few {item}s carry the mean: 5 % of them hold over 90 % of it for {', '.join(few)}; see median"
    return [words] if few else []


def _unmoved(rows: Iterable[Row], item: str) -> Iterator[str]:
    """What says that nothing at all changes an output, which then is no symmetry of it."""
    compared = [row for row in rows if row.whole and row.control is not None and row.verdict != NO_TEST]
    beside = lambda row: row.control if row.control_error is None else row.control_error
    moved = {row.output for row in compared if row.asymmetry or beside(row)}
    for output in dict.fromkeys(row.output for row in compared):
        if output not in moved:
            yield (
                f"{output}: neither the symmetry nor changes towards other {item}s move it: an output that is always "
                "the same, or a step function, says nothing about symmetry"
            )


def environment() -> dict[str, Any]:
    """Versions and machine, for the header of a result."""
    return {
        "symmeter": version("symmeter"),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "tf32": torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
