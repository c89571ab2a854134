"""How it was learned (Kvinge et al., conclusions 3, 4 and 5): random weights, initialisation, self-supervision.

    python studies/learning.py [--quick]

One encoder for digits, pretrained on five classes in five ways: with their labels, by contrast with and without quarter
turns among the augmentations, as an autoencoder, and by predicting rotations. First its own invariance under C4, layer
by layer; then that of classifiers for the five other classes, tuned from it on few labels, by several distances.
"""

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import symmeter

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import DEPTHS, POOLED, plain
from common import Study, Verdict, main, yes
from images import Images
from intervals import Interval, in_words, ratio
from training import Loss, accuracy, classified, quarter_turns, shifted, trained, turned

WIDTH, FEATURES = 8, 24
DISTANCES = ("geed(kl)", "geed(js)", "geed(cosine)", "geed(euclidean)", "geed(01)")
_SHOWN = ("geed(kl)", "geed(cosine)", "geed(01)")
_TEMPERATURE = 0.2


def encoder(images: Images) -> nn.Sequential:
    """The plain CNN without its classifier: (B, C, H, W) to (B, FEATURES)."""
    return plain(images, WIDTH)[:-1]


class Decoder(nn.Sequential):
    """Features back to an image."""

    def __init__(self, images: Images):
        shape = (images.channels, images.side, images.side)
        super().__init__(
            nn.Linear(FEATURES, 128), nn.ReLU(), nn.Linear(128, math.prod(shape)), nn.Unflatten(1, shape)
        )


def contrasted(augment: Callable[[Tensor], Tensor]) -> Loss:
    """Two views of an image are each other's among all views of the batch (SimCLR, Chen et al. 2020)."""

    def loss(network: nn.Module, x: Tensor, _: Tensor) -> Tensor:
        z = functional.normalize(torch.cat([network(augment(x)), network(augment(x))]), dim=1)
        likeness = (z @ z.mT / _TEMPERATURE).fill_diagonal_(-torch.inf)
        return functional.cross_entropy(likeness, torch.arange(len(z), device=z.device).roll(len(x)))

    return loss


def reconstructed(network: nn.Module, x: Tensor, _: Tensor) -> Tensor:
    """The squared error of an autoencoder."""
    return functional.mse_loss(network(x), x)


def rotation_predicted(network: nn.Module, x: Tensor, _: Tensor) -> Tensor:
    """Which of the four quarter turns it was (Gidaris et al. 2018)."""
    moved, turns = turned(x)
    return functional.cross_entropy(network(moved), turns)


@dataclass(frozen=True)
class Pretraining:
    """What stands on the encoder, and what is learned with it."""

    head: Callable[[Images], nn.Module]
    loss: Loss


def _projector(images: Images) -> nn.Module:
    return nn.Sequential(nn.Linear(FEATURES, 64), nn.ReLU(), nn.Linear(64, 32))


PRETRAININGS: dict[str, Pretraining | None] = {
    "random": None,
    "supervised": Pretraining(lambda images: nn.Linear(FEATURES, images.classes), classified),
    "contrastive, shifts": Pretraining(_projector, contrasted(shifted)),
    "contrastive, turns": Pretraining(_projector, contrasted(lambda x: quarter_turns(shifted(x)))),
    "autoencoder": Pretraining(Decoder, reconstructed),
    "rotation prediction": Pretraining(lambda images: nn.Linear(FEATURES, 4), rotation_predicted),
}
SELF_SUPERVISED = ("contrastive, shifts", "contrastive, turns", "autoencoder", "rotation prediction")


