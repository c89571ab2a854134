"""`symmeter cure MODEL DATA`."""

import argparse
from typing import TYPE_CHECKING

from symmeter.cli import inputs
from symmeter.cli.arguments import at_least_zero, positive
from symmeter.cli.inputs import KindOfData
from symmeter.cli.parser import Parser, command
from symmeter.cli.pictures import add_picture, check_picture, draw
from symmeter.cli.run_model import run_model
from symmeter.cli.terminal import console

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands
    from symmeter.curing.cured import Cure
    from symmeter.models.loaded import LoadedModel

EPILOG = """examples:
  symmeter cure timm:mobilenetv2_100 photos/ --symmetry translation
  symmeter cure net.py:build test.npz --weights best.pt --out cured/
  symmeter cure net.py:build test.npz --remedies 'blur,averaged(C4)' --plot cure.pdf

Each remedy is predicted from the layers that it is for, then tried on a copy of
the model on the same samples. --out keeps the table and the weights of what is
recommended; symmeter list remedies says what there is."""


def parser(commands: "Commands", kind: KindOfData) -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "cure", "MODEL DATA [options]", EPILOG)
    inputs.add_model_and_data(made, kind)
    add = made.add_argument_group("what to cure").add_argument
    inputs.add_symmetry(add)
    add("--remedies", metavar="R", help="which to try, with commas (default: all that may help)")
    words = "accuracy that a recommended remedy may cost (default: 0.01)"
    add("--loss", metavar="L", type=at_least_zero, default=0.01, help=words)
    words = "leave the statistics of batch norm, which a changed network gets anew on DATA"
    add("--no-recalibration", action="store_true", help=words)
    add("--finetune", metavar="TRAIN", help="labelled data to train the best remedy on")
    add("--epochs", metavar="N", type=positive, default=1, help="of that training (default: 1)")
    add("--elements", metavar="N", type=positive, help="over groups: draw so many")
    inputs.add_model(made)
    inputs.add_options(made, kind)
    inputs.add_computing(made, kind)
    add_picture(inputs.add_results(made, kind), "draw error against accuracy and cost")
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Cure, print the tables, write the files."""
    from symmeter.curing.listing import parse_remedies

    remedies = None if a.remedies is None else list(map(str, parse_remedies(a.remedies)))
    if a.plot is not None:
        check_picture(a)

    def cured(loaded: "LoadedModel") -> "Cure":
        from symmeter.curing.cure import cure
        from symmeter.curing.finetuning import Finetuning

        return cure(
            loaded,
            a.data,
            remedies=remedies,
            loss=a.loss,
            recalibrate=not a.no_recalibration,
            finetune=None if a.finetune is None else Finetuning(a.finetune, a.epochs, seed=a.seed),
            elements=a.elements,
            seed=a.seed,
            **inputs.common_arguments(a),
        )

    def plotted(found: "Cure") -> None:
        draw(a, found, a.plot)

    return run_model(a, cured, lambda found: found.show(console()), plotted if a.plot is not None else None)
