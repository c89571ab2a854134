"""Augmentation against architecture (Kvinge et al., conclusion 1): does augmentation make layers equivariant?

    python studies/augmentation.py [--quick]

A plain CNN, the same CNN trained on quarter turns, the same averaged over them, and a steerable one, on digits: G-EED
over C4 channel by channel through the depth, of the pooled features, and after the softmax.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import symmeter
from symmeter.demo.networks import QuarterTurnAverage
from symmeter.demo.steerable import GroupConvolution, Invariant, Lift

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import Interval, Study, Verdict, main, of_values, yes
from images import Images, digits
from training import Augment, accuracy, quarter_turns, same, trained

DEPTHS = ("2", "6", "10")  # after each of the three activations
POOLED = "12"  # of the plain network


def plain(width: int = 12) -> nn.Sequential:
    """Three convolutions with pooling in between, a mean over positions, a linear classifier."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, width), (width, 2 * width), (2 * width, 3 * width)):
        convolution = nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2)]
    return nn.Sequential(*layers[:-1], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3 * width, 10))


class FieldNorm(nn.BatchNorm2d):
    """Batch norm with one mean and one variance for the four channels of a field, so that it stays one."""

    def forward(self, input: Tensor) -> Tensor:  # the name is that of nn.BatchNorm2d
        """(B, 4 fields, H, W) to the same."""
        b, channels, h, w = input.shape
        return super().forward(input.reshape(b, channels // 4, 4 * h, w)).reshape(input.shape)


def steerable(width: int = 4) -> nn.Sequential:
    """The same with group convolutions over C4, and the largest of every orbit of channels at the end."""
    return nn.Sequential(
        Lift("C4", 1, width), FieldNorm(width), nn.ReLU(), nn.AvgPool2d(2),
        GroupConvolution("C4", width, 2 * width), FieldNorm(2 * width), nn.ReLU(), nn.AvgPool2d(2),
        GroupConvolution("C4", 2 * width, 3 * width), FieldNorm(3 * width), nn.ReLU(), Invariant(4),
        nn.Linear(3 * width, 10),
    )  # fmt: skip


KINDS: dict[str, tuple[Callable[[], nn.Module], Augment]] = {
    "plain": (plain, same),
    "augmented": (plain, quarter_turns),
    "averaged": (lambda: QuarterTurnAverage(plain()), same),
    "steerable": (steerable, same),
}


class Augmentation(Study):
    """Invariance of outputs, and equivariance of layers, of four ways to it."""

    def rows(self) -> Iterable[dict[str, Any]]:
        images = digits(self.data).first(*((256, 32) if self.quick else (4000, 256)))
        for seed in range(2 if self.quick else self.seeds):
            for kind in KINDS:
                yield from self.step(f"{kind}-{seed}", lambda k=kind, s=seed: self._measured(k, s, images))

    def _measured(self, kind: str, seed: int, images: Images) -> list[dict[str, Any]]:
        build, augment = KINDS[kind]
        network = trained(build, images, seed, 1 if self.quick else 10, augment)
        # the layers of an averaged network see one of the four turns at a time
        inner = network.network if isinstance(network, QuarterTurnAverage) else network
        action = "regular(C4)" if kind == "steerable" else "channels_first"
        labels = {"kind": kind, "seed": seed, "accuracy": accuracy(network, images), "images": images.name}
        found = []
        for depth in DEPTHS:
            row = self._row(inner, images, f"{depth}:{action}", "geed(channelwise)")
            found.append({**labels, "stage": f"layer {DEPTHS.index(depth) + 1}", **row})
        pooled = "11" if kind == "steerable" else POOLED
        found.append(
            {**labels, "stage": "pooled", **self._row(inner, images, f"{pooled}:invariant", "geed(cosine)")}
        )
        found.append({**labels, "stage": "softmax", **self._row(network, images, "softmax", "geed(kl)")})
        return found

    @staticmethod
    def _row(network: nn.Module, images: Images, output: str, measure: str) -> dict[str, Any]:
        with torch.no_grad():
            row = symmeter.measure(network, images.test_x, "C4", measure, output, progress=False).rows[0]
        return {"measure": row.measure, "error": row.error, "standard_error": row.standard_error,
                "selectivity": row.selectivity, "floor": row.floor, "verdict": row.verdict}  # fmt: skip

    def judge(self, table: Any) -> list[Verdict]:
        depth = table[table["stage"].str.contains("layer")]
        layers = {kind: depth[depth["kind"] == kind].groupby("seed")["error"].mean() for kind in KINDS}
        softmax = {kind: _of(table, kind, "softmax") for kind in KINDS}
        output = _ratio(softmax["augmented"], softmax["plain"])
        inside = _ratio(layers["augmented"], layers["plain"])
        built_in = _ratio(layers["steerable"], layers["plain"])
        found = [
            Verdict("augmentation makes the output more invariant", yes(output.below(0.5)),
                    f"softmax, augmented / plain: {output}"),
            Verdict("augmentation does not give invariance through equivariant layers (Kvinge et al., 1)",
                    yes(output.below(0.5) and inside.above(0.7)),
                    f"augmented / plain, layers: {inside}; softmax: {output}"),
            Verdict("an equivariant architecture has equivariant layers", yes(built_in.below(1e-3)),
                    f"layers, steerable / plain: {built_in}"),
        ]  # fmt: skip
        averaged = _of(table, "averaged", "softmax").max()
        found.append(Verdict("averaging makes the output invariant and leaves the layers as they are",
                             yes(averaged < 1e-6 and layers["averaged"].mean() > 0.3 * layers["plain"].mean()),
                             f"softmax at most {averaged:.1e}; layers {layers['averaged'].mean():.3f} against "
                             f"{layers['plain'].mean():.3f}"))  # fmt: skip
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.6, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
        colours = dict(zip(KINDS, ("#777777", "#0072B2", "#E69F00", "#009E73"), strict=True))
        for kind, colour in colours.items():
            rows = table[(table["kind"] == kind) & table["stage"].str.contains("layer|pooled")]
            means = (
                rows.assign(place=[_place(s) for s in rows["stage"]])
                .groupby("place")["error"]
                .agg(["mean", "std"])
            )
            height, spread = means["mean"].clip(lower=1e-9), means["std"].fillna(0)
            left.errorbar(range(len(means)), height, spread, fmt="o-", color=colour, label=kind, capsize=3)
            softmax = _of(table, kind, "softmax")
            right.errorbar(
                [kind], [max(softmax.mean(), 1e-9)], [softmax.std()], fmt="o", color=colour, capsize=3
            )
        left.set_title("What is below 1e-9 is drawn there")
        left.set_yscale("log")
        right.set_yscale("log")
        left.set_xticks(range(4), ["layer 1", "layer 2", "layer 3", "pooled"])
        left.set_ylabel("G-EED over C4, 1 - cosine")
        right.set_ylabel("G-EED after softmax (KL, nat)")
        left.legend()
        return figure


def _place(stage: str) -> int:
    """The layers in order, then the pooled features."""
    return len(DEPTHS) if stage == "pooled" else int(stage.removeprefix("layer ")) - 1


def _of(table: Any, kind: str, stage: str) -> Any:
    return table[(table["kind"] == kind) & (table["stage"] == stage)].set_index("seed")["error"]


def _ratio(a: Any, b: Any) -> Interval:
    """The ratio of two kinds, seed by seed."""
    return of_values(np.maximum(a, 1e-12) / np.maximum(b, 1e-12), scale="ratio")


if __name__ == "__main__":
    sys.exit(main(Augmentation))
