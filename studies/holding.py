"""What the table of the instrument says of coverage, nulls and trainings; and the page of coverage."""

from itertools import product
from pathlib import Path
from typing import Any

from common import Verdict, yes

PAGE = Path(__file__).resolve().parents[1] / "docs" / "intervals.md"
MARKS = ("<!-- coverage -->", "<!-- end of coverage -->")
KINDS = {
    "mean": "value: bootstrap-t",
    "paired": "ratio to a control: t of logs",
    "share": "share: bootstrap-t",
}
_LEAST, _LEAST_OF_EIGHT = 0.92, 0.90


def judged(table: Any) -> list[Verdict]:
    """Of coverage, of nulls and of trainings."""
    return [*_of_coverage(table), *_of_nulls(table), *_of_trainings(table), *_of_swaps(table)]


def table_of_coverage(table: Any) -> str:
    """The least coverage of any population, and the most that was withheld, by network, interval and number."""
    rows = table[table["kind"] == "coverage"].assign(network=lambda t: [_network(p) for p in t["population"]])
    sizes = sorted(rows["setting"].astype(int).unique())
    lines = [
        "| values of | interval | " + " | ".join(f"n = {n}" for n in sizes) + " |",
        "|---|---|" + "---|" * len(sizes),
    ]
    for (network, kind), some in rows.groupby(["network", "of"], sort=False):
        cells = []
        for n in sizes:
            of_size = some[some["setting"].astype(int) == n]
            least, withheld = of_size["coverage"].min(), of_size["withheld"].max()
            told = "none" if least != least else f"{least:.2f}"
            cells.append(told + (f" ({100 * withheld:.0f} % withheld)" if withheld >= 0.005 else ""))
        lines.append(f"| {network} ({some['population'].nunique()}) | {KINDS[kind]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write_page(table: Any) -> None:
    """Put the table between the marks of its page."""
    before, rest = PAGE.read_text().split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    PAGE.write_text(f"{before}{MARKS[0]}\n\n{table_of_coverage(table)}\n{MARKS[1]}{after}")


def _network(population: str) -> str:
    """Its network and output, and the measure of a group: what comes before the symmetry."""
    network, _, what = population.partition(", ")
    if what.startswith("share"):
        return f"{network}, layers"
    measure = what.split()[0]
    return f"{network}, {measure}"


def _of_coverage(table: Any) -> list[Verdict]:
    rows = table[table["kind"] == "coverage"]
    found = []
    for kind, some in rows.groupby("of", sort=False):
        given = some.dropna(subset=["coverage"])
        few, more = given[given["setting"].astype(int) == 8], given[given["setting"].astype(int) >= 16]
        held = bool(few["coverage"].min() >= _LEAST_OF_EIGHT and more["coverage"].min() >= _LEAST)
        numbers = f"{some['population'].nunique()} populations; least " + ", ".join(
            f"{n} images {of_size['coverage'].min():.3f}"
            for n, of_size in given.groupby(given["setting"].astype(int))
        )
        short = more[more["coverage"] < _LEAST]
        if len(short):
            numbers += f"; below {_LEAST} in {len(short)} of {len(more)} cases"
        claim = f"95 % intervals hold the truth in 92 % of draws from 16 images on, 90 % of 8 ({KINDS[str(kind)]})"
        found.append(Verdict(claim, yes(held), numbers))
    return found


def _of_nulls(table: Any) -> list[Verdict]:
    claim = "1 is in the interval of the specificity of untrained networks in 93 % of rows"
    found = []
    for kind, words in (
        ("null", "affine"), ("null, colour", "colours"), ("null, points", "networks of points, motions of space"),
    ):  # fmt: skip
        rows = table[(table["kind"] == kind)]
        if not len(rows):
            if kind == "null":
                found.append(
                    Verdict(claim, "not testable here", "needs photographs, and more than a quick look")
                )
            continue
        told = rows[(rows["verdict"] != "not resolved") & rows["specificity_low"].notna()]
        inside = (told["specificity_low"] <= 1) & (told["specificity_high"] >= 1)
        by_network = ", ".join(
            f"{name} {inside[some.index].mean():.2f}" for name, some in told.groupby("setting")
        )
        numbers = (
            f"{inside.mean():.3f} of {len(told)} rows, {len(rows) - len(told)} not resolved; {by_network}"
        )
        found.append(Verdict(f"{claim}: {words}", yes(inside.mean() >= 0.93), numbers))
    return found


def _of_trainings(table: Any) -> list[Verdict]:
    found = []
    for subject, (kind, own) in product(("CNN", "perceptron"), (("turned", "rotation"), ("scaled", "scale"))):
        some = table[(table["kind"] == f"trained {subject}") & (table["setting"] == kind)]
        values = {
            name: rows["specificity"].astype(float) for name, rows in some.groupby("symmetry", sort=False)
        }
        others = [each.min() for name, each in values.items() if name != own]
        numbers = ", ".join(f"{name} " + " ".join(f"{v:.2f}" for v in each) for name, each in values.items())
        found.append(
            Verdict(
                f"a {subject} trained on {kind} digits has a specificity below 0.5 along {own} and not along others",
                yes(values[own].max() < 0.5 and min(others) >= 0.5),
                f"{numbers} (one number a seed)",
            )
        )
    return found


def _of_swaps(table: Any) -> list[Verdict]:
    found = []
    for kind, claim in (
        ("swapped", "with value and controls swapped at random a verdict is given in at most 3 % of draws"),
        (
            "two networks swapped",
            "with two networks swapped at random any of their rows differs in at most 5 %, by Holm",
        ),
    ):
        rows = table[table["kind"] == kind]
        by_size = rows.groupby(rows["setting"].astype(int))["value"].mean()
        limit = 0.03 if kind == "swapped" else 0.05
        numbers = ", ".join(f"{n} images {100 * share:.1f} %" for n, share in by_size.items())
        found.append(Verdict(claim, yes(by_size.max() <= limit), numbers))
    return found
