"""The penalty put to use: does it lower the error of a small CNN on digits, and at what price in accuracy.

The same network trained on its loss alone, with the penalty of rotation added to it, and on images that are turned at
random by up to 30 degrees: LEE of rotation after the softmax, and accuracy upright and on such turned images.
"""

import math
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

import symmeter

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from common import Study, Verdict, main, yes
from images import Images, digits
from intervals import Interval, chosen, difference, in_words, of_values, pick, ratio
from training import Augment, Loss, accuracy, classified, same, trained

MOST = math.pi / 6  # of the angles, in radians
EQUAL = 0.01  # of accuracy


def turned(x: Tensor) -> Tensor:
    """Each of the images (B, C, H, W) turned about its centre by a random angle of its own."""
    angle = MOST * (2 * torch.rand(len(x)) - 1)
    zero = torch.zeros_like(angle)
    matrix = torch.stack([angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero], 1)
    grid = functional.affine_grid(matrix.reshape(-1, 2, 3).to(x), list(x.shape), align_corners=False)
    return functional.grid_sample(x, grid, align_corners=False)


def penalised(weight: float) -> Loss:
    """The loss of a classifier and, on the same pass, the penalty."""

    def loss(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        term, scores = symmeter.penalty(network, x, "rotation", return_output=True)
        return functional.cross_entropy(scores, y) + weight * term

    return loss


PLAIN, TURNED = "plain", "turned in training"
PENALTY, STRONG = "penalty 1", "penalty 10"
KINDS: dict[str, tuple[Augment, Loss]] = {
    PLAIN: (same, classified),
    PENALTY: (same, penalised(1.0)),
    STRONG: (same, penalised(10.0)),
    TURNED: (turned, classified),
}


class Penalty(Study):
    """What the penalty does to the error and to accuracy, beside augmentation."""

    SEEDS = 5  # minutes for all, and they decide

    def images(self) -> Images:
        """The user's own, or the digits of scikit-learn, which are everywhere."""
        return digits(None) if self.settings.images is None else super().images()

    def rows(self) -> Iterable[dict[str, Any]]:
        images = self.few(self.images(), 1297, 500, quick=(256, 32))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            askew = images.changed(turned)
        for seed in self.seeds:
            for kind in KINDS:
                yield from self.step(
                    f"{kind}-{seed}", lambda k=kind, s=seed: self._measured(k, s, images, askew)
                )

    def _measured(self, kind: str, seed: int, images: Images, askew: Images) -> list[dict[str, Any]]:
        augment, loss = KINDS[kind]
        network = trained(lambda: plain(images), images, seed, 1 if self.quick else 8, augment, loss=loss,
                          device=self.settings.device)  # fmt: skip
        few = images.test_x[:200]
        row = symmeter.measure(network, few, "rotation", control="stability", progress=False).rows[0]
        found = {"kind": kind, "seed": seed, "images": images.name, "lee": row.value, "floor": row.floor}
        found |= {"stability": row.stability, "accuracy": accuracy(network, images)}
        return [found | {"askew": accuracy(network, askew)}]

    def judge(self, table: Any) -> list[Verdict]:
        over = lambda column, one, other: ratio(table, column, {"kind": one}, {"kind": other})
        less = lambda column, one, other: difference(table, column, {"kind": one}, {"kind": other})
        lower, price, gain = (
            over("lee", PENALTY, PLAIN),
            less("accuracy", PENALTY, PLAIN),
            less("askew", PENALTY, PLAIN),
        )
        strong, cost = over("lee", STRONG, PLAIN), less("accuracy", STRONG, PLAIN)
        augmented = over("lee", TURNED, PLAIN)
        return [
            Verdict("the penalty lowers LEE of rotation", yes(lower.below(1)),
                    f"{PENALTY} / {PLAIN}: {lower}; {_by_kind(table, 'lee', 'ratio')}"),
            Verdict(f"at an accuracy that is equal to {EQUAL:g}", yes(price.above(-EQUAL) and price.below(EQUAL)),
                    f"difference {price}; {_by_kind(table, 'accuracy')}"),
            Verdict("and images turned by up to 30 degrees are more often right", yes(gain.above(0)),
                    f"difference {gain}; {_by_kind(table, 'askew')}"),
            Verdict("stability falls as well: it is not the output that shrinks",
                    yes(over("stability", PENALTY, PLAIN).below(1)), _by_kind(table, "stability", "ratio")),
            Verdict("ten times the weight lowers LEE further, and costs accuracy", yes(
                over("lee", STRONG, PENALTY).below(1) and cost.below(0)),
                f"{STRONG} / {PLAIN}: {strong}; difference in accuracy {cost}"),
            Verdict("augmentation lowers LEE more than the penalty of weight 1", yes(
                over("lee", TURNED, PENALTY).below(1)),
                f"{TURNED} / {PLAIN}: {augmented}; / {PENALTY}: {over('lee', TURNED, PENALTY)}"),
        ]  # fmt: skip

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, NullFormatter

        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.subplots()
        colours = dict(zip(KINDS, ("#777777", "#0072B2", "#56B4E9", "#E69F00"), strict=True))
        for kind, colour in colours.items():
            rows = chosen(table, kind=kind)
            axes.scatter(rows["lee"], 100 * rows["accuracy"], color=colour, label=f"{kind}, upright")
            axes.scatter(rows["lee"], 100 * rows["askew"], color=colour, marker="x", label=f"{kind}, turned")
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("LEE of rotation after the softmax")
        axes.set_ylabel("accuracy in %")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return figure


def _by_kind(table: Any, column: str, scale: str = "plain") -> str:
    """What every kind has, over its seeds."""
    found: dict[str, Interval] = {
        kind: of_values([pick(rows, column, kind=kind) for _, rows in table.groupby("seed")], scale)
        for kind in KINDS
    }
    return in_words(found)


if __name__ == "__main__":
    sys.exit(main(Penalty))
