"""What symmeter and plain tests say about the three networks, as tables and as sentences."""

import dataclasses
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import Tensor, nn

from symmeter.demo.networks import (
    EPOCHS,
    PLAIN,
    Digits,
    load_digits,
    one_thread,
    train_digit_nets,
    turn,
)
from symmeter.errors import SymmeterWarning, WriteError
from symmeter.measuring.measure import measure
from symmeter.models.load import describe
from symmeter.results.columns import CONTROL_OF
from symmeter.results.estimate import Estimate, estimate
from symmeter.results.intervals import CONFIDENCE, Ratio, holm, of_ratios
from symmeter.results.numbers import ratio, with_interval
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.text import new_table
from symmeter.results.verdict import FEWEST_IMAGES, SPECIFIC, STABLE

SYMMETRY = "rotation,translation,scale"
OUTPUT = "logits"  # softmax is flat where a network is sure, and the few other digits would carry the mean
ASKED = "rotation"  # the symmetry that the sentences are about
SPECIFICITY = "specificity"
FEW = 16  # images of which it is said what their interval would have been
LEVEL = 1 - CONFIDENCE  # of a corrected p value, above which two numbers are not told apart


@dataclass(frozen=True)
class Findings:
    """What is known of one network, all of it from the digits that were held out."""

    accuracy: float
    turned_accuracy: float
    quarter_turn: float
    result: Result

    def row(self, symmetry: str) -> Row:
        """The row of one generator."""
        return next(row for row in self.result.rows if row.symmetry == symmetry)

    def responses(self, symmetry: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The response to one generator of every image (N,), and those to its controls by the name of the ratio."""
        column, samples = self.row(symmetry).column, self.result.samples
        controls = {name: f"{column}:{which}" for name, which in CONTROL_OF.items()}
        return samples[f"{column}"], {name: samples[key] for name, key in controls.items()}


@torch.no_grad()
def quarter_turn_error(network: nn.Module, x: Tensor) -> float:
    """RMS of f(g x) - f(x) over images x (B, C, N, N) and the three quarter turns g, relative to the RMS of f."""
    y = network(x)
    change = torch.cat([network(torch.rot90(x, k, (-2, -1))) - y for k in (1, 2, 3)])
    return float(change.square().mean().sqrt() / y.square().mean().sqrt())


@torch.no_grad()
def _accuracy(network: nn.Module, x: Tensor, y: Tensor) -> float:
    return float((network(x).argmax(1) == y).float().mean())


def examine(
    name: str, network: nn.Module, digits: Digits, seed: int = 0, progress: bool | None = None
) -> Findings:
    """Everything that the demo tells of one network."""
    loaded = describe(network)
    loaded = dataclasses.replace(loaded, name=name, info={**loaded.info, "name": name})
    x, y = digits.test_x, digits.test_y
    with one_thread(), warnings.catch_warnings():
        warnings.simplefilter("ignore", SymmeterWarning)  # they are in the result, and printed
        return Findings(
            accuracy=_accuracy(network, x, y),
            turned_accuracy=_accuracy(network, turn(x, torch.Generator().manual_seed(seed)), y),
            quarter_turn=quarter_turn_error(network, x),
            result=measure(loaded, (x, y), SYMMETRY, output=OUTPUT, seed=seed, progress=progress),
        )


def run_demo(
    console: Console,
    seed: int = 0,
    epochs: int = EPOCHS,
    out: Path | None = None,
    progress: bool | None = None,
) -> dict[str, Findings]:
    """Train, measure and print; save each Result below `out`. Returns what was found, by network.

    WriteError after all is printed, where a result could not be saved.
    """
    digits = load_digits(seed)
    say = lambda words: console.print(words, style="dim", highlight=False)
    count = len(digits.train_x)
    say(
        f"{count} handwritten digits to train on, {len(digits.test_x)} held out; {epochs} epochs, seed {seed}"
    )
    networks = train_digit_nets(seed, epochs, digits, say)
    found, unsaved = {}, []
    for name, network in networks.items():
        say(f"measuring: {name}")
        found[name] = examine(name, network, digits, seed, progress)
        if out is not None:
            try:
                found[name].result.save(out / name.lower().replace(" ", "_"))
            except WriteError as error:
                unsaved.append(error)
    _show(found, console)
    if unsaved:
        raise unsaved[0]
    if out is not None:
        console.print(
            f"Saved in {out}, a folder for each network; symmeter.load reads them.", highlight=False
        )
    console.print("Next, your own model and images:", highlight=False)
    console.print("  symmeter measure timm:resnet50 photos/ --symmetry translation,rotation", highlight=False)
    return found


def _show(found: dict[str, Findings], console: Console) -> None:
    console.print("\n[bold]What tests show[/bold]")
    table = _table("accuracy", "accuracy, turned", "quarter-turn error")
    for name, f in found.items():
        table.add_row(name, f"{f.accuracy:.3f}", f"{f.turned_accuracy:.3f}", f"{f.quarter_turn:.2g}")
    console.print(table)
    terms = {
        "accuracy, turned": "of digits that are each turned by a random angle",
        "quarter-turn error": f"how far 90, 180, 270 degrees move the {OUTPUT} (relative)",
    }
    _explain(console, terms)
    console.print("\n[bold]What symmeter measures[/bold]")
    for name, f in found.items():
        console.print(_measured(name, f))
        console.print()
    terms = {
        "value": f"LEE, mean squared change of the {OUTPUT} by a tiny step",
        "stability": "value over that of steps as large towards other images",
        "specificity": "value over that of deformations of the image as fast",
        "": "0 = symmetric, 1 = no different; [95 % interval]",
    }
    _explain(console, terms)
    console.print("\n[bold]What the numbers say[/bold]")
    for number, line in enumerate(statements(found), 1):
        console.print(textwrap.fill(f"{number}. {line}", 79, subsequent_indent="   "), highlight=False)
    for name, f in found.items():
        for warning in f.result.warnings:
            console.print(f"[yellow]warning:[/yellow] {name}: {escape(warning)}", highlight=False)
    console.print()


def _measured(name: str, found: Findings) -> Table:
    """The rows of one network."""
    table = _table("value [95 %]", "stability", "specificity", first=name)
    table.add_column("verdict", no_wrap=True)
    for row in found.result.rows:
        table.add_row(
            row.symmetry,
            with_interval(row.value, row.interval_low, row.interval_high),
            *(_ratio(row, which) for which in CONTROL_OF),
            row.verdict,
        )
    return table


def _table(*columns: str, first: str = "network") -> Table:
    table = new_table()
    table.add_column(first, no_wrap=True, min_width=18)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _explain(console: Console, words: dict[str, str]) -> None:
    for term, meaning in words.items():
        console.print(f"{term + ':' if term else '':<19} {meaning}", style="dim", highlight=False)


def statements(found: dict[str, Findings]) -> list[str]:
    """What the numbers say of stability, of specificity and of few images; every claim is decided by intervals."""
    others = [name for name in found if name != PLAIN]
    tried = [(name, which) for which in CONTROL_OF for name in others]
    ratios = [_times(found[name], found[PLAIN], which) for name, which in tried]
    corrected = holm([None if one is None else one.p for one in ratios])
    said = {key: _against(*one) for key, one in zip(tried, zip(ratios, corrected, strict=True), strict=True)}
    stable = "; ".join(f"{name} {said[name, 'stability']}" for name in others)
    specific = "; ".join(f"{name} {said[name, 'specificity']}" for name in others)
    return [
        "Stability is how a network reacts to a symmetry over how it reacts to steps as large towards other images. "
        f"For {ASKED}: {_listed(found, 'stability')}. Image by image, over that of the {PLAIN}: {stable}.",
        "Specificity is the same over deformations of the image itself as fast: below 1, the network minds this "
        f"symmetry less than others near it. For {ASKED}, {_verdicts(found)}. Image by image, over that of the "
        f"{PLAIN}: {specific}.",
        _of_few(found[PLAIN]),
    ]


def _listed(found: dict[str, Findings], which: str) -> str:
    return ", ".join(f"{_ratio(f.row(ASKED), which)} ({name})" for name, f in found.items())


def _verdicts(found: dict[str, Findings]) -> str:
    """Which networks are specific to the symmetry, which only stable, and which neither."""
    by_verdict: dict[str, list[str]] = {}
    for name, f in found.items():
        by_verdict.setdefault(f.row(ASKED).verdict, []).append(
            f"{name} ({_ratio(f.row(ASKED), SPECIFICITY)})"
        )
    words = {SPECIFIC: "specific", STABLE: "only stable"}
    order = sorted(by_verdict, key=lambda word: [*words, word].index(word))
    return "; ".join(f"{words.get(word, word)}: {', '.join(by_verdict[word])}" for word in order)


def _times(one: Findings, other: Findings, which: str) -> Ratio | None:
    """How many times a ratio of one network is that of another on the same images, image by image."""
    (a, controls_a), (b, controls_b) = one.responses(ASKED), other.responses(ASKED)
    return of_ratios(a * controls_b[which], b * controls_a[which])


def _against(times: Ratio | None, p: float | None) -> str:
    """A comparison in words: a number where the two are told apart, after the correction for how many were tried."""
    if times is None or p is None or p >= LEVEL:
        return "not told apart from it"
    return ratio(times.value, times.interval.low, times.interval.high)


def _of_few(found: Findings) -> str:
    """What the first images alone would have said."""
    row, few = found.row(ASKED), _first(found, FEW)
    ratios = few.specificity
    would = "-" if ratios is None else ratio(ratios.value, ratios.interval.low, ratios.interval.high)
    verdict = f"also {row.verdict}" if few.verdict == row.verdict else f"{few.verdict}, not {row.verdict}"
    return (
        f"An interval of few images is wide: by the first {few.n} of these {row.n} digits alone, the specificity of "
        f"the {PLAIN} for {ASKED} is {would}, which {_holds(ratios, row)} {_ratio(row, SPECIFICITY)} of all; the "
        f"verdict is {verdict}. Below {FEWEST_IMAGES} images there is none."
    )


def _holds(few: Ratio | None, row: Row) -> str:
    """Whether the interval of few images holds the number of all."""
    if few is None or few.interval.low is None or few.interval.high is None or row.specificity is None:
        return "says nothing of the"
    inside = few.interval.low <= row.specificity <= few.interval.high
    return "holds the" if inside else "misses, as one in twenty does, the"


def _first(found: Findings, count: int) -> Estimate:
    """What would be known from the first so many images."""
    row = found.row(ASKED)
    values, controls = found.responses(ASKED)
    fewer = {name: control[:count] for name, control in controls.items()}
    return estimate(values[:count], fewer, row.floor, row.power)


def _ratio(row: Row, which: str) -> str:
    return ratio(row[which], row[f"{which}_low"], row[f"{which}_high"])
