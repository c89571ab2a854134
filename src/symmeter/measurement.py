"""`measure`: from a model and some images to a result."""

import math
import platform
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

import symmeter
from symmeter.data import ImageData, open_data
from symmeter.definitions import Definition, parse_definition
from symmeter.errors import SymmeterError, SymmeterWarning, counted, shortened
from symmeter.estimate import Estimate
from symmeter.groups import Group
from symmeter.measures import DerivativeMeasure, OrbitMeasure, parse_measures
from symmeter.models import LoadedModel, describe, load_model, untrained
from symmeter.network import borrowed, home
from symmeter.outputs import parse_output, parse_outputs
from symmeter.representations import Image, Pixels, Points, Window
from symmeter.representations.image import PADDINGS
from symmeter.result import ElementRow, Result, Row
from symmeter.rows import derivative_rows, element_rows, orbit_rows
from symmeter.runs import DerivativeRun, Follower, Interrupted, OrbitRun, Run
from symmeter.symmetry import Symmetry, generators_only, parse_symmetry


def measure(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    measure: Any = None,
    output: str = "softmax",
    definition: str | Definition = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    control: bool | str = True,
    elements: int | None = None,
    sampling: str = "haar",
    padding: str | None = None,
    preprocessing: dict[str, Any] | None = None,
) -> Result:
    """Measure how far a model is from a symmetry: value, error, floor and control for every generator or group.

    Args:
        model: an `nn.Module`, any callable from (B, C, H, W) to outputs, a name such as `"timm:resnet50"`, or
            what `load_model` returns. It is measured in eval mode and left as it was.
        data: a float tensor (N, C, H, W) of model inputs, uint8 pixels, an (images, labels) pair, a Dataset, a
            DataLoader, a folder of images, a `.npz`, or `builtin:photos`.
        symmetry: names such as `"translation,rotation"` or `"C4,shift(8)"`, generators, groups, or a `Symmetry` with
            its representations.
        measure: names of measures, such as `"geed,consistency"`; None for `lee` along generators, `geed` over groups.
        output: `softmax`, `logits`, `features`, `pooled`, a sub-module's name; with `:ACTION` to say how the
            symmetry acts on it (see `symmeter.outputs`). Over groups also several, with commas and `*`.
        definition: what lies between pixels: `bandlimited`, `periodic`, `sinc`, `bicubic`, `bilinear`, `gruver2023`.
        samples: number of images, drawn at random under `seed`; None for all.
        batch_size: images pushed through at once; None to choose by speed and memory.
        device: where to compute; None for where the model is.
        seed: of the choice of images and of anything random inside the model.
        progress: show a progress bar; None for only on a terminal.
        control: also move images along the displacements of others, which doubles the cost: True (`displacement`).
            `untrained`: measure the same model with fresh weights instead; `wrong-group`: take outputs as if
            the group did not move them; False (`none`): no control.
        elements: how many group elements to draw; None for all of up to 256, else 64.
        sampling: `haar` (at random) or `quadrature` (in equal steps), for groups that are not enumerated.
        padding: what motions bring in from outside the frame: `reflect`, `zeros`, `circular`; None for the definition's
            own extension, and only motions that keep the frame for C_n and D_n.
        preprocessing: overrides `img_size`, `crop_pct`, `mean`, `std`, `interpolation` of the model's own.

    Raises:
        SymmeterError: for a mistake in the arguments, in one line that says what to change.
        Interrupted: on Ctrl-C; its `result` holds what was done.

    Source: Gruver et al. 2023 and Kvinge et al. 2022 for the measures; the design of symmeter for floor and control.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)).eval()
    >>> result = measure(net, torch.rand(8, 3, 6, 6), symmetry="hue")
    >>> result.rows[0].n, result.rows[0].unit
    (8, 'probability^2 / radian^2')
    """
    return run_all(Request(
        model, data, symmetry, measure, output, definition, samples, batch_size, device, seed, progress,
        control=control, elements=elements, sampling=sampling, padding=padding, preprocessing=preprocessing,
    ))  # fmt: skip


@dataclass(frozen=True)
class Request:
    """What was asked of `measure`, as it was written."""

    model: Any
    data: Any
    symmetry: Any
    measure: Any
    output: Any
    definition: str | Definition
    samples: int | None
    batch_size: int | None
    device: Any
    seed: int
    progress: bool | None
    control: bool | str = True
    elements: int | None = None
    sampling: str = "haar"
    padding: str | None = None
    preprocessing: dict[str, Any] | None = None


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
        return announced(_result(self, tuple(rows(self)), kind), self.run.interrupted)


def announced(result: Result, interrupted: bool) -> Result:
    """The result; its warnings are said, and Interrupted is raised with it after a Ctrl-C."""
    for note in result.warnings:
        warnings.warn(note, SymmeterWarning, stacklevel=4)
    if interrupted:
        raise Interrupted(result)
    return result


