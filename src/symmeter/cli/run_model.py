"""From the options of a command to a result, its files and its table: the same for every command that runs a model."""

import argparse
import contextlib
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symmeter.cli.inputs import PREPROCESSING
from symmeter.cli.terminal import DONE, FAILED, attempt, check_writable, complain, prepare_process
from symmeter.errors import SymmeterError
from symmeter.optional import require
from symmeter.verbs.warned import recorded, repeat

if TYPE_CHECKING:
    from symmeter.results.result import Result

Task = Callable[[Any, dict[str, Any]], "Result"]  # (loaded model, common arguments) -> result


def conduct(
    a: argparse.Namespace,
    task: Task,
    show: Callable[["Result"], None],
    plot: Callable[["Result"], None] | None = None,
) -> int:
    """Load the model, do the task, write the files, show the result, draw the picture; the exit code.

    Whatever of this fails after the task is one line and takes nothing from the rest. After a Ctrl-C the result is
    that of the images done until then.
    """
    to_stdout = a.json == "-"
    if a.json is not None and not to_stdout:
        check_writable("--json", Path(a.json), folder=False)
    if a.out is not None:
        check_writable("--out", a.out, folder=a.out.suffix != ".json")
        for package in ("pandas", "pyarrow") if a.out.suffix != ".json" else ():
            require(package, "io")
    prepare_process()
    from symmeter.measuring.interrupt import Interrupted

    interrupted = False
    with contextlib.redirect_stdout(sys.stderr if to_stdout else sys.stdout):  # a model may print
        try:
            result = _done(a, task)
        except Interrupted as stop:
            result, interrupted = stop.result, True
    steps: list[Callable[[], Any]] = []
    if a.json is not None and not to_stdout:
        steps.append(lambda: result.to_json(a.json))
    if a.out is not None:
        steps.append(lambda: result.save(a.out))
    steps.append(lambda: print(json.dumps(result.to_dict(), indent=2)) if to_stdout else show(result))
    if plot is not None:
        steps.append(lambda: plot(result))
    tried = [attempt(step) for step in steps]
    if interrupted:
        complain("interrupted; the result is that of the images done until then")
    return DONE if all(tried) and result.status == "complete" and not interrupted else FAILED


def _done(a: argparse.Namespace, task: Task) -> "Result":
    from symmeter.measuring.interrupt import Interrupted
    from symmeter.models.load import load_model
    from symmeter.models.spec import parse_model_kwargs

    _check_early(a)
    kwargs = parse_model_kwargs(a.model_kwargs)
    with recorded() as found:
        loaded = load_model(
            a.model, weights=a.weights, model_kwargs=kwargs, untrained=a.untrained, seed=a.seed
        )
    notes = tuple(str(one.message) for one in found if one.ours)
    repeat(one for one in found if not one.ours)  # heard with SYMMETER_DEBUG=1
    common = {
        "symmetry": a.symmetry,
        "output": a.output,
        "definition": a.definition,
        "samples": a.samples,
        "batch_size": a.batch_size,
        "device": a.device,
        "seed": a.seed,
        "progress": False if a.quiet else None,
        "preprocessing": {name: getattr(a, name) for name in PREPROCESSING},
    }
    try:
        result = task(loaded, common)
    except Interrupted as stop:
        stop.result = dataclasses.replace(stop.result, warnings=notes + stop.result.warnings)
        raise
    return dataclasses.replace(result, warnings=notes + result.warnings)


def _check_early(a: argparse.Namespace) -> None:
    """SymmeterError for the mistakes that can be seen before a model is built or downloaded."""
    from symmeter.domains.grids.interpolants import parse_definition
    from symmeter.domains.images.preprocessing import Preprocessing
    from symmeter.models.names import HUBS
    from symmeter.models.outputs import parse_output
    from symmeter.symmetry.hypothesis import parse_symmetry
    from symmeter.verbs.arguments import split_list

    parse_symmetry(a.symmetry)
    for output in split_list(a.output):
        parse_output(output)
    parse_definition(a.definition)
    Preprocessing.unknown().override(a.img_size, a.crop_pct, interpolation=a.interpolation)
    data = Path(a.data).expanduser()
    if a.data.startswith("builtin:"):
        from symmeter.domains.images.data.photos import from_builtin

        from_builtin(a.data)
    elif not data.exists():
        raise SymmeterError(f"{a.data}: no such file or folder")
    if data.suffix.lower() != ".npz":  # there is something to decode, and to resize where the size is known
        require("PIL.Image", "vision")
        if a.img_size or a.model.partition(":")[0] in HUBS:
            require("timm", "vision")
