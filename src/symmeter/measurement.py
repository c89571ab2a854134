"""`measure`: from a model and some images to a result."""

import platform
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import symmeter
from symmeter.data import ImageData, open_data
from symmeter.definitions import Definition, parse_definition
from symmeter.errors import SymmeterError, SymmeterWarning, counted, shortened
from symmeter.estimate import estimate
from symmeter.measures import parse_measures
from symmeter.models import LoadedModel, describe, load_model
from symmeter.network import borrowed, home
from symmeter.outputs import parse_output
from symmeter.representations import Image, Pixels
from symmeter.result import Result, Row
from symmeter.run import Follower, Interrupted, Run
from symmeter.symmetry import parse_symmetry


def measure(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    measure: Any = "lee",
    output: str = "softmax",
    definition: str | Definition = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    control: bool = True,
    preprocessing: dict[str, Any] | None = None,
) -> Result:
    """Measure how far a model is from a symmetry: value, error, floor and control for every generator.

    Args:
        model: an `nn.Module`, any callable from (B, C, H, W) to outputs, a name such as `"timm:resnet50"`, or
            what `load_model` returns. It is measured in eval mode and left as it was.
        data: a float tensor (N, C, H, W) of model inputs, uint8 pixels, an (images, labels) pair, a Dataset, a
            DataLoader, a folder of images, a `.npz`, or `builtin:photos`.
        symmetry: names such as `"translation,rotation"`, generators, or a `Symmetry` with its representations.
        measure: names of measures, such as `"lee"`.
        output: `softmax`, `logits`, `features`, `pooled`, a sub-module's name; with `:ACTION` to say how the
            symmetry acts on it (see `symmeter.outputs`).
        definition: what the derivative of a sampled image is: `bandlimited`, `periodic` or `gruver2023`.
        samples: number of images, drawn at random under `seed`; None for all.
        batch_size: images pushed through at once; None to choose by speed and memory.
        device: where to compute; None for where the model is.
        seed: of the choice of images and of anything random inside the model.
        progress: show a progress bar; None for only on a terminal.
        control: also push the tangents of other images, which doubles the cost.
        preprocessing: overrides `img_size`, `crop_pct`, `mean`, `std`, `interpolation` of the model's own.

    Raises:
        SymmeterError: for a mistake in the arguments, in one line that says what to change.
        Interrupted: on Ctrl-C; its `result` holds what was done.

    Source: Gruver et al. 2023 for the measure; the design of symmeter for floor and control.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)).eval()
    >>> result = measure(net, torch.rand(8, 3, 6, 6), symmetry="hue")
    >>> result.rows[0].n, result.rows[0].unit
    (8, 'probability^2 / radian^2')
    """
    return conduct(
        model, data, symmetry, measure, output, definition, samples, batch_size, device, seed, progress,
        control=control, preprocessing=preprocessing,
    ).finish(rows_of)  # fmt: skip


@dataclass(frozen=True)
class Conducted:
    """A run that has come to its end, with all that its result will say of it."""

    run: Run
    loaded: LoadedModel
    images: ImageData
    notes: list[str]
    spec: dict[str, Any]

    def finish(self, rows: Callable[["Conducted"], Iterable[Row]], kind: type[Result] = Result) -> Result:
        """The result with these rows; says its warnings, and raises Interrupted with it after a Ctrl-C."""
        result = _result(self, tuple(rows(self)), kind)
        for note in result.warnings:
            warnings.warn(note, SymmeterWarning, stacklevel=3)
        if self.run.interrupted:
            raise Interrupted(result)
        return result


def conduct(
    model: Any, data: Any, symmetry: Any, measure: Any, output: str, definition: str | Definition,
    samples: int | None, batch_size: int | None, device: Any, seed: int, progress: bool | None,
    *, control: bool, preprocessing: dict[str, Any] | None, follower: Follower | None = None,
) -> Conducted:  # fmt: skip
    """Check the arguments of `measure`, load what they name, and run; a `follower` sees every chunk."""
    began = time.perf_counter()
    loaded = load_model(model) if isinstance(model, str) else describe(model)
    symmetry_, measures, output_ = parse_symmetry(symmetry), parse_measures(measure), parse_output(output)
    definition_ = parse_definition(definition)
    if samples is not None and samples < 1:
        raise SymmeterError(f"samples is {samples}; give at least 1, or leave it out for all images")
    if batch_size is not None and batch_size < 1:
        raise SymmeterError(f"batch size is {batch_size}; give at least 1, or leave it out")
    prepared = loaded.preprocessing.override(**(preprocessing or {}))
    images = open_data(data, prepared, samples=samples, seed=seed)
    pixels = Pixels(prepared.mean, prepared.std)
    where, dtype = _device(device, loaded.model), _precision(loaded.model)
    with warnings.catch_warnings(record=True) as caught, borrowed(loaded.model, seed) as in_train_mode:
        warnings.simplefilter("always", SymmeterWarning)
        run = Run(
            model=loaded.model,
            images=images,
            symmetry=symmetry_,
            measures=measures,
            output=output_,
            definition=definition_,
            rho_in=symmetry_.rho_in or Image(definition_, pixels=pixels),
            device=where,
            dtype=dtype,
            batch_size=batch_size,
            control=control,
            progress=progress,
            follower=follower,
        )
        run.execute()
    notes = [str(w.message) for w in caught if issubclass(w.category, SymmeterWarning)]
    for other in caught:
        if not issubclass(other.category, SymmeterWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    if in_train_mode:
        notes.insert(0, _train_mode_note(in_train_mode))
    return Conducted(run, loaded, images, notes, spec={
        "symmetry": symmetry_.name, "measure": ",".join(m.name for m in measures), "output": str(output_),
        "rho_out": run.rho_out.describe(), "samples": samples, "seed": seed,
        "control": control, "device": str(where), "dtype": str(dtype).removeprefix("torch."),
        "seconds": round(time.perf_counter() - began, 3), **run.how(),
    })  # fmt: skip


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


def rows_of(done: Conducted) -> list[Row]:
    """One row a measure and generator."""
    run, accuracy = done.run, done.run.accuracy()
    rows = []
    for m in run.measures:
        for generator in run.symmetry.generators:
            key = f"{m.name}:{generator.name}"
            values = run.columns[key]
            controls = run.columns.get(key + ":control")
            e = estimate(values, controls, run.floor(key, float(values.mean())))
            border = key + ":boundary"
            share = (
                float(run.columns[border].sum() / values.sum())
                if border in run.columns and values.sum()
                else None
            )
            rows.append(Row(
                measure=m.name, symmetry=generator.name, output=run.output.name,
                layer=run.output.layer, value=e.value, standard_error=e.standard_error, n=e.n, floor=e.floor,
                control=e.control, selectivity=e.selectivity, unit=m.unit(run.output.name, generator),
                direction=m.direction, definition=run.definition.name, verdict=e.verdict,
                control_standard_error=e.control_standard_error,
                selectivity_standard_error=e.selectivity_standard_error, median=e.median,
                quantile_05=e.quantile_05, quantile_95=e.quantile_95, top_share=e.top_share,
                boundary_share=share, accuracy=accuracy["top1"] if accuracy else None,
            ))  # fmt: skip
    return rows


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
