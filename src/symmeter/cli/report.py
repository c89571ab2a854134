"""`symmeter report STORE|RESULT [...] --out FILE.html`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from symmeter.cli.parser import Parser, command
from symmeter.cli.places import check_writable
from symmeter.cli.terminal import DONE
from symmeter.files import check_ending

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands

EPILOG = """examples:
  symmeter report sweep/ --out report.html
  symmeter report before/ after/ --out report.html
  symmeter report sweep/ --out report.html --charts charts/
  symmeter report sweep/ --out report.html --reference results-imagenet.csv

The file needs no server and no network. A reference has the columns model and
top1 (published accuracies by timm name), or imagenet_acc_percent,
translation_equiv_error and family (points for a backdrop)."""


def parser(commands: "Commands") -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "report", "STORE|RESULT [...] --out FILE.html [options]", EPILOG)
    words = "what symmeter sweep has filled, or what --out of measure and layers has saved"
    made.add_argument("stores", metavar="STORE|RESULT", nargs="+", help=words)
    made.add_argument("--out", metavar="FILE", type=Path, required=True, help="the HTML file to write")
    made.add_argument("--charts", metavar="DIR", type=Path, help="every chart there as PNG, SVG and CSV")
    made.add_argument(
        "--reference", metavar="FILE", nargs="+", default=[], help="published accuracies or points"
    )
    made.add_argument("--title", metavar="T", default="Symmetries of a model zoo", help="of the page")
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Write the report, and say where it is."""
    check_ending(a.out, (".html", ".htm"), option="--out")
    check_writable("--out", a.out, folder=False)
    if a.charts is not None:
        check_writable("--charts", a.charts, folder=True)
    from symmeter.report.store.page import report

    print(report(a.stores, a.out, reference=a.reference, charts_to=a.charts, title=a.title))
    return DONE