class Learning(Study):
    """Encoders by the way they were learned, and classifiers that start from them."""

    def rows(self) -> Iterable[dict[str, Any]]:
        images = self.images()
        half = images.classes // 2
        upper = self.few(images.of_classes(range(half, images.classes)), 4000, 500, quick=(256, 16))
        lower = self.few(images.of_classes(range(half)), 300, 500, quick=(128, 16))
        for seed in self.seeds:
            for name in PRETRAININGS:
                yield from self.step(
                    f"{name}-{seed}", lambda n=name, s=seed: self._measured(n, s, upper, lower)
                )

    def _measured(self, name: str, seed: int, upper: Images, lower: Images) -> list[dict[str, Any]]:
        own = self._pretrained(name, seed, upper)
        found = [
            self._row(own, upper, f"{depth}:channels_first", "geed(channelwise)")
            | {"stage": f"layer {i + 1}"}
            for i, depth in enumerate(DEPTHS)
        ]
        found.append(self._row(own, upper, f"{POOLED}:invariant", "geed(cosine)") | {"stage": "latent"})

        def classifier() -> nn.Module:
            start = encoder(lower)
            start.load_state_dict(own.state_dict())
            return nn.Sequential(*start, nn.Linear(FEATURES, lower.classes))

        tuned = trained(classifier, lower, seed, 1 if self.quick else 10, device=self.settings.device)
        right = accuracy(tuned, lower)
        rows = symmeter.measure(tuned, lower.test_x, "C4", ",".join(DISTANCES), progress=False).rows
        found += [_values(row) | {"stage": "tuned", "accuracy": right} for row in rows]
        return [{"pretraining": name, "seed": seed, **row} for row in found]

    def _pretrained(self, name: str, seed: int, images: Images) -> nn.Module:
        """An encoder."""
        way, device = PRETRAININGS[name], self.settings.device
        if way is None:
            return trained(lambda: encoder(images), images, seed, 0, device=device)
        build = lambda: nn.Sequential(encoder(images), way.head(images))
        whole = trained(build, images, seed, 1 if self.quick else 8, loss=way.loss, device=device)
        assert isinstance(whole, nn.Sequential)
        return whole[0]

    @staticmethod
    def _row(network: nn.Module, images: Images, output: str, measure: str) -> dict[str, Any]:
        return _values(
            symmeter.measure(network, images.test_x, "C4", measure, output, progress=False).rows[0]
        )

    def judge(self, table: Any) -> list[Verdict]:
        over = partial(_over, table)
        layers = [f"layer {i + 1}" for i in range(len(DEPTHS))]
        raw = {stage: over(stage, "random", "supervised") for stage in (*layers, "latent")}
        fair = over("latent", "random", "supervised", "stability")
        found = [
            Verdict("random encoders can score more invariant than trained ones (Kvinge et al., 3)",
                    yes(any(v.below(1) for v in raw.values())), f"geed, random / supervised: {in_words(raw)}"),
            Verdict("by stability random encoders are not more invariant than trained ones", yes(fair.above(1)),
                    f"stability of the latent space, random / supervised: {fair}"),
        ]  # fmt: skip
        latent = {name: over("latent", name, "supervised") for name in SELF_SUPERVISED}
        others = [v for name, v in latent.items() if name != "contrastive, turns"]
        found += [
            Verdict("self-supervision without the group does not make encoders more invariant (Kvinge et al., 5)",
                    yes(all(v.above(0.9) for v in others)), f"latent geed over supervised: {in_words(latent)}"),
            Verdict("contrast with the group's augmentations does (Kvinge et al., 5)",
                    yes(latent["contrastive, turns"].below(1)), f"{latent['contrastive, turns']}"),
        ]  # fmt: skip
        way: dict[str, dict[str, Interval]] = {}
        for name in [n for n in PRETRAININGS if n != "random"]:
            way[name] = {m: over("tuned", name, "random", measure=m) for m in DISTANCES}
        changed = {name: v for name, v in way.items() if any(i.below(1) or i.above(1) for i in v.values())}
        both = {name: v for name, v in way.items()
                if any(i.below(1) for i in v.values()) and any(i.above(1) for i in v.values())}  # fmt: skip
        found += [
            Verdict("a pretrained start changes the invariance of the classifier (Kvinge et al., 4)", yes(changed),
                    "; ".join(f"{name}: {in_words({m: v[m] for m in _SHOWN})}" for name, v in way.items())),
            Verdict("which way it changes depends on the distance m (Kvinge et al., 4)", yes(both),
                    f"up by one and down by another for: {', '.join(both) or 'none'}"),
        ]  # fmt: skip
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10.4, 4.0), layout="constrained")
        left, right = figure.subplots(1, 2)
        colours = ("#777777", "#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7")
        stages = [*(f"layer {i + 1}" for i in range(len(DEPTHS))), "latent"]
        for (k, name), colour in zip(enumerate(PRETRAININGS), colours, strict=True):
            rows = table[table["pretraining"] == name]
            mean, spread = (getattr(rows.groupby("stage")["error"], f)()[stages] for f in ("mean", "std"))
            left.errorbar(
                np.arange(4) + 0.06 * (k - 2.5), mean, spread, fmt="o-", color=colour, label=name, capsize=2
            )
            over = [_over(table, "tuned", name, "random", measure=m) for m in DISTANCES]
            value, low, high = (np.array([getattr(i, f) for i in over]) for f in ("value", "low", "high"))
            right.errorbar(np.arange(len(DISTANCES)) + 0.06 * (k - 2.5), value, [value - low, high - value],
                           fmt="o", color=colour, capsize=2)  # fmt: skip
        left.set_xticks(range(4), ["layer 1", "layer 2", "layer 3", "latent"])
        left.set_ylabel("G-EED over C4, 1 - cosine")
        left.set_title("Encoders")
        left.legend()
        right.set_xticks(range(len(DISTANCES)), [d.removeprefix("geed(")[:-1] for d in DISTANCES])
        right.axhline(1, color="#777777", linewidth=0.8)
        right.set_ylabel("G-EED over that of a random start")
        right.set_xlabel("distance m")
        right.set_title("Classifiers tuned from them")
        return figure


def _values(row: Any) -> dict[str, Any]:
    return {"measure": row.measure, "error": row.error, "standard_error": row.standard_error,
            "stability": row.stability, "floor": row.floor, "verdict": row.verdict}  # fmt: skip


def _over(table: Any, stage: str, one: str, other: str, column: str = "error", **where: Any) -> Interval:
    """The ratio of two encoders, or of classifiers that were tuned from them."""
    of = lambda name: {"pretraining": name, "stage": stage, **where}
    return ratio(table, column, of(one), of(other))


if __name__ == "__main__":
    sys.exit(main(Learning))
