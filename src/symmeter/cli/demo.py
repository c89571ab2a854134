"""`symmeter demo`."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from symmeter.cli.arguments import positive, seed
from symmeter.cli.commands import COMMANDS
from symmeter.cli.parser import Parser, add_config
from symmeter.cli.places import check_writable
from symmeter.cli.terminal import DONE, FAILED, console, prepare_process
from symmeter.optional import require

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands


def parser(commands: "Commands") -> Parser:
    """Add the command; returns its parser."""
    made = commands.add_parser(
        "demo",
        help=COMMANDS["demo"],
        description="Train three small networks on handwritten digits, measure them, and say\n"
        "what the numbers mean. A minute, no downloads; needs the extra 'demo'.",
        usage="symmeter demo [options]",
    )
    add_config(made)
    add = made.add_argument
    add("--seed", metavar="N", type=seed, default=0, help="of everything random (default: 0)")
    add("--epochs", metavar="N", type=positive, help="of training, for each network (default: 20)")
    add("--out", metavar="DIR", type=Path, help="save each network's result in a folder of its own")
    add("--quiet", action="store_true", help="no progress bar (only a terminal shows one)")
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Run the demo."""
    if a.out is not None:
        check_writable("--out", a.out, folder=True)
        for package in ("pandas", "pyarrow"):
            require(package, "io")
    prepare_process()
    from symmeter.demo.findings import run_demo

    options = {} if a.epochs is None else {"epochs": a.epochs}
    found = run_demo(console(), seed=a.seed, out=a.out, progress=False if a.quiet else None, **options)
    return DONE if all(f.result.status == "complete" for f in found.values()) else FAILED
