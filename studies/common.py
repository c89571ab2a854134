"""What every study has in common: its options, its folder, steps that are not done twice, and its verdicts."""

import argparse
import json
import os
import sys
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from symmeter.cli.terminal import prepare_process

HERE = Path(__file__).resolve().parent
VERDICTS = ("reproduced", "not reproduced", "not testable here")


@dataclass(frozen=True)
class Verdict:
    """A claim, what became of it, and the numbers that say so."""

    claim: str
    verdict: str
    numbers: str

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict {self.verdict!r}: one of {', '.join(VERDICTS)}")


@dataclass
class Study(ABC):
    """One experiment: rows of a table, a figure, verdicts.

    `quick` is the form that tests run, in seconds. Steps are kept in `folder`, so a study that was stopped goes on.
    """

    name: str
    folder: Path
    quick: bool = False
    data: Path | None = None
    seeds: int = 5
    verdicts: list[Verdict] = field(default_factory=list)

    @abstractmethod
    def rows(self) -> Iterable[dict[str, Any]]:
        """The table, row by row; every row is one step."""

    @abstractmethod
    def judge(self, table: Any) -> list[Verdict]:
        """What the table says of the claims."""

    @abstractmethod
    def draw(self, table: Any) -> Any:
        """The figure."""

    def step(self, key: str, work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Rows of one step: from its file where there is one, else from `work`, which is then kept."""
        path = self.folder / "steps" / f"{key}.json"
        if path.is_file():
            return json.loads(path.read_text())
        began = time.perf_counter()
        found = work()
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(json.dumps(found))
        temporary.replace(path)
        print(f"{self.name}: {key} ({time.perf_counter() - began:.0f} s)", file=sys.stderr, flush=True)
        return found

    def run(self, results: Path) -> list[Verdict]:
        """Do all steps; write table, figure and verdicts to `results`."""
        import pandas as pd

        from symmeter.report.plots import save_figure

        table = pd.DataFrame(list(self.rows()))
        self.verdicts = self.judge(table)
        results.mkdir(parents=True, exist_ok=True)
        table.to_csv(results / f"{self.name}.csv", index=False, float_format="%.6g")
        save_figure(self.draw(table), str(results / f"{self.name}.svg"))
        lines = [f"| {v.claim} | {v.verdict} | {v.numbers} |" for v in self.verdicts]
        text = "\n".join(["| claim | verdict | numbers |", "|---|---|---|", *lines]) + "\n"
        (results / f"{self.name}.md").write_text(text)
        print(text)
        return self.verdicts


def main(kind: type[Study]) -> int:
    """The command of a study; returns the exit code."""
    name = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(
        description=(sys.modules[kind.__module__].__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes, for a look")
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data", metavar="DIR")
    parser.add_argument("--work", type=Path, default=HERE / "work", metavar="DIR", help="steps that are done")
    parser.add_argument("--out", type=Path, default=HERE / "results", metavar="DIR")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    prepare_process()
    warnings.simplefilter("ignore")
    work = options.work / (name + "-quick" * options.quick)
    data = options.data if options.data.is_dir() else None
    kind(name, work, options.quick, data, options.seeds).run(options.out)
    return 0


def interval(value: float, error: float, digits: int = 3) -> str:
    """A number with its 95 % interval.

    >>> interval(1.0, 0.1)
    '1 (0.804 to 1.2)'
    """
    return f"{value:.{digits}g} ({value - 1.96 * error:.{digits}g} to {value + 1.96 * error:.{digits}g})"


def over_seeds(table: Any, statistic: Callable[[Any], float], logarithmic: bool = False) -> tuple[float, str]:
    """A statistic of every seed's rows: its mean (geometric if `logarithmic`), and in words with a 95 % t-interval."""
    import numpy as np
    from scipy.stats import t

    values = np.array([statistic(rows) for _, rows in table.groupby("seed")], dtype=float)
    values = np.log(np.maximum(values, 1e-300)) if logarithmic else values
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), "not defined"
    back = np.exp if logarithmic else (lambda v: v)
    mean = float(values.mean())
    if len(values) == 1:
        return float(back(mean)), f"{back(mean):.2g} (one seed)"
    half = float(t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return float(back(mean)), f"{back(mean):.2g} ({back(mean - half):.2g} to {back(mean + half):.2g})"


def yes(true: Any) -> str:
    """A verdict."""
    return "reproduced" if true else "not reproduced"
