"""From the flags of a command to a result, its files and its table: the same for every command that runs a model."""

import argparse
import contextlib
import dataclasses
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from symmeter.cli import inputs
from symmeter.cli.idle import refuse_idle_options
from symmeter.cli.places import check_writable
from symmeter.cli.terminal import DONE, FAILED, attempt, complain, prepare_process
from symmeter.optional import require
from symmeter.verbs.arguments import path, words_by_leaf
from symmeter.verbs.warned import recorded, repeat, told_apart

if TYPE_CHECKING:
    from symmeter.curing.cured import Cure
    from symmeter.measuring.plan import Given
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.result import Result

R = TypeVar("R", bound="Result | Cure")


def run_model(
    a: argparse.Namespace,
    measuring: Callable[["LoadedModel"], R],
    show: Callable[[R], object],
    plot: Callable[[R], object] | None = None,
) -> int:
    """Load the model, measure, show the result, write the files, draw the picture; the exit code.

    Whatever of this fails after the measuring is one line and takes nothing from the rest. After a Ctrl-C the result
    is that of what was done until then.
    """
    _check_places(a)
    prepare_process()
    from symmeter.measuring.interrupt import Interrupted

    interrupted = False
    to_stdout = a.json == "-"
    with contextlib.redirect_stdout(sys.stderr if to_stdout else sys.stdout):  # a model may print
        try:
            result = _measured(a, measuring)
        except Interrupted as stop:
            result, interrupted = cast("R", stop.result), True
    steps: list[Callable[[R], object]] = [
        _print_json if to_stdout else show
    ]  # nothing that fails later takes that
    if a.json is not None and not to_stdout:
        steps.append(lambda result: result.to_json(a.json))
    if a.out is not None:
        steps.append(lambda result: result.save(a.out))
    if plot is not None:
        steps.append(plot)
    tried = [attempt(partial(step, result)) for step in steps]
    if interrupted:
        complain(f"interrupted; the result is that of the {a.kind.item}s done until then")
    return DONE if all(tried) and result.status == "complete" and not interrupted else FAILED


def _check_places(a: argparse.Namespace) -> None:
    """SymmeterError for a place where no result can be written."""
    if a.json is not None and a.json != "-":
        check_writable("--json", Path(a.json), folder=False)
    if a.out is None:
        return
    folder = a.out.suffix != ".json"
    check_writable("--out", a.out, folder=folder)
    for package in ("pandas", "pyarrow") if folder else ():
        require(package, "io")


def _print_json(result: "Result | Cure") -> None:
    print(json.dumps(result.to_dict(), indent=2))


def _measured(a: argparse.Namespace, measuring: Callable[["LoadedModel"], R]) -> R:
    """The result, with what was said while the model was loaded."""
    from symmeter.measuring.interrupt import Interrupted
    from symmeter.models.load import load_model
    from symmeter.models.spec import parse_model_kwargs

    _check_early(a)
    kwargs = parse_model_kwargs(a.model_kwargs)
    with recorded() as found:
        loaded = load_model(
            a.model,
            weights=a.weights,
            model_kwargs=kwargs,
            untrained=a.untrained,
            seed=a.seed,
            trust_remote_code=a.trust_remote_code,
        )
    ours, others = told_apart(found)
    notes = tuple(ours)
    repeat(others)  # heard with SYMMETER_DEBUG=1
    try:
        result = measuring(loaded)
    except Interrupted as stop:
        stop.result = dataclasses.replace(stop.result, warnings=notes + stop.result.warnings)
        raise
    return dataclasses.replace(result, warnings=notes + result.warnings)


def given(a: argparse.Namespace) -> "Given":
    """The data of a command, with all that was said of it."""
    from symmeter.measuring.plan import Given

    if a.data:
        path.check("DATA", a.data)  # before it is looked at: a pipe may never end
    return Given(a.data, a.domain, words_by_leaf(a.inputs), None, inputs.options_given(a))


def _check_early(a: argparse.Namespace) -> None:
    """SymmeterError for the mistakes that can be seen before a model is built or downloaded."""
    from symmeter.measuring.plan import read_words

    domain, symmetry = read_words(given(a), a.symmetry, a.output)
    refuse_idle_options(a, symmetry)
    domain.check(a.data, a.model)
