"""What controls and verdicts say where there is nothing to find, and of symmetries that were trained here."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from images import Images
from published import Published
from torch import Tensor, nn
from torch.nn import functional
from training import Augment, same, trained

import symmeter
from symmeter.results.estimate import estimate
from symmeter.results.intervals import holm, of_ratios

NETWORKS = {  # of timm, with fresh weights
    "CNN": "mobilenetv3_small_050",
    "transformer": "vit_tiny_patch16_224",
    "mixer": "mixer_s32_224",
    "hybrid": "mobilevit_xxs",
}
SEEDS = 3
_FIXED = ("vit", "mixer")  # networks that are built for one size
_PHOTOGRAPHS = Published("untrained", "photos", 96, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_ALPHA = 0.05


def untrained(kind: str, seed: int) -> nn.Module:
    """A network of timm as it is before training; the mixer's last layer, which timm fills with 0, at random too."""
    import timm

    name = NETWORKS[kind]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        size: dict[str, Any] = {"img_size": _PHOTOGRAPHS.side} if name.startswith(_FIXED) else {}
        network: Any = timm.create_model(name, pretrained=False, **size)
        if kind == "mixer":
            nn.init.trunc_normal_(network.head.weight, std=0.02)
    return network.eval()


def null_of_specificity(kind: str, seed: int, data: Path, symmetry: str = "affine") -> list[dict[str, Any]]:
    """Rows of an untrained network on 32 photographs, logits; other photographs and deformations for every network."""
    x = _PHOTOGRAPHS.normalised(_PHOTOGRAPHS.pixels(_PHOTOGRAPHS.place(data), 32, seed=seed))
    pixels: dict[str, Any] = {"mean": _PHOTOGRAPHS.mean, "std": _PHOTOGRAPHS.std}
    result = symmeter.measure(
        untrained(kind, seed), x, symmetry, output="logits", seed=seed, progress=False, **pixels
    )
    return rows_of("null" if symmetry == "affine" else f"null, {symmetry}", kind, seed, result)


class Budget(NamedTuple):
    """How long a network is trained, on how many images it is measured, and where."""

    epochs: int
    count: int
    device: str = "cpu"


def turned(x: Tensor) -> Tensor:
    """Every image turned by any angle."""
    return _seen(x, 2 * math.pi * torch.rand(len(x)), torch.ones(len(x)))


def scaled(x: Tensor) -> Tensor:
    """Every image scaled by 0.6 to 1.7 times."""
    return _seen(x, torch.zeros(len(x)), torch.exp(torch.rand(len(x)) - 0.5))


def _seen(x: Tensor, angle: Tensor, factor: Tensor) -> Tensor:
    """Images turned by angles (b,) and seen so many times as large, black around."""
    cosine, sine, zero = angle.cos() / factor, angle.sin() / factor, torch.zeros(len(x))
    rows = torch.stack([cosine, -sine, zero, sine, cosine, zero], 1).reshape(-1, 2, 3)
    grid = functional.affine_grid(rows.to(x), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def placed(images: Images, width: int = 12) -> nn.Sequential:
    """A small CNN that knows every place by its own weights, for a mean over positions is a symmetry by itself."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((images.channels, width), (width, 2 * width)):
        convolution = nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(images.classes))


def perceptron(images: Images, width: int = 256) -> nn.Sequential:
    """One that has no symmetry by itself: convolutions are somewhat specific to translations before any training."""
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in ((images.train_x[0].numel(), width), (width, width)):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, images.classes))


SUBJECTS: Mapping[str, Callable[[Images], nn.Module]] = {"CNN": placed, "perceptron": perceptron}
TRAININGS: Mapping[str, Augment] = {"upright": same, "turned": turned, "scaled": scaled}


def trained_here(kind: str, images: Images, seed: int, budget: Budget, subject: str = "CNN") -> Any:
    """The result of a small network on test images, logits, along translation_x, rotation and scale."""
    network = trained(
        lambda: _ready(SUBJECTS[subject](images), images), images, seed, budget.epochs, TRAININGS[kind],
        device=budget.device,
    )  # fmt: skip
    x = images.test_x[: budget.count]
    return symmeter.measure(
        network, x, "translation_x,rotation,scale", output="logits", seed=seed, progress=False
    )


def _ready(network: nn.Module, images: Images) -> nn.Module:
    """The same with all of its weights, which a lazy layer has from its first input on."""
    network(images.train_x[:2])
    return network


def rows_of(what: str, kind: str, seed: int, result: Any) -> list[dict[str, Any]]:
    """A result as rows of the table."""
    return [_row(what, kind, seed, row) for row in result.rows]


def verdicts_of_swaps(result: Any, sizes: Sequence[int], draws: int) -> list[dict[str, Any]]:
    """How often a verdict is other than `unclear` and `not stable` where value and controls changed places at random.

    In every image of every draw, among themselves: so none of them is the value, and there is nothing to find.
    """
    found = []
    for row in result.rows:
        three = np.stack(
            [result.samples[row.column + end] for end in ("", ":control", ":specificity_control")], 1
        )
        three = three[np.isfinite(three).all(1)]
        for n in sizes:
            random, other = np.random.default_rng(n), 0
            for _ in range(draws):
                value, control, turned_one = random.permuted(
                    three[random.integers(0, len(three), n)], axis=1
                ).T
                said = estimate(value, {"stability": control, "specificity": turned_one}).verdict
                other += said not in ("unclear", "not stable")
            found.append({"kind": "swapped", "setting": n, "symmetry": row.symmetry, "value": other / draws})
    return found


def differences_of_swaps(one: Any, other: Any, sizes: Sequence[int], draws: int) -> list[dict[str, Any]]:
    """How often any row of two networks differs by Holm where the two changed places at random, image by image.

    Two trainings do differ; who of them answered an image is what is drawn, so that there is nothing to find.
    """
    columns = [row.column for row in one.rows]
    pairs = np.stack(
        [[result.samples[column] for column in columns] for result in (one, other)]
    )  # (2, rows, N)
    found = []
    for n in sizes:
        random, clear = np.random.default_rng(n), 0
        for _ in range(draws):
            chosen = random.integers(0, pairs.shape[2], n)
            swap = random.random(n) < 0.5
            first, second = np.where(swap, pairs[::-1][:, :, chosen], pairs[:, :, chosen])
            ratios = [of_ratios(a, b) for a, b in zip(first, second, strict=True)]
            p = [p for p in holm([None if ratio is None else ratio.p for ratio in ratios]) if p is not None]
            clear += min(p, default=1.0) < _ALPHA
        found.append({"kind": "two networks swapped", "setting": n, "value": clear / draws})
    return found


def _row(kind: str, setting: str, seed: int, row: Any) -> dict[str, Any]:
    names = (
        "stability",
        "stability_low",
        "stability_high",
        "specificity",
        "specificity_low",
        "specificity_high",
    )
    return {"kind": kind, "setting": setting, "seed": seed, "symmetry": row.symmetry, "value": row.value,
            "verdict": row.verdict, "n": row.n, **{name: row[name] for name in names}}  # fmt: skip