def run_all(asked: Request) -> Result:
    """One run along all generators and one over every group, as one result."""
    symmetry, mode = parse_symmetry(asked.symmetry), control_mode(asked.control)
    along, over = check_measures(asked.measure, symmetry)
    loaded = _loaded(asked.model)
    runs: list[tuple[Conducted, list[Row], list[ElementRow]]] = []
    if symmetry.generators:
        if mode == "wrong-group":
            raise SymmeterError("the wrong-group control is for groups such as C4; generators have displacement, "
                                "untrained and none")  # fmt: skip
        done = conduct_derivative(loaded, asked, replace(symmetry, groups=()), along, mode == "displacement")
        runs.append((done, derivative_rows(done.run), []))
    for group in symmetry.groups:
        if runs and runs[-1][0].run.interrupted:
            break
        done = conduct_orbit(loaded, asked, group, symmetry, over, mode)
        runs.append((done, orbit_rows(done.run), element_rows(done.run)))
    parts = [(_result(done, tuple(rows), Result), elements) for done, rows, elements in runs]
    result = _joined(parts, symmetry.name, [m.name for m in [*along, *over]])
    if mode == "untrained":
        result = with_untrained(result, loaded, asked)
    return announced(result, any(done.run.interrupted for done, _, _ in runs))


CONTROLS = ("displacement", "untrained", "wrong-group", "none")


def control_mode(control: bool | str) -> str:
    """The name of a control; SymmeterError with the choices for an unknown one."""
    mode = {True: "displacement", False: "none"}.get(control, control)  # type: ignore[arg-type]
    if mode not in CONTROLS:
        raise SymmeterError(f"unknown control {control!r}; choose from {', '.join(CONTROLS)}")
    return str(mode)


def check_measures(what: Any, symmetry: Symmetry) -> tuple[list[DerivativeMeasure], list[OrbitMeasure]]:
    """The measures along generators, and those over groups; SymmeterError where one has nothing to measure."""
    if what is None:
        what = ["lee"] * bool(symmetry.generators) + ["geed"] * bool(symmetry.groups)
    measures = parse_measures(what)
    along = [m for m in measures if isinstance(m, DerivativeMeasure)]
    over = [m for m in measures if isinstance(m, OrbitMeasure)]
    if along and not symmetry.generators:
        raise SymmeterError(f"measure {along[0].name!r} needs generators such as rotation, and {symmetry.name} is a "
                            "group: leave the measure out for geed, or choose another")  # fmt: skip
    if over and not symmetry.groups:
        raise SymmeterError(f"measure {over[0].name!r} needs a group such as C4, shift(8) or SO2, and {symmetry.name} "
                            "has generators only; leave the measure out for lee")  # fmt: skip
    if symmetry.generators and not along:
        raise SymmeterError(
            f"no measure for {symmetry.generators[0].name}: add lee, or leave that symmetry out"
        )
    if symmetry.groups and not over:
        raise SymmeterError(f"no measure for {symmetry.groups[0].name}: add geed, or leave that symmetry out")
    return along, over


def _joined(parts: list[tuple[Result, list[ElementRow]]], symmetry: str, measures: list[str]) -> Result:
    """The results of several runs on the same images as one."""
    first = parts[0][0]
    if len(parts) == 1:
        return replace(first, elements=tuple(parts[0][1]))
    names = [name for name in first.sample_names if all(name in part.sample_names for part, _ in parts)]
    samples: dict[str, np.ndarray] = {}
    for part, _ in parts:
        where = {name: i for i, name in enumerate(part.sample_names)}
        chosen = [where[name] for name in names]
        samples |= {key: values[chosen] for key, values in part.samples.items() if key not in samples}
    spec = {**first.header["spec"], "symmetry": symmetry, "measure": ",".join(measures),
            "runs": [part.header["spec"] for part, _ in parts]}  # fmt: skip
    status = "complete" if all(part.status == "complete" for part, _ in parts) else "partial"
    header = {**first.header, "spec": spec, "status": status}
    return Result(
        rows=tuple(row for part, _ in parts for row in part.rows),
        header=header,
        warnings=tuple(dict.fromkeys(note for part, _ in parts for note in part.warnings)),
        samples=samples,
        sample_names=tuple(names),
        elements=tuple(row for _, elements in parts for row in elements),
    )


def with_untrained(result: Result, loaded: LoadedModel, asked: Request) -> Result:
    """The result with the values of the same model, freshly initialised, as its control."""
    fresh = untrained(loaded, asked.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SymmeterWarning)
        other = run_all(replace(asked, model=fresh, control=False))
    values = {(row.measure, row.symmetry, row.output, row.layer): row for row in other.rows}
    rows = []
    for row in result.rows:
        control = values.get((row.measure, row.symmetry, row.output, row.layer))
        rows.append(row if control is None else controlled(row, control))
    spec = {**result.header["spec"], "control": "untrained", "control_model": fresh.info}
    return replace(result, rows=tuple(rows), header={**result.header, "spec": spec})


