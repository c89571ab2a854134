"""From a request to a run on the borrowed model, and from its end to a result."""

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import symmeter
from symmeter.domains.grids.grid import Image, Pixels
from symmeter.domains.grids.interpolants import parse_definition
from symmeter.domains.grids.interpolants.interpolant import Definition
from symmeter.domains.grids.window import Window
from symmeter.domains.images.data.open import open_data
from symmeter.domains.sets import Points
from symmeter.errors import SymmeterError, counted, shortened
from symmeter.measures.measure import DerivativeMeasure, OrbitMeasure
from symmeter.measuring.derivative import DerivativeRun, Follower
from symmeter.measuring.interrupt import Interrupted
from symmeter.measuring.orbit import OrbitRun
from symmeter.measuring.request import Request, check_measures
from symmeter.measuring.run import Run
from symmeter.models.borrowed import borrowed, home, usable_device
from symmeter.models.load import describe, load_model
from symmeter.models.loaded import LoadedModel
from symmeter.models.outputs import parse_outputs
from symmeter.results.result import Result, Row
from symmeter.samples import ImageData
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.hypothesis import Symmetry, generators_only, parse_symmetry
from symmeter.verbs.warned import recorded, repeat, warn


@dataclass(frozen=True)
class Conducted:
    """A run that has come to its end, with all that its result will say of it."""

    run: Any
    loaded: LoadedModel
    images: ImageData
    notes: list[str]
    spec: dict[str, Any]

    def finish(self, rows: Callable[["Conducted"], Iterable[Row]], kind: type[Result] = Result) -> Result:
        """The result with these rows; says its warnings, and raises Interrupted with it after a Ctrl-C."""
        return announced(finished(self, tuple(rows(self)), kind), self.run.interrupted)


def announced(result: Result, interrupted: bool) -> Result:
    """The result; its warnings are said, and Interrupted is raised with it after a Ctrl-C."""
    for note in result.warnings:
        warn(note)
    if interrupted:
        raise Interrupted(result)
    return result


def conduct(
    model: Any, data: Any, symmetry: Any, measure: Any, output: str, definition: str | Definition,
    samples: int | None, batch_size: int | None, device: Any, seed: int, progress: bool | None,
    *, control: bool, preprocessing: dict[str, Any] | None, follower: Follower | None = None,
) -> Conducted:  # fmt: skip
    """A run along generators, for what looks inside of it: a `follower` sees every chunk."""
    asked = Request(model, data, symmetry, measure, output, definition, samples, batch_size, device, seed, progress,
                    control=control, preprocessing=preprocessing)  # fmt: skip
    symmetry_ = generators_only(parse_symmetry(symmetry), "attribution")
    along, _ = check_measures(measure, symmetry_)
    return conduct_derivative(loaded_from(model), asked, symmetry_, along, control, follower)


def conduct_derivative(
    loaded: LoadedModel, asked: Request, symmetry: Symmetry, measures: list[DerivativeMeasure], control: bool,
    follower: Follower | None = None,
) -> Conducted:  # fmt: skip
    """Run along generators."""
    output, *more = parse_outputs(asked.output, loaded.model)
    if more:
        raise SymmeterError(
            f"output {asked.output!r}: along generators one output at a time; give one of them"
        )
    common = _Common.of(loaded, asked)
    run = DerivativeRun(
        **common.fields(), rho_in=symmetry.rho_in or common.image(), control=control,
        symmetry=symmetry, measures=measures, output=output, follower=follower,
    )  # fmt: skip
    return _conducted(run, loaded, asked, common, lambda: {
        "symmetry": symmetry.name, "output": str(run.output), "rho_out": run.rho_out.describe(), "control": control,
    })  # fmt: skip


def conduct_orbit(
    loaded: LoadedModel,
    asked: Request,
    group: Group,
    symmetry: Symmetry,
    measures: list[OrbitMeasure],
    mode: str,
) -> Conducted:
    """Run over one group."""
    outputs = parse_outputs(asked.output, loaded.model)
    common = _Common.of(loaded, asked, group)
    rho_in = symmetry.rho_in or (
        Points() if "points" in group.acts_on else Window(group.margin) if group.margin else common.image()
    )
    run = OrbitRun(
        **common.fields(), rho_in=rho_in, control=mode in ("displacement", "wrong-group"),
        wrong_group=mode == "wrong-group", group=group, measures=measures, outputs=outputs,
        rho_out=symmetry.rho_out, padding=asked.padding, count=asked.elements, sampling=asked.sampling,
        lenient="*" in str(asked.output) or "?" in str(asked.output),
    )  # fmt: skip
    return _conducted(run, loaded, asked, common, lambda: {
        "symmetry": group.name, "output": ",".join(str(t.output) for t in run.targets),
        "rho_out": ", ".join(dict.fromkeys(t.rho.describe() for t in run.targets)), "control": mode,
        "padding": asked.padding,
    })  # fmt: skip


