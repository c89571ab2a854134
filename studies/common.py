"""What every study has in common: its options, its folder, steps that are not done twice, and its verdicts."""

import argparse
import json
import os
import platform
import re
import sys
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from symmeter.cli.terminal import prepare_process

HERE = Path(__file__).resolve().parent
TABLE = ("| claim | verdict | numbers |", "|---|---|---|")
MARKS = ("<!-- verdicts -->", "<!-- end of verdicts -->")
STYLE: Any = {  # of all figures
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 8,
    "font.size": 9, "axes.titlesize": 10, "xtick.labelsize": 8, "ytick.labelsize": 8,
}  # fmt: skip
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
        import matplotlib
        import pandas as pd

        from symmeter.report.plots import save_figure

        table = pd.DataFrame(list(self.rows()))
        self.verdicts = self.judge(table)
        results.mkdir(parents=True, exist_ok=True)
        table.to_csv(results / f"{self.name}.csv", index=False, float_format="%.6g")
        with matplotlib.rc_context(STYLE):
            save_figure(self.draw(table), str(results / f"{self.name}.svg"))
        lines = [f"| {v.claim} | {v.verdict} | {v.numbers} |" for v in self.verdicts]
        text = "\n".join([*TABLE, *lines]) + "\n"
        (results / f"{self.name}.md").write_text(text)
        settings = {"quick": self.quick, "seeds": self.seeds, "data": None if self.data is None else self.data.name,
                    **versions()}  # fmt: skip
        (results / f"{self.name}.json").write_text(json.dumps(settings, indent=1) + "\n")
        print(text)
        return self.verdicts


def versions() -> dict[str, str]:
    """Of what the numbers hang on."""
    packages = ("symmeter", "torch", "timm", "numpy")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}


def update_readme(readme: Path, results: Path) -> None:
    """Put the verdicts of all studies into the page, in its order, between its two marks."""
    text = readme.read_text()
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    parts = []
    for name in dict.fromkeys(re.findall(r"\[\w+\]\((\w+)\.py\)", before)):
        if (path := results / f"{name}.md").is_file():
            head = f"### {name}\n\n`make study-{name}`, [table](results/{name}.csv)\n\n![{name}](results/{name}.svg)"
            parts.append(f"{head}\n\n{path.read_text()}")
    readme.write_text(before + MARKS[0] + "\n\n" + "\n".join(parts) + "\n" + MARKS[1] + after)


def main(kind: type[Study]) -> int:
    """The command of a study; returns the exit code."""
    name = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(
        description=(sys.modules[kind.__module__].__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes, for a look")
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data", metavar="DIR")
    parser.add_argument("--work", type=Path, default=HERE / "work", metavar="DIR", help="steps that are done")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="[results/; with --quick the folder of the steps]"
    )
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    prepare_process()
    warnings.simplefilter("ignore")
    work = options.work / (name + "-quick" * options.quick)
    data = options.data if options.data.is_dir() else None
    out = options.out or (work if options.quick else HERE / "results")
    kind(name, work, options.quick, data, options.seeds).run(out)
    if out == HERE / "results":
        update_readme(HERE / "README.md", out)
    return 0


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; without one where there is a single seed.

    >>> print(Interval(1.0, 0.8, 1.2), Interval(1.0, 0.8, 1.2).below(1.1))
    1 (0.8 to 1.2) False
    """

    value: float
    low: float
    high: float

    def below(self, bound: float) -> bool:
        """Whether all of it is."""
        return self.high < bound

    def above(self, bound: float) -> bool:
        """Whether all of it is."""
        return self.low > bound

    def __str__(self) -> str:
        if self.value != self.value:
            return "not defined"
        if self.low == self.high:
            return f"{self.value:.3g}"
        return f"{self.value:.3g} ({self.low:.3g} to {self.high:.3g})"


def of_values(values: Iterable[float], scale: str = "plain") -> Interval:
    """The mean of what is finite among values, one a seed, with Student's interval.

    `scale` "ratio" does it for logarithms, "correlation" for Fisher's z.
    """
    import numpy as np
    from scipy.stats import t

    found = np.array([np.nan if v is None else v for v in values], dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.log(found) if scale == "ratio" else np.arctanh(found) if scale == "correlation" else found
    found = found[np.isfinite(found)]
    if not len(found):
        return Interval(float("nan"), float("nan"), float("nan"))
    back = {"ratio": np.exp, "correlation": np.tanh}.get(scale, float)
    half = 0.0
    if len(found) > 1:
        half = float(t.ppf(0.975, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
    mean = float(found.mean())
    return Interval(*(float(back(v)) for v in (mean, mean - half, mean + half)))


def over_seeds(table: Any, statistic: Callable[[Any], float], scale: str = "plain") -> Interval:
    """A statistic of every seed's rows, as `of_values`."""
    return of_values((statistic(rows) for _, rows in table.groupby("seed")), scale)


def in_words(intervals: Mapping[str, Interval]) -> str:
    """Several by name."""
    return ", ".join(f"{name} {interval}" for name, interval in intervals.items())


def yes(true: Any) -> str:
    """A verdict."""
    return "reproduced" if true else "not reproduced"
