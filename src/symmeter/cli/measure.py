"""`symmeter measure MODEL DATA`."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from symmeter.cli import inputs
from symmeter.cli.arguments import Parser, command
from symmeter.cli.conduct import conduct
from symmeter.cli.terminal import console

if TYPE_CHECKING:
    from symmeter.result import Result

EPILOG = """examples:
  symmeter measure timm:resnet50 photos/ --symmetry translation,rotation
  symmeter measure net.py:build test.npz --weights best.pt --json result.json
  symmeter measure timm:resnet50 photos/ --untrained --output logits
  symmeter measure timm:resnet50 photos/ --output layer3 --samples 100

symmeter list symmetries (measures, outputs, definitions, models) has the names."""


def parser(commands: Any) -> Parser:
    """Add the command; returns its parser."""
    words = "measure how far a model is from a symmetry, with error, floor and control"
    made = command(commands, "measure", words, "MODEL DATA", EPILOG)
    inputs.add_model_and_data(made)
    add = made.add_argument_group("what to measure").add_argument
    inputs.add_symmetry(add)
    add("--measure", metavar="M", default="lee", help="names, with commas (default: lee)")
    add("--no-control", action="store_true", help="no control: half the time, and no selectivity")
    inputs.add_model(made)
    inputs.add_images(made)
    inputs.add_computing(made)
    inputs.add_results(made)
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Measure, write the files, print the table."""
    from symmeter.measures import parse_measures

    parse_measures(a.measure)

    def measured(loaded: Any, common: dict[str, Any]) -> "Result":
        from symmeter.measurement import measure

        return measure(loaded, a.data, measure=a.measure, control=not a.no_control, **common)

    return conduct(a, measured, _print)


def _print(result: "Result") -> None:
    from symmeter.report.table import render, show

    if sys.stdout.isatty():
        show(result, console())
    else:
        print(render(result), end="")
