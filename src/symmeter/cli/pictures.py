"""The flags of commands that draw, `--plot`, `--kind` and `--width`, and the file that is drawn for them."""

import argparse
from pathlib import Path
from typing import Any

from symmeter.cli.arguments import Add
from symmeter.cli.places import check_writable
from symmeter.errors import SymmeterError, nearest
from symmeter.files import PICTURES, check_ending
from symmeter.optional import require

WIDTHS = (1, 2)


def add_picture(add: Add, words: str) -> None:
    """`--plot` with these words, and the flags that go with it."""
    add("--plot", metavar="FILE", help=f"{words} (.png, .svg, .pdf)")
    add_look(add, "--plot")


def add_look(add: Add, file: str) -> None:
    """The flags that say what a figure in the file of that flag looks like."""
    some = "such as errors, ratios, elements, worst (see docs/figures.md; default: overview, all that fits)"
    add("--kind", metavar="K", dest="figure", help=f"kind of figure of {file}: {some}")
    add(
        "--width",
        metavar="W",
        type=int,
        choices=WIDTHS,
        help=f"of {file}, columns of a paper: 1 or 2 (default: 2)",
    )


def check_picture(a: argparse.Namespace, option: str = "--plot") -> None:
    """SymmeterError for a place where no picture can be, where there is no matplotlib, or for an unknown kind."""
    file = getattr(a, option.removeprefix("--"))
    check_ending(file, PICTURES, option=option)
    check_writable(option, Path(file), folder=False)
    require("matplotlib.figure", "plot")
    from symmeter.report.kinds import NAMES

    if a.figure not in (None, *NAMES):
        raise SymmeterError(f"--kind: unknown kind of figure {a.figure!r}{nearest(a.figure, NAMES)}")


def draw(a: argparse.Namespace, results: Any, file: str, **choices: Any) -> None:
    """Draw the kind that was asked for; where none was, all that fits, or the first that fits where more was chosen."""
    from symmeter.report.figures import save_figure
    from symmeter.report.kinds import OVERVIEW, fitting, plot
    from symmeter.report.shown import named_results

    named, kind = named_results(results), a.figure
    if kind is None and not choices and OVERVIEW in fitting(named):
        kind = OVERVIEW
    save_figure(plot(named, kind, width=a.width or WIDTHS[-1], **choices), file)
