"""`symmeter robustness MODEL DATA`."""

import argparse
from typing import TYPE_CHECKING

from symmeter.cli import inputs
from symmeter.cli.arguments import positive
from symmeter.cli.inputs import KindOfData
from symmeter.cli.parser import Parser, command
from symmeter.cli.pictures import add_picture, check_picture, draw
from symmeter.cli.run_model import given, run_model
from symmeter.cli.terminal import console

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands
    from symmeter.models.loaded import LoadedModel
    from symmeter.results.robustness import Robustness

EPILOG = """examples:
  symmeter robustness timm:resnet50 photos/ --symmetry rotation
  symmeter robustness timm:resnet50 photos/ --corruptions gaussian_noise,blur --strengths 1,3,5
  symmeter robustness net.py:build test.npz --weights best.pt --symmetry C4 --plot robustness.pdf
  symmeter robustness net.py:build speech.npz --domain signals --corruptions all

A smaller error on corrupted data may be insensitivity: stability tells, the
error over that of other changes. symmeter list corruptions has the names. They
act on pixels in [0, 1]; data in floating point needs its --mean and --std."""


def parser(commands: "Commands", kind: KindOfData) -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "robustness", "MODEL DATA [options]", EPILOG)
    inputs.add_model_and_data(made, kind)
    add = made.add_argument_group("what to measure").add_argument
    inputs.add_symmetry(add)
    words = "names or families, with commas, or all (default: one of every family)"
    add("--corruptions", metavar="C", help=words)
    add("--strengths", metavar="K", help="with commas, such as 1,3,5 (default: 1 to 5; 0 is measured anyway)")
    add(
        "--measure",
        metavar="M",
        help="names, with commas (default: lee; over groups geed, of points equivariance_error)",
    )
    add("--elements", metavar="N", type=positive, help="over groups: draw so many")
    add("--no-control", action="store_true", help="a third of the time, and no stability")
    inputs.add_model(made)
    inputs.add_options(made, kind)
    inputs.add_computing(made, kind)
    words = "draw error, stability, accuracy and confidence against strength"
    add_picture(inputs.add_results(made, kind), words)
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Measure, print the tables, write the files."""
    _check(a)

    def measured(loaded: "LoadedModel") -> "Robustness":
        from symmeter.corrupting.robustness import robustness

        return robustness(
            loaded,
            a.data,
            corruptions=a.corruptions,
            strengths=a.strengths,
            measure=a.measure,
            control=not a.no_control,
            elements=a.elements,
            seed=a.seed,
            **inputs.common_arguments(a),
        )

    def plot(result: "Robustness") -> None:
        draw(a, result, a.plot)

    return run_model(a, measured, lambda result: result.show(console()), plot if a.plot is not None else None)


def _check(a: argparse.Namespace) -> None:
    """SymmeterError for what can be seen to be wrong before a model is built."""
    from symmeter.corrupting.chosen import CORRUPTIONS, STRENGTHS, chosen
    from symmeter.measuring.plan import check_measures, read_words

    domain, symmetry = read_words(given(a), a.symmetry)
    check_measures(a.measure, symmetry, domain.usual_measures(a.output))
    names = CORRUPTIONS.check("--corruptions", a.corruptions)
    chosen(type(domain), names, STRENGTHS.check("--strengths", a.strengths))
    if a.plot is not None:
        check_picture(a)