def controlled(row: Row, control: Row) -> Row:
    """The row with the value of another as its control; the two were measured independently."""
    error, other = (r.value if r.error is None else r.error for r in (row, control))
    selectivity = error / other if other else None
    spread = None
    if (
        selectivity is not None
        and row.standard_error is not None
        and control.standard_error is not None
        and error
    ):
        own, theirs = (r.standard_error or 0.0 for r in (row, control))
        spread = selectivity * math.hypot(own / abs(error), theirs / abs(other))
    e = Estimate(
        error, row.standard_error, row.n, row.floor, other, control.standard_error, selectivity, spread
    )
    return replace(row, control=control.value, control_standard_error=control.standard_error,
                   selectivity=selectivity, selectivity_standard_error=spread, verdict=e.verdict)  # fmt: skip


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
    return conduct_derivative(_loaded(model), asked, symmetry_, along, control, follower)


def conduct_derivative(
    loaded: LoadedModel, asked: Request, symmetry: Symmetry, measures: list[DerivativeMeasure], control: bool,
    follower: Follower | None = None,
) -> Conducted:  # fmt: skip
    """Run along generators."""
    output = parse_output(asked.output)
    common = _Common.of(loaded, asked)
    run = DerivativeRun(
        **common.fields(), rho_in=symmetry.rho_in or common.image(), control=control,
        symmetry=symmetry, measures=measures, output=output, follower=follower,
    )  # fmt: skip
    return _conducted(run, loaded, asked, common, lambda: {
        "symmetry": symmetry.name, "output": str(output), "rho_out": run.rho_out.describe(), "control": control,
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
    if asked.padding is not None and asked.padding not in PADDINGS:
        raise SymmeterError(f"unknown padding {asked.padding!r}; choose from {', '.join(PADDINGS)}")
    outputs = parse_outputs(asked.output, loaded.model)
    common = _Common.of(loaded, asked, group)
    rho_in = symmetry.rho_in or (
        Points() if "points" in group.domain else Window(group.margin) if group.margin else common.image()
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
        if asked.samples is not None and asked.samples < 1:
            raise SymmeterError(
                f"samples is {asked.samples}; give at least 1, or leave it out for all images"
            )
        if asked.batch_size is not None and asked.batch_size < 1:
            raise SymmeterError(f"batch size is {asked.batch_size}; give at least 1, or leave it out")
        prepared = loaded.preprocessing.override(**(asked.preprocessing or {}))
        points = group is not None and "points" in group.domain
        images = open_data(
            asked.data, prepared.with_margin(group.margin if group else 0), samples=asked.samples,
            seed=asked.seed, points=points,
        )  # fmt: skip
        pixels = Pixels(prepared.mean, prepared.std)
        return _Common(loaded, asked, definition, images, pixels, _device(asked.device, loaded.model),
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
    with warnings.catch_warnings(record=True) as caught, borrowed(loaded.model, asked.seed) as in_train_mode:
        warnings.simplefilter("always", SymmeterWarning)
        run.execute()
    notes = [str(w.message) for w in caught if issubclass(w.category, SymmeterWarning)]
    for other in caught:
        if not issubclass(other.category, SymmeterWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if in_train_mode:
        notes.insert(0, _train_mode_note(in_train_mode))
    names = ",".join(m.name for m in run.measures)  # type: ignore[attr-defined]
    return Conducted(run, loaded, common.images, notes, spec={
        "measure": names, **words(), "samples": asked.samples, "seed": asked.seed, "device": str(run.device),
        "dtype": str(run.dtype).removeprefix("torch."),
        "seconds": round(time.perf_counter() - common.began, 3), **run.how(),
    })  # fmt: skip


def _loaded(model: Any) -> LoadedModel:
    return load_model(model) if isinstance(model, str) else describe(model)


def _device(device: Any, model: Any) -> torch.device:
    if device is None:
        return home(model)[0]
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise SymmeterError(f"device {str(device)!r} cannot be used here; choose cpu" + (
            ", cuda" if torch.cuda.is_available() else "")) from error  # fmt: skip
    return chosen


def _precision(model: Any) -> torch.dtype:
    """float64 for a model in float64, float32 for all others: half precision would drown in its round-off."""
    return torch.float64 if home(model)[1] == torch.float64 else torch.float32


def _train_mode_note(names: list[str]) -> str:
    return f"the model was in train mode ({shortened(names)}): measured in eval mode, left as it was"


def _result(done: Conducted, rows: tuple[Row, ...], kind: type[Result]) -> Result:
    run, images, notes = done.run, done.images, list(done.notes)
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
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
