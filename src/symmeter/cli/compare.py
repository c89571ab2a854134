"""`symmeter compare A B [...]`."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from symmeter.cli import inputs
from symmeter.cli.arguments import add_model_kwargs, positive
from symmeter.cli.idle import refuse_idle_options
from symmeter.cli.inputs import KindOfData
from symmeter.cli.parser import Parser, command
from symmeter.cli.pictures import add_picture, check_picture, draw
from symmeter.cli.places import check_writable
from symmeter.cli.run_model import given
from symmeter.cli.terminal import (
    DONE,
    FAILED,
    attempt,
    console,
    prepare_process,
)
from symmeter.errors import SymmeterError

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.comparison import Comparison

EPILOG = """examples:
  symmeter compare before/ after/
  symmeter compare sweep/ --json comparison.json --plot comparison.pdf
  symmeter compare timm:resnet18 timm:resnet50 --data photos/ --symmetry rotation
  symmeter compare net.py:build --weights old.pt new.pt --data test.npz --output logits

The first is the reference. before/ and after/ were saved with symmeter measure
--out, sweep/ is a store: these need no data. Only models that were measured on
the same images, with the same definition and output, are compared."""


def parser(commands: "Commands", kind: KindOfData) -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "compare", "A B [...] [options]", EPILOG)
    made.add_argument("models", metavar="A B", nargs="+", help="saved results, stores of a sweep, or models")
    made.add_argument("--data", metavar="DATA", help=f"what models are measured on: {kind.files}, ...")
    add = made.add_argument_group("what to measure of models").add_argument
    inputs.add_symmetry(add)
    add(
        "--measure",
        metavar="M",
        help="names, with commas (default: lee; over groups geed, of points equivariance_error)",
    )
    add("--elements", metavar="N", type=positive, help="over groups: draw so many")
    add("--weights", metavar="FILE", nargs="+", help="checkpoints, one for each model")
    add_model_kwargs(add)
    inputs.add_options(made, kind)
    inputs.add_computing(made, kind)
    add = made.add_argument_group("results").add_argument
    add("--json", metavar="FILE", help="write the comparison as JSON; - prints it in place of the table")
    add_picture(add, "draw all ratios with their intervals")
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Compare, print the table, write the files."""
    to_stdout = a.json == "-"
    if a.json is not None and not to_stdout:
        check_writable("--json", Path(a.json), folder=False)
    if a.plot is not None:
        check_picture(a)
    prepare_process()
    with contextlib.redirect_stdout(sys.stderr if to_stdout else sys.stdout):  # a model may print
        comparison = _compared(a)
    steps: list[Callable[[Comparison], object]] = [_print_json if to_stdout else _print]
    if a.json is not None and not to_stdout:
        steps.append(lambda comparison: comparison.to_json(a.json))
    if a.plot is not None:
        steps.append(lambda comparison: draw(a, comparison, a.plot))
    tried = [attempt(partial(step, comparison)) for step in steps]
    return DONE if all(tried) and comparison.status == "complete" else FAILED


def _compared(a: argparse.Namespace) -> "Comparison":
    """The comparison; models are measured for it."""
    from symmeter.sweeps.compare import compare, is_saved

    to_measure = [word for word in a.models if not is_saved(word)]
    if not to_measure:
        if a.data is not None:
            raise SymmeterError(
                f"--data {a.data}: {', '.join(a.models)} have been measured already; leave it out"
            )
        return compare(*a.models)
    if a.data is None:
        raise SymmeterError(f"{to_measure[0]}: no result or store is there, and a model needs --data")
    loaded = iter(_loaded(a, to_measure))
    models = [word if is_saved(word) else next(loaded) for word in a.models]
    common = inputs.common_arguments(a)
    # What is left over are the other checkpoints of one model.
    return compare(
        *models, *loaded, data=a.data, measure=a.measure, elements=a.elements, seed=a.seed, **common
    )


def _loaded(a: argparse.Namespace, words: list[str]) -> list["LoadedModel"]:
    """The models, each with its checkpoint; one model with several checkpoints is as many models."""
    from symmeter.measuring.plan import check_measures, read_words
    from symmeter.models.load import load_model
    from symmeter.models.spec import parse_model_kwargs

    weights = a.weights or [None] * len(words)
    if len(words) == 1:
        words = words * len(weights)
    if len(weights) != len(words):
        raise SymmeterError(f"--weights has {len(weights)} files for {len(words)} models; give one for each")
    domain, symmetry = read_words(given(a), a.symmetry, a.output)
    check_measures(a.measure, symmetry, domain.measure_over)
    refuse_idle_options(a, symmetry)
    for word in words:
        domain.check(a.data, word)
    kwargs = parse_model_kwargs(a.model_kwargs)
    return [
        load_model(
            word,
            weights=file,
            model_kwargs=kwargs,
            seed=a.seed,
            trust_remote_code=a.trust_remote_code,
        )
        for word, file in zip(words, weights, strict=True)
    ]


def _print_json(comparison: "Comparison") -> None:
    print(json.dumps(comparison.to_dict(), indent=2))


def _print(comparison: "Comparison") -> None:
    comparison.show(console())
