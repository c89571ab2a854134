"""`symmeter cite [RESULT ...]`."""

import argparse
from typing import TYPE_CHECKING

from symmeter.cli.parser import Parser, command
from symmeter.cli.terminal import DONE

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands

EPILOG = """examples:
  symmeter cite > symmeter.bib
  symmeter cite before/ after/ > definitions.bib

A result is what --out has saved; without one it is the whole bibliography."""


def parser(commands: "Commands") -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "cite", "[RESULT ...]", EPILOG)
    made.add_argument("results", metavar="RESULT", nargs="*", help="saved results, and stores of sweeps")
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Print it."""
    from symmeter.report.citations import cite

    print(cite(*a.results), end="")
    return DONE
