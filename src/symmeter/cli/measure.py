"""`symmeter measure MODEL DATA`."""

import argparse
import textwrap
from typing import TYPE_CHECKING

from symmeter.cli import inputs
from symmeter.cli.arguments import above_zero, number, numbers, positive
from symmeter.cli.banded import Banded
from symmeter.cli.inputs import KindOfData
from symmeter.cli.parser import Parser, command
from symmeter.cli.pictures import add_picture, check_picture, draw
from symmeter.cli.ranged import Ranged
from symmeter.cli.run_model import given, run_model
from symmeter.cli.second import SecondRun
from symmeter.cli.terminal import FAILED, console
from symmeter.results.verdict import meanings

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.result import Result
    from symmeter.symmetry.hypothesis import Symmetry

EPILOG = """examples:
  symmeter measure timm:resnet50 photos/ --symmetry translation,rotation
  symmeter measure net.py:build test.npz --weights best.pt --json result.json
  symmeter measure timm:resnet50 photos/ --untrained --output logits
  symmeter measure timm:resnet50 photos/ --output layer3 --samples 100
  symmeter measure timm:resnet50 photos/ --symmetry C4,hflip,shift(8)
  symmeter measure timm:resnet50 photos/ --symmetry SO2 --measure geed,consistency
  symmeter measure timm:resnet50 photos/ --output logits --range 1 0.3 0.1
  symmeter measure net.py:segmenter photos/ --output logits:equivariant --bands
  symmeter measure calc.py:make frames.xyz --symmetry SO3 --average 2,4,12,60

symmeter list symmetries (measures, outputs, definitions, models) has the names."""


def parser(commands: "Commands", kind: KindOfData) -> Parser:
    """Add the command; returns its parser."""
    verdicts = "\n".join(
        textwrap.fill(f"{word}: {meaning}", 78, initial_indent="  ", subsequent_indent="    ")
        for word, meaning in meanings(kind.item).items()
    )
    epilog = f"verdicts, of 95 % intervals:\n{verdicts}\n\n{EPILOG}"
    made = command(commands, "measure", "MODEL DATA [options]", epilog)
    inputs.add_model_and_data(made, kind)
    add = made.add_argument_group("what to measure").add_argument
    inputs.add_symmetry(add)
    add(
        "--measure",
        metavar="M",
        help="names, with commas (default: lee; over groups geed, of points equivariance_error)",
    )
    controls = "both (default: stability and specificity), stability, untrained, wrong-group or none"
    add("--control", metavar="C", default="both", help=controls)
    add(
        "--no-control",
        action="store_true",
        help="the same as --control none: a third of the time, no verdict",
    )
    words = "go on until every interval is within this share of its value, such as 0.2, or the data ends"
    add("--precision", metavar="P", type=above_zero, help=words)
    words = "how far LEE predicts: f(g x) - f(x) at T pixels over it (default: 1 0.5 0.25 0.1 0.03)"
    add("--range", metavar="T", type=number, nargs="*", help=words)
    words = "of which frequencies the error of an output on a grid is made, along each axis"
    add("--bands", action="store_true", default=None, help=words)
    add = made.add_argument_group("over groups").add_argument
    add(
        "--elements",
        metavar="N",
        type=positive,
        help="draw so many (default: all of up to 256, else 64, of SO3 120)",
    )
    words = "auto (default), haar, cosets, quadrature, lebedev or lebedev(5)"
    add("--sampling", metavar="S", default="auto", help=words)
    words = "what averages over so many elements gain, such as 2,4,12,60; needs labels of the outputs"
    add("--average", metavar="K", type=numbers, help=words)
    inputs.add_model(made)
    inputs.add_options(made, kind)
    inputs.add_computing(made, kind)
    words = "draw what fits: errors and ratios, error by angle, axis, length, degree, atom; the range or the bands"
    add_picture(inputs.add_results(made, kind), words)
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Measure, print the table, write the files."""
    control, symmetry, seconds = _checked(a)

    def measured(loaded: "LoadedModel") -> "Result":
        from symmeter.measuring.measure import measure

        result = measure(
            loaded,
            a.data,
            measure=a.measure,
            control=control,
            elements=a.elements,
            sampling=a.sampling,
            precision=a.precision,
            average=a.average,
            seed=a.seed,
            **inputs.common_arguments(a),
        )
        for second in seconds:
            result = second.added_to(result, loaded)
        return result

    def show(result: "Result") -> None:
        result.show(console())
        for second in seconds:
            second.show()

    def plot(result: "Result") -> None:
        draw(a, _drawn(a, result, symmetry, seconds), a.plot)

    code = run_model(a, measured, show, plot if a.plot is not None else None)
    return code or FAILED * any(second.failed for second in seconds)


def _checked(a: argparse.Namespace) -> "tuple[str, Symmetry, list[SecondRun]]":
    """Control, symmetry and what is found besides; SymmeterError for all that can be seen to be wrong at once."""
    from symmeter.measuring.plan import check_measures, control_mode, read_words
    from symmeter.measuring.precision import check_precision
    from symmeter.symmetry.groups.sampling import read_sampling

    domain, symmetry = read_words(given(a), a.symmetry)
    check_measures(a.measure, symmetry, domain.usual_measures(a.output))
    control = control_mode("none" if a.no_control else a.control)
    read_sampling(a.sampling)
    check_precision(a.precision, control)
    runs: list[type[SecondRun]] = [Ranged, Banded]
    seconds = [run(a, symmetry) for run in runs if getattr(a, run.name) is not None]
    if a.plot is not None:
        check_picture(a)
    return control, symmetry, seconds


def _drawn(
    a: argparse.Namespace, result: "Result", symmetry: "Symmetry", seconds: "list[SecondRun]"
) -> object:
    """What --plot is about: the result, or the only second run along generators, or the one that --kind names."""
    only = a.figure is None and len(seconds) == 1 and not symmetry.groups
    found = [one.found for one in seconds if (only or one.name == a.figure) and not one.failed]
    return found[0] if found else result
