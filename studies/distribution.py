"""Out of distribution (both papers): what becomes of learned invariance on corrupted images, and on other ones?

    python studies/distribution.py [--quick]

CNNs for digits, trained without and with quarter turns, on digits with noise, blur, less contrast and less light of
growing strength, on crops of photographs and on white noise: G-EED over C4 and its stability. Then trained networks
of CIFAR-10, where they are at hand, on their own images and on others.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.transforms.v2.functional import gaussian_blur

import symmeter
from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from common import Study, Verdict, main, yes
from images import Images, digits
from intervals import chosen, in_words, ratio
from published import RESNET20, RESNET56
from training import Augment, logits, quarter_turns, same, trained

KINDS: dict[str, Augment] = {"plain": same, "augmented": quarter_turns}
STRENGTHS = {
    "noise": (0.1, 0.2, 0.4, 0.8),
    "blur": (0.5, 1.0, 2.0, 4.0),
    "contrast": (0.7, 0.4, 0.2, 0.1),
    "light": (0.7, 0.4, 0.2, 0.1),
}
FAR = ("photographs", "white noise")
CLEAN = {"inputs": "clean", "strength": 0.0}
NETWORKS = (RESNET20, RESNET56)


def corrupted(x: Tensor, kind: str, strength: float) -> Tensor:
    """Images in [0, 1] with noise of a standard deviation, blurred by pixels, with less contrast, or in less light.

    Less contrast makes a black background gray, less light leaves it black.
    """
    if kind == "noise":
        return x + strength * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    if kind == "blur":
        width = 2 * min(round(3 * strength), (x.shape[-1] - 1) // 2) + 1
        return gaussian_blur(x, [width, width], [strength, strength])
    kept = 0.0 if kind == "light" else x.mean((-3, -2, -1), keepdim=True)
    return kept + strength * (x - kept)


def far(kind: str, like: Tensor) -> Tensor:
    """As many inputs of the same shape that show no digit."""
    random = torch.Generator().manual_seed(1)
    if kind == "white noise":
        return torch.rand(like.shape, generator=random)
    side = like.shape[-1]
    small = Preprocessing(size=(6 * side, 6 * side), channels=like.shape[1])
    pictures = torch.cat([batch.inputs for batch in open_data("builtin:photos", small).batches(8)])
    crops = pictures.unfold(2, side, side).unfold(3, side, side).flatten(2, 3).movedim(2, 1).flatten(0, 1)
    return crops[torch.randperm(len(crops), generator=random)[: len(like)]]


class Distribution(Study):
    """The same networks on inputs nearer to and farther from what they were trained on."""

    def rows(self) -> Iterable[dict[str, Any]]:
        images = self.few(self.images(), 4000, 500, quick=(256, 24))
        for seed in self.seeds:
            for kind in KINDS:
                yield from self.step(f"{kind}-{seed}", lambda k=kind, s=seed: self._measured(k, s, images))
            if self.settings.data is not None:
                yield from self.step(f"cifar10-{seed}", lambda s=seed: self._networks(s))

    def _measured(self, kind: str, seed: int, images: Images) -> list[dict[str, Any]]:
        network = trained(lambda: plain(images), images, seed, 1 if self.quick else 8, KINDS[kind],
                          device=self.settings.device)  # fmt: skip
        x = images.test_x
        inputs = {("clean", 0.0): x} | {(name, 1.0): far(name, x) for name in FAR}
        inputs |= {
            (name, s): corrupted(x, name, s) for name, strengths in STRENGTHS.items() for s in strengths
        }
        found = []
        for (name, strength), given in inputs.items():
            row = symmeter.measure(network, given, "C4", "geed(kl)", progress=False).rows[0]
            sure, says = logits(network, given).softmax(1).max(1)
            right = float((says == images.test_y[: len(given)]).float().mean())
            found.append({"kind": kind, "seed": seed, "inputs": name, "strength": strength, "error": row.value,
                          "stability": row.stability, "floor": row.floor, "verdict": row.verdict,
                          "confidence": float(sure.mean()), "accuracy": None if name in FAR else right})  # fmt: skip
        return found

    def _networks(self, seed: int) -> list[dict[str, Any]]:
        """Trained networks of CIFAR-10, 128 images each: their own test images, and others in their stead."""
        assert self.settings.data is not None
        count = 4 if self.quick else 128
        own = RESNET20.pixels(RESNET20.place(self.settings.data), count, seed)
        gray = digits(self.settings.data).test_x[count * seed : count * (seed + 1)]
        edge = (own.shape[-1] - gray.shape[-1]) // 2
        inputs = {
            "clean": own,
            "digits": nn.functional.pad(gray, (edge,) * 4).expand(-1, 3, -1, -1),
            **{kind: far(kind, own) for kind in FAR},
        }
        found = []
        for published in NETWORKS:
            network = published.load(self.settings.data).to(self.settings.device)
            for kind, pixels in inputs.items():
                x = published.normalised(pixels)
                row = symmeter.measure(network, x, "translation_x", "lee", progress=False).rows[0]
                found.append({"kind": published.name, "seed": seed, "inputs": kind, "strength": 0.0,
                              "error": row.value, "stability": row.stability, "floor": row.floor,
                              "verdict": row.verdict})  # fmt: skip
        return found

    def judge(self, table: Any) -> list[Verdict]:
        augmented, unturned = (chosen(table, kind=kind) for kind in ("augmented", "plain"))
        helps = lambda **where: ratio(
            table, "error", {"kind": "augmented", **where}, {"kind": "plain", **where}
        )
        at = lambda name, position: {"inputs": name, "strength": STRENGTHS[name][position]}
        clean = helps(**CLEAN)
        mild, strong = ({name: helps(**at(name, n)) for name in STRENGTHS} for n in (1, 3))
        kept = {name: ratio(augmented, "stability", at(name, 3), CLEAN) for name in STRENGTHS}
        raw = {name: ratio(unturned, "error", {"inputs": name}, CLEAN) for name in FAR}
        own = {name: ratio(augmented, "error", {"inputs": name}, CLEAN) for name in FAR}
        lost = {name: ratio(augmented, "stability", {"inputs": name}, CLEAN) for name in FAR}
        found = [
            Verdict("learned invariance carries over to mildly corrupted images (Kvinge et al., 2)",
                    yes(all(v.below(1) for v in mild.values())),
                    f"G-EED, augmented / plain: clean {clean}; second strength {in_words(mild)}"),
            Verdict("it carries over to strongly corrupted ones", yes(all(v.below(1) for v in strong.values())),
                    f"G-EED, augmented / plain, fourth strength: {in_words(strong)}"),
            Verdict("it gets less as corruption grows", yes(all(v.above(1) for v in kept.values())),
                    f"stability of augmented networks, fourth strength over clean: {in_words(kept)}"),
            Verdict("a network looks more invariant far from the data (Kvinge et al., 2)",
                    yes(any(v.below(1) for v in raw.values())),
                    f"raw G-EED over that on clean images: plain {in_words(raw)}; augmented {in_words(own)}"),
            Verdict("what has been learned is gone there: by stability it is insensitivity (Kvinge et al., 2)",
                    yes(all(v.above(1) for v in lost.values())),
                    f"stability of augmented networks over that on clean images: {in_words(lost)}"),
        ]  # fmt: skip
        gap = "equivariance is worse out of distribution (Gruver et al.)"
        if not (table["kind"] == RESNET20.name).any():
            return [*found, Verdict(gap, "not testable here", "needs trained weights (--data)")]
        for name in (network.name for network in NETWORKS):
            rows = chosen(table, kind=name)
            others, raw = (
                {n: ratio(rows, column, {"inputs": n}, CLEAN) for n in ("digits", *FAR)}
                for column in ("stability", "error")
            )
            found.append(
                Verdict(f"{gap}: {name}", yes(all(v.above(1) for v in others.values())),
                        f"over that on CIFAR-10, stability {in_words(others)}; LEE {in_words(raw)}")
            )  # fmt: skip
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(12, 5.2), layout="constrained")
        axes = figure.subplots(2, len(STRENGTHS) + 1, sharex="col", sharey="row")
        for column, name in enumerate((*STRENGTHS, "other images")):
            for kind, colour in (("plain", "#777777"), ("augmented", "#0072B2")):
                rows = chosen(table, kind=kind)
                if name in STRENGTHS:
                    places = {(name, s): i + 1 for i, s in enumerate(STRENGTHS[name])}
                    ticks = ["none", *(f"{s:g}" for s in STRENGTHS[name])]
                else:
                    places, ticks = {(n, 1.0): i + 1 for i, n in enumerate(FAR)}, ["none", *FAR]
                places = {("clean", 0.0): 0} | places
                for ax, value in zip(axes[:, column], ("error", "stability"), strict=True):
                    shown = [chosen(rows, inputs=n, strength=s)[value].astype(float) for n, s in places]
                    style = {"fmt": "o-" if name in STRENGTHS else "o", "color": colour, "capsize": 3}
                    mean, low, high = np.array([_spread(v, value == "error") for v in shown]).T
                    ax.errorbar(list(places.values()), mean, [mean - low, high - mean], label=kind, **style)
                    ax.set_xticks(range(len(ticks)), ticks)
            axes[0, column].set_title(name)
        axes[0, 0].set_yscale("log")
        axes[0, 0].set_ylabel("G-EED over C4 (KL, nat)")
        axes[1, 0].set_ylabel("stability\n(0 symmetric, 1 no stabler than to anything else)")
        axes[0, 0].legend()
        return figure


def _spread(values: Any, logarithms: bool) -> tuple[float, float, float]:
    """The mean over seeds, and one standard deviation to both sides, of logarithms where the axis is one."""
    values = np.log(values.clip(lower=1e-30)) if logarithms else values
    bars = (values.mean(), values.mean() - values.std(), values.mean() + values.std())
    return tuple(np.exp(bars)) if logarithms else bars


if __name__ == "__main__":
    sys.exit(main(Distribution))
