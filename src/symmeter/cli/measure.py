"""`symmeter measure MODEL DATA`."""

import argparse
import sys
import textwrap
from typing import TYPE_CHECKING

from symmeter.cli import inputs
from symmeter.cli.arguments import Parser, command, positive
from symmeter.cli.inputs import KindOfData
from symmeter.cli.run_model import given, run_model
from symmeter.cli.terminal import check_picture, console
from symmeter.errors import SymmeterError
from symmeter.results.verdict import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from symmeter.cli.arguments import Commands
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.result import Result

_WORDS = "\n".join(
    textwrap.fill(f"{word}: {meaning}", 78, initial_indent="  ", subsequent_indent="    ")
    for word, meaning in MEANINGS.items()
)
EPILOG = f"""verdicts, of 95 % intervals:
{_WORDS}

examples:
  symmeter measure timm:resnet50 photos/ --symmetry translation,rotation
  symmeter measure net.py:build test.npz --weights best.pt --json result.json
  symmeter measure timm:resnet50 photos/ --untrained --output logits
  symmeter measure timm:resnet50 photos/ --output layer3 --samples 100
  symmeter measure timm:resnet50 photos/ --symmetry C4,hflip,shift(8)
  symmeter measure timm:resnet50 photos/ --symmetry SO2 --measure geed,consistency

symmeter list symmetries (measures, outputs, definitions, models) has the names."""


def parser(commands: "Commands", kind: KindOfData) -> Parser:
    """Add the command; returns its parser."""
    words = "measure how far a model is from a symmetry, with error, floor and control"
    made = command(commands, "measure", words, "MODEL DATA", EPILOG)
    inputs.add_model_and_data(made, kind)
    add = made.add_argument_group("what to measure").add_argument
    inputs.add_symmetry(add)
    add("--measure", metavar="M", help="names, with commas (default: lee, over groups geed)")
    controls = "both (default: stability and specificity), stability, untrained, wrong-group or none"
    add("--control", metavar="C", default="both", help=controls)
    add(
        "--no-control",
        action="store_true",
        help="the same as --control none: a third of the time, no verdict",
    )
    add = made.add_argument_group("over groups").add_argument
    add("--elements", metavar="N", type=positive, help="draw so many (default: all of up to 256, else 64)")
    add("--sampling", metavar="S", default="haar", help="haar (default), or quadrature: in equal steps")
    add("--plot", metavar="FILE", help="error over the angle: .png, .svg or .pdf")
    inputs.add_model(made)
    inputs.add_options(made, kind)
    inputs.add_computing(made, kind)
    inputs.add_results(made, kind)
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Measure, write the files, print the table."""
    control = _checked_control(a)

    def measured(loaded: "LoadedModel") -> "Result":
        from symmeter.measuring.measure import measure

        return measure(
            loaded,
            a.data,
            measure=a.measure,
            control=control,
            elements=a.elements,
            sampling=a.sampling,
            seed=a.seed,
            **inputs.common_arguments(a),
        )

    return run_model(a, measured, _print, _plotted(a.plot) if a.plot is not None else None)


def _checked_control(a: argparse.Namespace) -> str:
    """The control; SymmeterError for all that can be seen to be wrong without model and data."""
    from symmeter.measuring.plan import check_measures, control_mode, read_words
    from symmeter.symmetry.groups.group import SAMPLING

    _, symmetry = read_words(given(a), a.symmetry)
    check_measures(a.measure, symmetry)
    control = control_mode("none" if a.no_control else a.control)
    if a.sampling not in SAMPLING:
        raise SymmeterError(f"--sampling {a.sampling!r}: choose from {', '.join(SAMPLING)}")
    if a.plot is not None:
        check_picture(a.plot)
        if not symmetry.groups:
            raise SymmeterError(
                "--plot draws the error over a group such as C8 or SO2; for layers see symmeter layers"
            )
    return control


def _plotted(file: str) -> "Callable[[Result], None]":
    def plot(result: "Result") -> None:
        from symmeter.report.elements import overview
        from symmeter.report.figures import save_figure

        save_figure(overview(result), file)

    return plot


def _print(result: "Result") -> None:
    from symmeter.results.text import render, show

    if sys.stdout.isatty():
        show(result, console())
    else:
        print(render(result), end="")
