"""From the options of a command to a result, its files and its table: the same for every command that runs a model."""

import argparse
import contextlib
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symmeter.cli import inputs
from symmeter.cli.terminal import DONE, FAILED, attempt, check_writable, complain, prepare_process
from symmeter.optional import require
from symmeter.verbs.warned import recorded, repeat

if TYPE_CHECKING:
    from symmeter.measuring.plan import Given
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
        "samples": a.samples,
        "batch_size": a.batch_size,
        "device": a.device,
        "seed": a.seed,
        "progress": False if a.quiet else None,
        "domain": a.domain,
        "inputs": inputs.words_by_leaf(a.inputs),
        **inputs.options_given(a),
    }
    try:
        result = task(loaded, common)
    except Interrupted as stop:
        stop.result = dataclasses.replace(stop.result, warnings=notes + stop.result.warnings)
        raise
    return dataclasses.replace(result, warnings=notes + result.warnings)


def given(a: argparse.Namespace) -> "Given":
    """The data of a command, with all that was said of it."""
    from symmeter.measuring.plan import Given

    return Given(a.data, a.domain, inputs.words_by_leaf(a.inputs), None, inputs.options_given(a))


def _check_early(a: argparse.Namespace) -> None:
    """SymmeterError for the mistakes that can be seen before a model is built or downloaded."""
    from symmeter.measuring.plan import read_words

    domain, _ = read_words(given(a), a.symmetry, a.output)
    domain.check(a.data, a.model)
