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
from symmeter.cli.arguments import Add, add_model_kwargs, positive
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
from symmeter.options import Values

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands
    from symmeter.layers.difference import Difference
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.comparison import Comparison

EPILOG = """examples:
  symmeter compare before/ after/
  symmeter compare sweep/ --json comparison.json --plot comparison.pdf
  symmeter compare timm:resnet18 timm:resnet50 --data photos/ --symmetry rotation
  symmeter compare net.py:build --weights old.pt new.pt --data test.npz --output logits
  symmeter compare small/ large/ --layers --by kind,stage

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
    add_picture(add, "draw all ratios, or all lines of --layers, with their intervals")
    _add_layers(
        made.add_argument_group("which layers account for the difference of two networks").add_argument
    )
    made.set_defaults(run=run)
    return made


def _add_layers(add: Add) -> None:
    add(
        "--layers",
        action="store_true",
        help="explain it by layers: lines that add up to it; profiles or models",
    )
    views = "module, kind, stage, with commas (default: module, or kind,stage where parts differ)"
    add("--by", metavar="V", help=views)
    add("--depth", metavar="N", type=positive, help="by module, collapse the tree to this depth")
    add(
        "--top",
        metavar="N",
        type=positive,
        default=15,
        help="by module, lines to print, largest first (default: 15)",
    )


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
    steps: list[Callable[[Comparison | Difference], object]] = [
        _print_json if to_stdout else partial(_print, a)
    ]
    if a.json is not None and not to_stdout:
        steps.append(lambda comparison: comparison.to_json(a.json))
    if a.plot is not None:
        steps.append(lambda comparison: draw(a, comparison, a.plot))
    tried = [attempt(partial(step, comparison)) for step in steps]
    return DONE if all(tried) and comparison.status == "complete" else FAILED


def _compared(a: argparse.Namespace) -> "Comparison | Difference":
    """The comparison; models are measured for it."""
    from symmeter.sweeps.compare import compare, is_saved

    to_measure = [word for word in a.models if not is_saved(word)]
    if not to_measure:
        if a.data is not None:
            raise SymmeterError(
                f"--data {a.data}: {', '.join(a.models)} have been measured already; leave it out"
            )
        return compare(*a.models, **_layers(a))
    if a.data is None:
        raise SymmeterError(f"{to_measure[0]}: no result or store is there, and a model needs --data")
    loaded = iter(_loaded(a, to_measure))
    models = [word if is_saved(word) else next(loaded) for word in a.models]
    common = inputs.common_arguments(a) | _layers(a)
    if not a.layers:
        common["measure"] = a.measure
    # What is left over are the other checkpoints of one model.
    return compare(*models, *loaded, data=a.data, elements=a.elements, seed=a.seed, **common)


def _layers(a: argparse.Namespace) -> Values:
    """What is asked of layers."""
    return {"layers": True, "by": a.by, "depth": a.depth} if a.layers else {}


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


def _print_json(found: "Comparison | Difference") -> None:
    print(json.dumps(found.to_dict(), indent=2))


def _print(a: argparse.Namespace, found: "Comparison | Difference") -> None:
    terminal = console()
    more = {"top": a.top} if a.layers else {}
    found.sheet(terminal.width, **more).show(terminal)