@dataclass(frozen=True)
class _Common:
    """What runs of all kinds are made of."""

    loaded: LoadedModel
    asked: Request
    definition: Definition
    images: ImageData
    pixels: Pixels
    device: torch.device
    dtype: torch.dtype
    began: float

    @staticmethod
    def of(loaded: LoadedModel, asked: Request, group: Group | None = None) -> "_Common":
        """Check the arguments and open the images; a group may need a margin around them, or points."""
        began = time.perf_counter()
        definition = parse_definition(asked.definition)
        prepared = loaded.preprocessing.override(**(asked.preprocessing or {}))
        points = group is not None and "points" in group.acts_on
        images = open_data(
            asked.data, prepared.with_margin(group.margin if group else None), samples=asked.samples,
            seed=asked.seed, points=points,
        )  # fmt: skip
        pixels = Pixels(prepared.mean, prepared.std)
        return _Common(loaded, asked, definition, images, pixels, usable_device(asked.device, loaded.model),
                       _precision(loaded.model), began)  # fmt: skip

    def image(self) -> Image:
        """How symmetries act on the input."""
        return Image(self.definition, pixels=self.pixels, padding=self.asked.padding or "reflect")

    def fields(self) -> dict[str, Any]:
        """The fields that every run has."""
        return {
            "model": self.loaded.model, "images": self.images, "definition": self.definition, "device": self.device,
            "dtype": self.dtype, "batch_size": self.asked.batch_size, "progress": self.asked.progress,
            "seed": self.asked.seed,
        }  # fmt: skip


def _conducted(
    run: Run, loaded: LoadedModel, asked: Request, common: _Common, words: Callable[[], dict[str, Any]]
) -> Conducted:
    """Execute a run on the borrowed model."""
    with recorded() as found, borrowed(loaded.model, asked.seed) as in_train_mode:
        run.execute()
    notes = [str(one.message) for one in found if one.ours]
    repeat(one for one in found if not one.ours)
    if in_train_mode:
        notes.insert(0, _train_mode_note(in_train_mode))
    names = ",".join(m.name for m in run.measures)  # type: ignore[attr-defined]
    return Conducted(run, loaded, common.images, notes, spec={
        "measure": names, **words(), "samples": asked.samples, "seed": asked.seed, "device": str(run.device),
        "dtype": str(run.dtype).removeprefix("torch."),
        "precision": str(run.seen.precision) if run.seen else None, "unit_round_off": run.unit_round_off,
        "chance": run.seen.chance if run.seen else None,
        "seconds": round(time.perf_counter() - common.began, 3), **run.how(),
    })  # fmt: skip


def loaded_from(model: Any) -> LoadedModel:
    return load_model(model) if isinstance(model, str) else describe(model)


def _precision(model: Any) -> torch.dtype:
    """float64 for a model in float64, float32 for all others: half precision would drown in its round-off."""
    return torch.float64 if home(model)[1] == torch.float64 else torch.float32


def _train_mode_note(names: list[str]) -> str:
    return f"the model was in train mode ({shortened(names)}): measured in eval mode, left as it was"


def finished(done: Conducted, rows: tuple[Row, ...], kind: type[Result]) -> Result:
    run, images, notes = done.run, done.images, [*done.loaded.notes, *done.notes]
    if run.seen is not None and run.seen.chance is not None:
        rows = tuple(replace(row, chance=run.seen.chance, verdict="random") for row in rows)
    summary = images.summary()
    summary["used"] = len(run.names)
    if images.skipped:
        skipped = shortened((f"{name} ({reason})" for name, reason in images.skipped), joiner="; ")
        notes.append(f"{counted(len(images.skipped), 'unreadable image')} skipped: {skipped}")
    accuracy = run.accuracy()
    notes += run.notes()
    partial = bool(images.skipped or run.non_finite or run.stopped)
    few = [row.symmetry for row in rows if row.whole and (row.top_share or 0) > 0.9 and row.n >= 20]
    if few:
        notes.append(
            f"a few images carry the mean: 5 % of them hold over 90 % of it for {', '.join(few)}; see median"
        )
    header = {
        "status": "partial" if partial else "complete",
        "definition": run.definition.name,
        "model": done.loaded.info,
        "data": summary,
        "spec": done.spec,
        "environment": environment(),
        "accuracy": accuracy,
    }
    names = {name: run.columns[name] for name in run.columns.names()}
    return kind(rows, header, tuple(notes), names, tuple(run.names))


def environment() -> dict[str, Any]:
    """Versions and machine, for the header of a result."""
    return {
        "symmeter": symmeter.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "matmul_precision": torch.get_float32_matmul_precision(),
        "tf32": torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32,
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
