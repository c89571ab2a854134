"""How far the rows of a store are from those of this folder: another executor, machine or version of torch.

    python results/compare.py STORE [--rows FILE.csv]

Prints, for each number, the median and the largest relative difference over the rows that both have.
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

import symmeter

SAME = ["name", "measure", "symmetry", "output", "definition", "images", "seed"]
NUMBERS = (
    "value", "interval_low", "interval_high", "control", "specificity_control", "stability", "stability_low",
    "stability_high", "specificity", "specificity_low", "specificity_high",
)  # fmt: skip


def main() -> int:
    """The command; returns the exit code: 1 where a row is there twice or nothing can be compared."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("store", metavar="STORE")
    parser.add_argument("--rows", type=Path, default=Path(__file__).with_name("rows.csv"), metavar="FILE.csv")
    options = parser.parse_args()
    ours, theirs = pd.read_csv(options.rows), symmeter.load(options.store)
    twice = int(theirs.duplicated(SAME).sum())
    both = ours.merge(theirs, on=SAME, suffixes=("", " of the store"))
    here, there = len(ours) - len(both), len(theirs) - len(both)
    print(f"{len(both)} rows in both, {here} here only, {there} there only, {twice} twice")
    known = [number for number in NUMBERS if f"{number} of the store" in both]
    for number in known if len(both) else ():
        apart = (both[f"{number} of the store"] / both[number] - 1).abs()
        if not len(apart.dropna()):
            continue
        worst = both.loc[apart.idxmax()]
        print(f"{number}: relative difference {apart.median():.0e} in the median, at most {apart.max():.0e} "
              f"({worst['name']}, {worst['symmetry']})")  # fmt: skip
    return 1 if twice or not len(both) else 0


if __name__ == "__main__":
    sys.exit(main())
