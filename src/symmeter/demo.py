"""The demo: three small networks, trained here on handwritten digits, and what symmeter sees in them.

A plain CNN, the same CNN trained on turned digits, and the same CNN averaged over the four quarter turns of its
input. One has learned nothing of rotations, one has learned them from data, one has a part of them built in.
"""

import dataclasses
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich import box
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from torch.nn import functional

from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.estimate import estimate
from symmeter.measurement import measure
from symmeter.models import describe
from symmeter.report.table import with_error
from symmeter.result import Result, Row

PLAIN, TURNED, AVERAGED = "plain CNN", "turned digits", "C4 average"
EPOCHS, HELD_OUT, SIDE = 20, 500, 16
ROUND_OFF = 1e-5  # a relative error below this is float32 round-off
SYMMETRY = "rotation,translation,scale"
OUTPUT = "logits"  # the softmax of so sure a network is flat but on a few digits, which then carry the mean


@dataclass(frozen=True)
class Digits:
    """Handwritten digits: inputs (N, 1, SIDE, SIDE) in [0, 1] and labels (N,), to train on and held out."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor


@dataclass(frozen=True)
class Findings:
    """What is known of one network."""

    accuracy: float
    turned_accuracy: float
    quarter_turn: float
    result: Result

    def row(self, symmetry: str) -> Row:
        """The row of one generator."""
        return next(row for row in self.result.rows if row.symmetry == symmetry)


class QuarterTurnAverage(nn.Module):
    """The mean of a network's outputs over the four quarter turns of its square input: invariant under C4."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, N, N) to (B, classes)."""
        turns = torch.cat([torch.rot90(x, k, (-2, -1)) for k in range(4)])
        return self.network(turns).unflatten(0, (4, len(x))).mean(0)


def load_digits(seed: int = 0) -> Digits:
    """scikit-learn's 1797 digits of 8 x 8 pixels, enlarged to SIDE x SIDE, split at random under `seed`."""
    try:
        from sklearn.datasets import load_digits as load
    except ImportError as error:
        raise SymmeterError("the demo needs scikit-learn: pip install 'symmeter[demo]'") from error
    bunch = load()
    images = torch.tensor(bunch.images, dtype=torch.float32)[:, None] / 16  # type: ignore[attr-defined]
    labels = torch.tensor(bunch.target, dtype=torch.long)  # type: ignore[attr-defined]
    images = functional.interpolate(images, size=(SIDE, SIDE), mode="bicubic").clamp(0, 1)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    test, train = order[:HELD_OUT], order[HELD_OUT:]
    return Digits(images[train], labels[train], images[test], labels[test])


