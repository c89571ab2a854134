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
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

from images import Images, digits, labelled

from symmeter.cli.terminal import prepare_process
from symmeter.errors import SymmeterError
from symmeter.models.borrowed import usable_device

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


@dataclass(frozen=True)
class Settings:
    """What a study works on. `quick` is the form that tests run, in seconds."""

    quick: bool = False
    data: Path | None = None  # trained networks and their images, laid out as shared/data
    images: Path | None = None  # labelled ones, in place of digits
    side: int = 32  # of those, in pixels
    scale: int = 1  # times as many images
    device: str = "cpu"
    seeds: int = 8

    def recorded(self) -> dict[str, Any]:
        """What the numbers hang on, ready for JSON."""
        place = lambda path: None if path is None else path.name
        own = {} if self.images is None else {"images": self.images.name, "side": self.side}
        return {"quick": self.quick, "data": place(self.data), **own, "scale": self.scale}


@dataclass(frozen=True)
class Study(ABC):
    """One experiment: rows of a table, a figure, verdicts.

    Steps are kept in `folder`, so a study that was stopped goes on.
    """

    SEEDS: ClassVar[int] = 8

    name: str
    folder: Path
    settings: Settings = field(default_factory=Settings)

    @abstractmethod
    def rows(self) -> Iterable[dict[str, Any]]:
        """The table, row by row; every row is one step."""

    @abstractmethod
    def judge(self, table: Any) -> list[Verdict]:
        """What the table says of the claims."""

    @abstractmethod
    def draw(self, table: Any) -> Any:
        """The figure."""

    @property
    def quick(self) -> bool:
        """Whether this is the form that tests run."""
        return self.settings.quick

    @property
    def seeds(self) -> range:
        """Two of them are enough for a look."""
        return range(2 if self.quick else self.settings.seeds)

    def images(self) -> Images:
        """The user's own, or digits."""
        s = self.settings
        return digits(s.data) if s.images is None else labelled(s.images, s.side, s.scale)

    def few(self, images: Images, train: int, test: int, quick: tuple[int, int]) -> Images:
        """So many of them, to train on and to measure on."""
        scale = self.settings.scale
        return images.first(*(quick if self.quick else (scale * train, scale * test)))

    def step(self, key: str, work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """Rows of one step: from its file where there is one, else from `work`, which is then kept."""
        path = self.folder / "steps" / (re.sub(r"[^\w.]+", "-", key) + ".json")
        if path.is_file():
            return json.loads(path.read_text())
        began = time.perf_counter()
        found = work()
        write(path, json.dumps(found))
        print(f"{self.name}: {key} ({time.perf_counter() - began:.0f} s)", file=sys.stderr, flush=True)
        return found

    def run(self, results: Path) -> list[Verdict]:
        """Do all steps; write table, figure and verdicts to `results`."""
        import matplotlib
        import pandas as pd

        from symmeter.report.figures import save_figure

        self._same_settings()
        table = pd.DataFrame(list(self.rows()))
        verdicts = self.judge(table)
        results.mkdir(parents=True, exist_ok=True)
        table.to_csv(results / f"{self.name}.csv", index=False, float_format="%.6g")
        with matplotlib.rc_context(STYLE):
            save_figure(self.draw(table), str(results / f"{self.name}.svg"))
        text = "\n".join([*TABLE, *(f"| {v.claim} | {v.verdict} | {v.numbers} |" for v in verdicts)]) + "\n"
        (results / f"{self.name}.md").write_text(text)
        recorded = self.settings.recorded() | {"seeds": len(self.seeds), "device": self.settings.device}
        (results / f"{self.name}.json").write_text(json.dumps(recorded | versions(), indent=1) + "\n")
        print(text)
        return verdicts

    def _same_settings(self) -> None:
        """Steps of other settings are not to be mixed with those to come."""
        path, now = self.folder / "settings.json", self.settings.recorded()
        if not path.is_file():
            write(path, json.dumps(now))
        elif (before := json.loads(path.read_text())) != now:
            told = ", ".join(f"{key} {value}" for key, value in before.items() if now.get(key) != value)
            raise SymmeterError(f"{self.folder} has steps of another run ({told}): remove it, or give --work")


def write(path: Path, content: str) -> None:
    """A whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(content)
    temporary.replace(path)


def versions() -> dict[str, str]:
    """Of what the numbers hang on."""
    packages = ("symmeter", "torch", "timm", "numpy")
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}}


def update_readme(readme: Path, results: Path) -> None:
    """Put the verdicts of all studies into the page, in its order, between its two marks."""
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    parts = []
    for name in dict.fromkeys(re.findall(r"\[\w+\]\((\w+)\.py\)", before)):
        if (path := results / f"{name}.md").is_file():
            head = f"### {name}\n\n`make study-{name}`, [table](results/{name}.csv)\n\n![{name}](results/{name}.svg)"
            parts.append(f"{head}\n\n{path.read_text()}")
    readme.write_text(
        before + MARKS[0] + "\n\n" + "\n".join(parts) + "\n" + MARKS[1] + after, encoding="utf-8"
    )


def main(kind: type[Study]) -> int:
    """The command of a study; returns the exit code."""
    name = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(
        description=(sys.modules[kind.__module__].__doc__ or "").partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--quick", action="store_true", help="seconds instead of minutes, for a look")
    add("--images", type=lambda path: Path(path).resolve(), metavar="DIR",
        help="labelled images in place of digits: CIFAR-10, or a folder or .npz as symmeter takes it")  # fmt: skip
    add("--side", type=int, default=32, metavar="N", help="pixels of those images, a multiple of 4")
    add("--scale", type=int, default=1, metavar="N", help="times as many images to train and to measure on")
    add("--device", default="cpu", metavar="D", help="such as cuda")
    add("--seeds", type=int, default=kind.SEEDS, metavar="N", help="networks of a kind")
    add("--data", type=Path, default=HERE.parent.parent / "shared" / "data", metavar="DIR",
        help="trained networks, their images, MNIST")  # fmt: skip
    add("--work", type=Path, default=HERE / "work", metavar="DIR", help="keeps the steps that are done")
    add(
        "--out",
        type=Path,
        metavar="DIR",
        help="table, figure, verdicts; results/ but for --quick and --images",
    )
    o = parser.parse_args()
    if o.side < 8 or o.side % 4 or o.scale < 1 or o.seeds < 1:
        parser.error("--side takes a multiple of 4 from 8 on, --scale and --seeds at least 1")
    prepare_process()
    warnings.simplefilter("ignore")
    data = o.data if o.data.is_dir() else None
    own = o.quick or o.images is not None or o.scale > 1
    work = o.work / "-".join([name, *["quick"] * o.quick, *([o.images.stem] if o.images else [])])
    out = o.out or (work if own else HERE / "results")
    settings = Settings(o.quick, data, o.images, o.side, o.scale, o.device, o.seeds)
    try:
        usable_device(settings.device)
        kind(name, work, settings).run(out)
    except SymmeterError as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return 1
    if out == HERE / "results":
        update_readme(HERE / "README.md", out)
    return 0


def yes(true: Any) -> str:
    """A verdict."""
    return "reproduced" if true else "not reproduced"
