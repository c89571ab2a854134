"""Measure all networks of the zoo, going on where it was stopped, and write results/.

python -m zoo [--quick] [--page] [--only NAME ...] [--shared DIR] [--work DIR] [--out DIR] [--jobs N]
"""

import argparse
import sys
import time
from pathlib import Path

from symmeter.cli.terminal import prepare_process
from symmeter.sweeps.executors.executor import Limits
from symmeter.sweeps.executors.local import Local
from symmeter.sweeps.store import Store
from symmeter.sweeps.work import run_cells
from zoo.cells import planned
from zoo.costs import forward_seconds
from zoo.entries import NETWORKS
from zoo.page import write
from zoo.places import RESULTS, ROOT, Places


def main() -> int:
    """The command; returns the exit code: 1 where a network could not be measured."""
    options = _options()
    prepare_process()
    began = time.perf_counter()
    places = Places(options.shared.resolve(), options.work.resolve())
    chosen = tuple(one for one in NETWORKS if not options.only or one.name in options.only)
    plan = planned(chosen, places, options.quick)
    for name, why in plan.missing.items():
        print(f"{name}: {why}", file=sys.stderr)
    store = Store(places.store, create=True)
    cores = lambda: Local(options.jobs, Limits(options.time_limit), threads=1)  # more wait for one another
    summary = run_cells([] if options.page else plan.cells, store, cores, retry_errors=options.retry_errors)
    print(f"{summary}\n{(time.perf_counter() - began) / 60:.1f} minutes")
    if summary.interrupted:
        return 1
    write(options.out, store, plan, chosen, forward_seconds(chosen, places))
    return 0 if summary.complete and not plan.missing else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="zoo", description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="two or three items of each, to see that all works")
    add("--only", nargs="+", metavar="NAME", choices=[one.name for one in NETWORKS], help="these networks")
    add(
        "--shared", type=Path, default=ROOT.parent / "shared" / "data", metavar="DIR", help="weights and data"
    )
    add("--work", type=Path, default=ROOT / "zoo" / "work", metavar="DIR", help="keeps what is done")
    add("--out", type=Path, default=RESULTS, metavar="DIR", help="for the page, the tables and the figures")
    add("--jobs", type=int, help="cells at once (default: one a core)")
    add("--time-limit", type=float, default=7200.0, metavar="S", help="seconds of one cell")
    add("--page", action="store_true", help="measure nothing: write the page of what is there")
    add("--retry-errors", action="store_true", help="do again what failed before")
    options = parser.parse_args()
    if (options.quick or options.only) and options.out == RESULTS:
        parser.error(
            "--quick and --only take an --out of their own: results/ is of all items and all networks"
        )
    return options


if __name__ == "__main__":
    sys.exit(main())