def turn(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Each of the images (B, C, H, W) turned about its centre by an angle of its own, uniform on the circle."""
    angle = 2 * math.pi * torch.rand(len(images), generator=generator)
    cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
    matrix = torch.stack([cos, -sin, zero, sin, cos, zero], 1).reshape(-1, 2, 3)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def cnn(width: int = 16) -> nn.Sequential:
    """Three convolutions and a linear classifier."""
    sizes = [1, width, 2 * width, 4 * width]
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(4 * width * (SIDE // 8) ** 2, 10))


def train_digit_nets(
    seed: int = 0, epochs: int = EPOCHS, digits: Digits | None = None, say: Callable[[str], None] | None = None
) -> dict[str, nn.Module]:
    """The three networks, trained and in eval mode; equal for equal seeds, the global random state untouched."""
    digits = digits or load_digits(seed)
    networks: dict[str, nn.Module] = {}
    for name in (PLAIN, TURNED, AVERAGED):
        if say:
            say(f"training {name} ...")
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            network = QuarterTurnAverage(cnn()) if name == AVERAGED else cnn()
            networks[name] = _train(network, digits, epochs, turn if name == TURNED else None)
    return networks


def _train(network: nn.Module, digits: Digits, epochs: int, augment: Callable[[Tensor], Tensor] | None) -> nn.Module:
    """Adam under a one-cycle schedule, on batches of 64."""
    batch, rate = 64, 1e-2
    steps = epochs * math.ceil(len(digits.train_x) / batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(digits.train_x)).split(batch):
            x, y = digits.train_x[chosen], digits.train_y[chosen]
            loss = functional.cross_entropy(network(augment(x) if augment else x), y)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


@torch.no_grad()
def quarter_turn_error(network: nn.Module, x: Tensor) -> float:
    """RMS of f(g x) - f(x) over the three quarter turns g and the images, relative to the RMS of f."""
    y = network(x)
    change = torch.cat([network(torch.rot90(x, k, (-2, -1))) - y for k in (1, 2, 3)])
    return float(change.square().mean().sqrt() / y.square().mean().sqrt())


@torch.no_grad()
def _accuracy(network: nn.Module, x: Tensor, y: Tensor) -> float:
    return float((network(x).argmax(1) == y).float().mean())


def examine(
    name: str, network: nn.Module, digits: Digits, seed: int = 0, progress: bool | None = None
) -> Findings:
    """Everything the demo tells of one network, on the digits that were held out."""
    loaded = describe(network)
    loaded = dataclasses.replace(loaded, name=name, info={**loaded.info, "name": name})
    turned = turn(digits.test_x, torch.Generator().manual_seed(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SymmeterWarning)  # they are in the result, and printed below the tables
        result = measure(
            loaded, (digits.test_x, digits.test_y), SYMMETRY, output=OUTPUT, seed=seed, progress=progress
        )
    return Findings(
        accuracy=_accuracy(network, digits.test_x, digits.test_y),
        turned_accuracy=_accuracy(network, turned, digits.test_y),
        quarter_turn=quarter_turn_error(network, digits.test_x),
        result=result,
    )


def run_demo(
    console: Console, seed: int = 0, epochs: int = EPOCHS, out: Path | None = None, progress: bool | None = None
) -> dict[str, Findings]:
    """Train, measure, print, and save each Result below `out`; returns what was found, by network."""
    digits = load_digits(seed)
    say = lambda words: console.print(words, style="dim", highlight=False)
    say(f"{len(digits.train_x)} handwritten digits to train on, {HELD_OUT} held out; {epochs} epochs, seed {seed}")
    networks = train_digit_nets(seed, epochs, digits, say)
    say("measuring ...\n")
    found = {name: examine(name, network, digits, seed, progress) for name, network in networks.items()}
    _show(found, console)
    if out is not None:
        for name, findings in found.items():
            findings.result.save(out / name.lower().replace(" ", "_"))
        console.print(f"\nsaved to {out}: one folder for each network, to be read by symmeter.load", highlight=False)
    return found


def _show(found: dict[str, Findings], console: Console) -> None:
    table = _table("What a test set shows", "accuracy", "accuracy, turned", "quarter-turn error")
    for name, f in found.items():
        table.add_row(name, f"{f.accuracy:.3f}", f"{f.turned_accuracy:.3f}", f"{f.quarter_turn:.2g}")
    console.print(table)
    _explain(console, {
        "accuracy, turned": "the same digits, each turned by a random angle",
        "quarter-turn error": "change of the logits under 90, 180, 270 degrees, relative to them",
    })  # fmt: skip
    table = _table("What symmeter measures", "LEE rotation", *SELECTIVITIES)
    for name, f in found.items():
        raw = f.row("rotation")
        cells = [_selectivity(f.row(symmetry)) for symmetry in SELECTIVITIES.values()]
        table.add_row(name, with_error(raw.value, raw.standard_error), *cells)
    console.print(table)
    _explain(console, {
        "LEE": f"mean squared Lie derivative of the {OUTPUT}: the answer to a tiny turn",
        "rotation, ...": "selectivity = LEE / LEE along other images' tangents of the same size:",
        "": "0 = symmetric, 1 = this direction matters as much as any other",
    })  # fmt: skip
    console.print("[bold]What this says[/bold]")
    for line in statements(found):
        console.print(f"- {line}", highlight=False)
    for name, f in found.items():
        for warning in f.result.warnings:
            console.print(f"[yellow]warning:[/yellow] {name}: {warning}", highlight=False)
    console.print("\nNow your own model and images:", highlight=False)
    console.print("  symmeter measure timm:resnet50 photos/ --symmetry translation,rotation", highlight=False)


SELECTIVITIES = {"rotation": "rotation", "shift x": "translation_x", "shift y": "translation_y", "scale": "scale"}


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1)
    )
    table.add_column("trained as", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _explain(console: Console, words: dict[str, str]) -> None:
    for term, meaning in words.items():
        console.print(f"{term + ':' if term else '':<19} {meaning}", style="dim", highlight=False)
    console.print()


def _selectivity(row: Row) -> str:
    error = row.selectivity_standard_error
    return "-" if row.selectivity is None else f"{row.selectivity:.2f}" + (f" ± {error:.2f}" if error else "")


def statements(found: dict[str, Findings]) -> list[str]:
    """What the numbers say, in plain words; every claim is decided by the numbers."""
    plain, turned, averaged = (found[name] for name in (PLAIN, TURNED, AVERAGED))
    ratio, errors = _lower(turned.row("rotation"), plain.row("rotation"))
    lines = [
        f"Training on turned digits made the network {ratio:.1f} times less selective for rotation than the plain "
        f"CNN ({errors:.0f} standard errors apart)."
        if ratio > 1 and errors > 2
        else "Training on turned digits did not lower the selectivity for rotation: train longer (--epochs)."
    ]
    gain = turned.turned_accuracy - plain.turned_accuracy
    lines.append(
        f"The test set {'agrees' if (gain > 0) == (ratio > 1 and errors > 2) else 'disagrees'}: on digits turned by "
        f"any angle its accuracy is {turned.turned_accuracy:.2f} against {plain.turned_accuracy:.2f}."
    )
    raw = plain.row("rotation").value / turned.row("rotation").value
    if ratio > 1 and errors > 2 and raw < 0.67 * ratio:
        lines.append(
            f"Raw LEE alone says little of it (a ratio of {raw:.1f}): this network's logits answer more strongly to "
            "everything. That is what the control is for."
        )
    exact = [name for name, f in found.items() if f.quarter_turn < ROUND_OFF]
    if exact:
        others = min(f.quarter_turn for name, f in found.items() if name not in exact)
        lines.append(
            f"Exactly invariant under quarter turns: {', '.join(exact)} (error at round-off; {others:.2g} or more for "
            "the rest)."
        )
    ratio, errors = _lower(averaged.row("rotation"), plain.row("rotation"))
    better = ratio > 1 and errors > 2
    lines.append(
        f"LEE asks about small turns, which 90 degrees say {'something' if better else 'nothing'} about: averaging over "
        f"quarter turns leaves a selectivity of {_selectivity(averaged.row('rotation'))}, "
        f"{f'{ratio:.1f} times lower than' if better else 'no lower than'} that of the plain CNN."
    )
    return lines


def _lower(row: Row, than: Row) -> tuple[float, float]:
    """How many times lower the first row's selectivity is, and by how many standard errors."""
    a, b = estimate_of(row), estimate_of(than)
    spread = math.hypot(a[1], b[1])
    return b[0] / a[0], (b[0] - a[0]) / spread if spread else math.inf


def estimate_of(row: Row) -> tuple[float, float]:
    """Selectivity and its standard error; SymmeterError where there is none."""
    if row.selectivity is None or row.selectivity_standard_error is None:
        raise SymmeterError(f"no selectivity for {row.symmetry}: it needs a control and more than one image")
    return row.selectivity, row.selectivity_standard_error
