"""Augmentation against architecture (Kvinge et al., conclusion 1): does augmentation make layers equivariant?

    python studies/augmentation.py [--quick]

A plain CNN, the same CNN trained on quarter turns, the same averaged over them, and a steerable one, on digits: G-EED
over C4 channel by channel through the depth, of the pooled features, and after the softmax.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import symmeter
from symmeter.demo.networks import QuarterTurnAverage

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import Study, Verdict, main, yes
from images import Images
from intervals import chosen, over_seeds, pick
from steerable import GroupConvolution, Invariant, Lift
from training import Augment, accuracy, quarter_turns, same, trained

DEPTHS = ("2", "6", "10")  # after each of the three activations
POOLED = "12"  # of the plain network


def plain(images: Images, width: int = 12) -> nn.Sequential:
    """Three convolutions with pooling in between, a mean over positions, a linear classifier."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((images.channels, width), (width, 2 * width), (2 * width, 3 * width)):
        convolution = nn.Conv2d(inputs, outputs, 5, padding=2, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.AvgPool2d(2)]
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3 * width, images.classes))
    return nn.Sequential(*layers[:-1], *head)


class FieldNorm(nn.BatchNorm2d):
    """Batch norm with one mean and one variance for the four channels of a field, so that it stays one."""

    def forward(self, input: Tensor) -> Tensor:  # the name is that of nn.BatchNorm2d
        """(B, 4 fields, H, W) to the same."""
        b, channels, h, w = input.shape
        return super().forward(input.reshape(b, channels // 4, 4 * h, w)).reshape(input.shape)


def steerable(images: Images, width: int = 4) -> nn.Sequential:
    """The same with group convolutions over C4, and the largest of every orbit of channels at the end."""
    return nn.Sequential(
        Lift("C4", images.channels, width), FieldNorm(width), nn.ReLU(), nn.AvgPool2d(2),
        GroupConvolution("C4", width, 2 * width), FieldNorm(2 * width), nn.ReLU(), nn.AvgPool2d(2),
        GroupConvolution("C4", 2 * width, 3 * width), FieldNorm(3 * width), nn.ReLU(), Invariant(4),
        nn.Linear(3 * width, images.classes),
    )  # fmt: skip


KINDS: dict[str, tuple[Callable[[Images], nn.Module], Augment]] = {
    "plain": (plain, same),
    "augmented": (plain, quarter_turns),
    "averaged": (lambda images: QuarterTurnAverage(plain(images)), same),
    "steerable": (steerable, same),
}


class Augmentation(Study):
    """Invariance of outputs, and equivariance of layers, of four ways to it."""

    SEEDS = 5  # minutes each, and they decide

    def rows(self) -> Iterable[dict[str, Any]]:
        images = self.few(self.images(), 4000, 500, quick=(256, 32))
        for seed in self.seeds:
            for kind in KINDS:
                yield from self.step(f"{kind}-{seed}", lambda k=kind, s=seed: self._measured(k, s, images))

    def _measured(self, kind: str, seed: int, images: Images) -> list[dict[str, Any]]:
        build, augment = KINDS[kind]
        network = trained(lambda: build(images), images, seed, 1 if self.quick else 10, augment,
                          device=self.settings.device)  # fmt: skip
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
                "stability": row.stability, "floor": row.floor, "verdict": row.verdict}  # fmt: skip

    def judge(self, table: Any) -> list[Verdict]:
        table = table.assign(error=table["error"].clip(lower=1e-12))  # of a ratio's logarithm
        softmax = lambda rows, kind: pick(rows, "error", kind=kind, stage="softmax")
        layers = lambda rows, kind: chosen(rows[rows["stage"].str.contains("layer")], kind=kind)[
            "error"
        ].mean()
        over = lambda what, one, other: over_seeds(
            table, lambda rows: what(rows, one) / what(rows, other), "ratio"
        )
        output, inside = (over(what, "augmented", "plain") for what in (softmax, layers))
        built_in, averaged = (over(layers, kind, "plain") for kind in ("steerable", "averaged"))
        found = [
            Verdict("augmentation makes the output more invariant", yes(output.below(0.5)),
                    f"softmax, augmented / plain: {output}"),
            Verdict("augmentation does not give invariance through equivariant layers (Kvinge et al., 1)",
                    yes(output.below(0.5) and inside.above(0.7)),
                    f"augmented / plain, layers: {inside}; softmax: {output}"),
            Verdict("an equivariant architecture has equivariant layers", yes(built_in.below(1e-3)),
                    f"layers, steerable / plain: {built_in}"),
        ]  # fmt: skip
        largest = chosen(table, kind="averaged", stage="softmax")["error"].max()
        found.append(Verdict("averaging makes the output invariant and leaves the layers as they are",
                             yes(largest < 1e-6 and averaged.above(0.3)),
                             f"softmax at most {largest:.1e}; layers, averaged / plain: {averaged}"))  # fmt: skip
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.6, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.5, 1))
        colours = dict(zip(KINDS, ("#777777", "#0072B2", "#E69F00", "#009E73"), strict=True))
        for kind, colour in colours.items():
            rows = chosen(table[table["stage"].str.contains("layer|pooled")], kind=kind)
            means = (
                rows.assign(place=[_place(s) for s in rows["stage"]])
                .groupby("place")["error"]
                .agg(["mean", "std"])
            )
            height, spread = means["mean"].clip(lower=1e-9), means["std"].fillna(0)
            left.errorbar(range(len(means)), height, spread, fmt="o-", color=colour, label=kind, capsize=3)
            softmax = chosen(table, kind=kind, stage="softmax")["error"]
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


if __name__ == "__main__":
    sys.exit(main(Augmentation))
