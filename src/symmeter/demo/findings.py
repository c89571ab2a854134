"""What symmeter and plain tests say about the three networks, as tables and as sentences."""

import dataclasses
import math
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from torch import Tensor, nn

from symmeter.demo.networks import (
    AVERAGED,
    EPOCHS,
    PLAIN,
    TURNED,
    Digits,
    load_digits,
    one_thread,
    train_digit_nets,
    turn,
)
from symmeter.errors import SymmeterWarning, WriteError
from symmeter.measuring.measure import measure
from symmeter.models.load import describe
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.text import with_error

SYMMETRY = "rotation,translation,scale"
OUTPUT = "logits"  # softmax is flat where a network is sure, and the few other digits would carry the mean
ROUND_OFF = 1e-5  # a relative error below this is float32 round-off
CLEAR = 3.0  # standard errors between two numbers that are called different


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
    table = _table("LEE rotation", "rotation", "shift x", "shift y", "scale")
    for name, f in found.items():
        raw, others = f.row("rotation"), ("translation_x", "translation_y", "scale")
        cells = [f"{_selectivity(f.row(other))[0]:.2f}" for other in others]
        table.add_row(name, with_error(raw.value, raw.standard_error), _words(raw), *cells)
    console.print(table)
    terms = {
        "LEE rotation": f"mean squared change of the {OUTPUT} per radian of a tiny turn",
        "rotation ... scale": "selectivity = LEE / control, a step of the same size in",
        "": "another direction: 0 = symmetric, 1 = nothing learned",
    }
    _explain(console, terms)
    console.print("\n[bold]What the numbers say[/bold]")
    for number, line in enumerate(statements(found), 1):
        console.print(textwrap.fill(f"{number}. {line}", 79, subsequent_indent="   "), highlight=False)
    for name, f in found.items():
        for warning in f.result.warnings:
            console.print(f"[yellow]warning:[/yellow] {name}: {escape(warning)}", highlight=False)
    console.print()


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("network", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _explain(console: Console, words: dict[str, str]) -> None:
    for term, meaning in words.items():
        console.print(f"{term + ':' if term else '':<19} {meaning}", style="dim", highlight=False)


def statements(found: dict[str, Findings]) -> list[str]:
    """What the numbers say, in plain words; every claim is decided by the numbers."""
    plain, turned = found[PLAIN], found[TURNED]
    before, after, built_in = (found[name].row("rotation") for name in (PLAIN, TURNED, AVERAGED))
    ratio, distance = _lower(after, before)
    learned = distance > CLEAR
    did, times = ("brought", f", {ratio:.1f} times lower") if learned else ("did not bring", "")
    lines = [
        f"Turning the digits in training {did} the selectivity for rotation down: "
        f"{_words(after)} against {_words(before)}{times}."
    ]
    confirmed = (turned.turned_accuracy - plain.turned_accuracy > 0.1) == learned
    lines.append(
        f"The test {'agrees' if confirmed else 'does not agree'}: of digits turned by any angle it gets "
        f"{turned.turned_accuracy:.0%} right, the plain CNN {plain.turned_accuracy:.0%}."
    )
    raw = before.value / after.value
    if learned and raw < 0.75 * ratio:
        lines.append(
            f"The raw LEE shows less of that: a ratio of {raw:.1f} in place of {ratio:.1f}, for this network "
            "answers more strongly to a change in any direction. The control takes that out."
        )
    exact = [name for name, f in found.items() if f.quarter_turn < ROUND_OFF]
    rest = [f.quarter_turn for name, f in found.items() if name not in exact]
    others = f" (at round-off). The others are off by {min(rest):.0%} or more" if exact and rest else ""
    lines.append(f"Exactly invariant under quarter turns: {', '.join(exact) or 'none'}{others}.")
    ratio, distance = _lower(built_in, before)
    much, times = ("a little", f"{ratio:.1f} times") if distance > CLEAR else ("nothing", "no")
    lines.append(
        f"LEE asks about small turns, and quarter turns say {much} about those: "
        f"averaged over them, the selectivity is {_words(built_in)}, "
        f"{times} lower than that of the plain CNN."
    )
    return lines


def _selectivity(row: Row) -> tuple[float, float]:
    """Selectivity and its standard error; NaN where there is none."""
    value, error = row.selectivity, row.selectivity_standard_error
    return math.nan if value is None else value, math.nan if error is None else error


def _words(row: Row) -> str:
    return "{:.2f} ± {:.2f}".format(*_selectivity(row))


def _lower(row: Row, than: Row) -> tuple[float, float]:
    """How many times lower the selectivity of one row is than of another, and by how many standard errors."""
    (a, error_a), (b, error_b) = _selectivity(row), _selectivity(than)
    spread = math.hypot(error_a, error_b)
    return b / a if a else math.inf, (b - a) / spread if spread else math.inf
