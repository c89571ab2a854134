"""Anti-aliasing (both papers' subject; Zhang 2019, Karras et al. 2021): does it lower the error, and of which layers?

    python studies/antialiasing.py [--quick]

One CNN for digits on the circle in five forms, from down-sampling as it is usually done to none that aliases: error
under translation, consistency under shifts of the input by whole pixels, accuracy, and the errors of layers by kind.
"""

import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from torch import nn
from torch.nn import functional

import symmeter
from symmeter.layers import summaries as views

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bandlimited import BlurPool, Filtered, Resized
from common import Study, Verdict, main, yes
from images import Images
from intervals import difference, over_seeds, pick, ratio
from training import accuracy, trained

WIDTHS = (12, 24, 36)
Block = Callable[[int, int], list[nn.Module]]


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """Three by three, on the circle."""
    return nn.Conv2d(inputs, outputs, 3, stride, 1, padding_mode="circular", bias=False)


BLOCKS: dict[str, Block] = {
    "max pooling": lambda i, o: [convolution(i, o), nn.BatchNorm2d(o), nn.GELU(), nn.MaxPool2d(2)],
    "strided": lambda i, o: [convolution(i, o, 2), nn.BatchNorm2d(o), nn.GELU()],
    "blur pooling": lambda i, o: [convolution(i, o), nn.BatchNorm2d(o), nn.GELU(), BlurPool(o)],
    "blur, filtered": lambda i, o: [convolution(i, o), nn.BatchNorm2d(o), Filtered(nn.GELU()), BlurPool(o)],
    "band-limited": lambda i, o: [convolution(i, o), nn.BatchNorm2d(o), Filtered(nn.GELU()), Resized(0.5)],
}
STAGES = {"down-sampling": (nn.MaxPool2d, BlurPool, Resized), "activation": (nn.GELU, Filtered)}


def network(kind: str, images: Images) -> nn.Sequential:
    """Three blocks of a kind, a mean over positions, a linear classifier."""
    layers = [module for i, o in pairwise((images.channels, *WIDTHS)) for module in BLOCKS[kind](i, o)]
    head = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTHS[-1], images.classes))
    return nn.Sequential(*layers, *head)


def on_the_circle(images: Images) -> Images:
    """Black all around to a side that can be halved three times, so that nothing is seen to wrap."""
    short = -images.side % 8
    return images.changed(lambda x: functional.pad(x, (short // 2, short - short // 2) * 2))


class Antialiasing(Study):
    """Five ways to make a map smaller."""

    def rows(self) -> Iterable[dict[str, Any]]:
        images = on_the_circle(self.few(self.images(), 4000, 500, quick=(256, 16)))
        for seed in self.seeds:
            for kind in BLOCKS:
                yield from self.step(f"{kind}-{seed}", lambda k=kind, s=seed: [self._measured(k, s, images)])

    def _measured(self, kind: str, seed: int, images: Images) -> dict[str, Any]:
        model = trained(lambda: network(kind, images), images, seed, 1 if self.quick else 5,
                        device=self.settings.device)  # fmt: skip
        common = {"definition": "periodic", "progress": False}
        lee = symmeter.measure(model, images.test_x, "translation_x", "lee", **common).rows[0]
        shifts = symmeter.measure(model, images.test_x, "shift(2)", "consistency,kl_consistency", padding="circular",
                                  **common).rows  # fmt: skip
        # resampling is not followed: say where the maps are
        layouts = {
            name: "invariant" if isinstance(module, nn.Flatten | nn.Linear) else "channels_first"
            for name, module in model.named_modules()
            if name
        }
        profile = symmeter.attribute(model, images.test_x[:128], "translation_x", control=False, probes=10,
                                     layouts=layouts, **common)  # fmt: skip
        found = {"kind": kind, "seed": seed, "accuracy": accuracy(model, images), "lee": lee.value,
                 "stability": lee.stability, "floor": lee.floor, "images": images.name}  # fmt: skip
        found |= {row.measure: row.value for row in shifts}
        return found | _by_stage(model, profile)

    def judge(self, table: Any) -> list[Verdict]:
        over = lambda column, one, other="strided": ratio(table, column, {"kind": one}, {"kind": other})
        less = lambda column, one: difference(table, column, {"kind": one}, {"kind": "strided"})
        blur, filtered, limited, pooled = (
            over("lee", kind) for kind in ("blur pooling", "blur, filtered", "band-limited", "max pooling")
        )
        further, activation = (
            over(column, "blur, filtered", "blur pooling") for column in ("lee", "activation")
        )
        drop, steady = less("accuracy", "band-limited"), less("consistency", "blur pooling")
        moved = over_seeds(table, lambda rows: _share(rows, "blur pooling") - _share(rows, "max pooling"))
        return [
            Verdict("blur pooling lowers the error", yes(blur.below(1)),
                    f"LEE over that of strided convolutions {blur}; max pooling {pooled}"),
            Verdict("filtered non-linearities lower it further", yes(further.below(1)),
                    f"LEE over that with blur pooling alone {further}; over that of strided convolutions {filtered}"),
            Verdict("a network of band-limited layers has next to none", yes(limited.below(0.01)),
                    f"LEE over that of strided convolutions {limited}"),
            Verdict("anti-aliasing costs no accuracy", yes(drop.above(-0.01)),
                    f"accuracy, band-limited less strided {drop}"),
            Verdict("blur pooling makes decisions more consistent under shifts (Zhang 2019)", yes(steady.above(0)),
                    f"consistency over shift(2), blur pooling less strided {steady}"),
            Verdict("filtering lowers the error of the non-linearities themselves", yes(activation.below(1)),
                    f"norm of activations, with / without the filter {activation}"),
            Verdict("with blur pooling the non-linearities have a larger share of the error", yes(moved.above(0)),
                    f"share of activations, blur pooling less max pooling {moved}"),
        ]  # fmt: skip

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.6, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2)
        names = list(BLOCKS)
        for x, name in enumerate(names):
            rows = table[table["kind"] == name]
            left.plot([x] * len(rows), rows["lee"].clip(lower=1e-16), "o", color="#0072B2", alpha=0.7)
        for stage, colour in (
            ("convolution", "#56B4E9"),
            ("activation", "#D55E00"),
            ("down-sampling", "#009E73"),
        ):
            heights = table.groupby("kind")[stage].mean()[names].where(lambda v: v > 0)
            right.plot(range(len(names)), heights, "o", color=colour, label=stage)
        left.set_ylabel("LEE, translation_x")
        right.set_ylabel("norm of layer errors, by kind")
        for ax in (left, right):
            ax.set_yscale("log")
            ax.set_xticks(range(len(names)), [n.replace(" ", "\n") for n in names])
        right.legend()
        return figure


def _by_stage(model: nn.Module, profile: Any) -> dict[str, float]:
    """Sums of the norms of layer errors: of convolutions, of activations, of what makes the map smaller."""
    sums = dict.fromkeys(("convolution", *STAGES), 0.0)
    children = dict(model.named_children())
    for line in views.by_module(profile, "translation_x", depth=1):
        module = children.get(line.label)
        stage = next((name for name, kinds in STAGES.items() if isinstance(module, kinds)), "convolution")
        sums[stage] += line.norm or 0.0
    return sums


def _share(rows: Any, kind: str) -> float:
    """The part of the activations in the norms of all layers."""
    return pick(rows, "activation", kind=kind) / sum(
        pick(rows, stage, kind=kind) for stage in ("convolution", *STAGES)
    )


if __name__ == "__main__":
    sys.exit(main(Antialiasing))
