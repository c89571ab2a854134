"""`symmeter plot RESULT [...] --out FILE`."""

import argparse
from typing import TYPE_CHECKING

from symmeter.cli.parser import Parser, UsageError, command
from symmeter.cli.pictures import add_look, check_picture, draw
from symmeter.cli.terminal import DONE

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands

EPILOG = """examples:
  symmeter plot before/ --out before.pdf
  symmeter plot before/ after/ --names before after --kind stability --width 1 --out stability.pdf
  symmeter plot turned/ --kind elements --out angle.svg
  symmeter plot before/ after/ --kind pairs --symmetry rotation --out pairs.png
  symmeter plot layers/ --kind worst --width 1 --out worst.pdf
  symmeter plot sweep/ --kind errors --out errors.pdf

A result is what --out of symmeter measure or layers has saved, a folder or a
.json file, or the store of a sweep. Kinds: overview (all that fits), errors,
ratios, stability, specificity, elements, polar, lengths, sphere, spectrum,
rollout, phases, nodes, pairs; of layers stacked, cumulative, worst, fraction,
tree."""
_CHOICES = ("symmetry", "output", "measure", "quantity", "stride", "depth", "top")


def parser(commands: "Commands") -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "plot", "RESULT [...] --out FILE [options]", EPILOG)
    made.add_argument("results", metavar="RESULT", nargs="+", help="saved results, and stores of sweeps")
    made.add_argument("--out", metavar="FILE", required=True, help="the file to write: .png, .svg or .pdf")
    add_look(made.add_argument, "--out")
    made.add_argument("--names", metavar="N", nargs="+", help="names for the results, one for each")
    made.add_argument("--symmetry", metavar="S", help="only this symmetry")
    made.add_argument("--output", metavar="O", help="only this output")
    made.add_argument("--measure", metavar="M", help="only this measure")
    made.add_argument("--quantity", metavar="Q", help="of pairs: value (default), stability or specificity")
    made.add_argument("--stride", metavar="N", type=int, help="of elements: mark multiples of it")
    made.add_argument("--depth", metavar="N", type=int, help="of tree: collapse it to this depth")
    made.add_argument("--top", metavar="N", type=int, help="of worst: so many parts")
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Draw, and say where the figure is."""
    check_picture(a, "--out")
    results: list[str] | dict[str, str] = a.results
    if a.names is not None:
        if len(a.names) != len(a.results) or len(set(a.names)) != len(a.names):
            raise UsageError(
                f"--names {' '.join(a.names)}: give {len(a.results)} names that differ, one for each result"
            )
        results = dict(zip(a.names, a.results, strict=True))
    draw(a, results, a.out, **{name: getattr(a, name) for name in _CHOICES if getattr(a, name) is not None})
    print(a.out)
    return DONE
