"""Out of distribution (both papers): what becomes of learned invariance on corrupted images, and on other ones?

    python studies/distribution.py [--quick]

CNNs for digits, trained without and with quarter turns, on digits with noise, blur and less contrast of growing
strength, on crops of photographs and on white noise: G-EED over C4 and its selectivity. Then trained networks of
CIFAR-10, where they are at hand, on their own images and on others.
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
from symmeter.data import open_data
from symmeter.preprocessing import Preprocessing

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from common import Interval, Study, Verdict, in_words, main, over_seeds, yes
from images import Images, digits
from training import Augment, quarter_turns, same, trained

KINDS: dict[str, Augment] = {"plain": same, "augmented": quarter_turns}
STRENGTHS = {"noise": (0.1, 0.2, 0.4, 0.8), "blur": (0.5, 1.0, 2.0, 4.0), "contrast": (0.7, 0.4, 0.2, 0.1)}
FAR = ("photographs", "white noise")
NETWORKS = ("cifar10_resnet20", "cifar10_resnet56")
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of those networks' inputs


def corrupted(x: Tensor, kind: str, strength: float) -> Tensor:
    """Images in [0, 1] with noise of a standard deviation, blurred by pixels, or with less contrast."""
    if kind == "noise":
        return x + strength * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    if kind == "blur":
        width = 2 * min(round(3 * strength), (x.shape[-1] - 1) // 2) + 1
        return gaussian_blur(x, [width, width], [strength, strength])
    mean = x.mean((-3, -2, -1), keepdim=True)
    return mean + strength * (x - mean)


def far(kind: str, like: Tensor) -> Tensor:
    """As many inputs of the same shape that show no digit."""
    random = torch.Generator().manual_seed(1)
    if kind == "white noise":
        return torch.rand(like.shape, generator=random)
    side = like.shape[-1]
    small = Preprocessing(size=(6 * side, 6 * side), channels=like.shape[1])
    pictures = torch.cat([batch.images for batch in open_data("builtin:photos", small).batches(8)])
    crops = pictures.unfold(2, side, side).unfold(3, side, side).flatten(2, 3).movedim(2, 1).flatten(0, 1)
    return crops[torch.randperm(len(crops), generator=random)[: len(like)]]


class Distribution(Study):
    """The same networks on inputs nearer to and farther from what they were trained on."""

    def rows(self) -> Iterable[dict[str, Any]]:
        images = digits(self.data).first(*((256, 24) if self.quick else (4000, 256)))
        for seed in range(2 if self.quick else self.seeds):
            for kind in KINDS:
                yield from self.step(f"{kind}-{seed}", lambda k=kind, s=seed: self._measured(k, s, images))
            if self.data is not None and not self.quick:
                yield from self.step(f"cifar10-{seed}", lambda s=seed: self._networks(s))

    def _measured(self, kind: str, seed: int, images: Images) -> list[dict[str, Any]]:
        network = trained(plain, images, seed, 1 if self.quick else 8, KINDS[kind])
        x = images.test_x
        inputs = {("digits", 0.0): x} | {(name, 1.0): far(name, x) for name in FAR}
        inputs |= {
            (name, s): corrupted(x, name, s) for name, strengths in STRENGTHS.items() for s in strengths
        }
        found = []
        for (name, strength), given in inputs.items():
            row = symmeter.measure(network, given, "C4", "geed(kl)", progress=False).rows[0]
            with torch.no_grad():
                sure = float(network(given).softmax(1).max(1).values.mean())
                right = float((network(given).argmax(1) == images.test_y[: len(given)]).float().mean())
            found.append({"kind": kind, "seed": seed, "inputs": name, "strength": strength, "error": row.value,
                          "selectivity": row.selectivity, "floor": row.floor, "verdict": row.verdict,
                          "confidence": sure, "accuracy": None if name in FAR else right})  # fmt: skip
        return found

    def _networks(self, seed: int) -> list[dict[str, Any]]:
        """Trained networks of CIFAR-10, 128 images each: their own test images, and others in their stead."""
        assert self.data is not None
        stored = np.load(self.data / "images" / "cifar10" / "test.npz")["images"]
        chosen = stored[np.random.default_rng(seed).permutation(len(stored))[:128]]
        own = torch.from_numpy(chosen).movedim(-1, 1).float() / 255
        gray = digits(self.data).test_x[128 * seed : 128 * (seed + 1)]
        edge = (own.shape[-1] - gray.shape[-1]) // 2
        inputs = {
            "CIFAR-10": own,
            "digits": nn.functional.pad(gray, (edge,) * 4).expand(-1, 3, -1, -1),
            **{kind: far(kind, own) for kind in FAR},
        }
        mean, std = (torch.tensor(v)[:, None, None] for v in (_MEAN, _STD))
        found = []
        for name in NETWORKS:
            weights = str(self.data / "weights" / f"{name}.pth")
            network = symmeter.load_model(f"{self.data / 'models.py'}:{name}", weights=weights)
            for kind, pixels in inputs.items():
                row = symmeter.measure(
                    network, (pixels - mean) / std, "translation_x", "lee", progress=False
                ).rows[0]
                found.append({"kind": name, "seed": seed, "inputs": kind, "strength": 0.0, "error": row.value,
                              "selectivity": row.selectivity, "floor": row.floor, "verdict": row.verdict})  # fmt: skip
        return found

    def judge(self, table: Any) -> list[Verdict]:
        def ratio(column: str, one: tuple[str, str, float], other: tuple[str, str, float]) -> Interval:
            """Of two (kind, inputs, strength)."""
            return over_seeds(
                table, lambda rows: _of(rows, *one, column) / _of(rows, *other, column), "ratio"
            )

        helps = {
            (name, s): ratio("error", ("augmented", name, s), ("plain", name, s))
            for name, strengths in (("digits", (0.0,)), *STRENGTHS.items())
            for s in strengths
        }
        mild = {name: helps[name, strengths[1]] for name, strengths in STRENGTHS.items()}
        strong = {name: helps[name, strengths[3]] for name, strengths in STRENGTHS.items()}
        on_digits = ("augmented", "digits", 0.0)
        kept = {n: ratio("selectivity", ("augmented", n, s[3]), on_digits) for n, s in STRENGTHS.items()}
        raw = {n: ratio("error", ("plain", n, 1.0), ("plain", "digits", 0.0)) for n in FAR}
        own = {n: ratio("error", ("augmented", n, 1.0), on_digits) for n in FAR}
        lost = {n: ratio("selectivity", ("augmented", n, 1.0), on_digits) for n in FAR}
        found = [
            Verdict("learned invariance carries over to mildly corrupted images (Kvinge et al., 2)",
                    yes(all(v.below(1) for v in mild.values())),
                    f"G-EED, augmented / plain: digits {helps['digits', 0.0]}; second strength {in_words(mild)}"),
            Verdict("it carries over to strongly corrupted ones", yes(all(v.below(1) for v in strong.values())),
                    f"G-EED, augmented / plain, fourth strength: {in_words(strong)}"),
            Verdict("it gets less as corruption grows", yes(all(v.above(1) for v in kept.values())),
                    f"selectivity of augmented networks, fourth strength over digits: {in_words(kept)}"),
            Verdict("a network looks more invariant far from the data (Kvinge et al., 2)",
                    yes(any(v.below(1) for v in raw.values())),
                    f"raw G-EED over that on digits: plain {in_words(raw)}; augmented {in_words(own)}"),
            Verdict("what has been learned is gone there: by selectivity it is insensitivity (Kvinge et al., 2)",
                    yes(all(v.above(1) for v in lost.values())),
                    f"selectivity of augmented networks over that on digits: {in_words(lost)}"),
        ]  # fmt: skip
        gap = "equivariance is worse out of distribution (Gruver et al.)"
        if not (table["kind"] == NETWORKS[0]).any():
            return [
                *found,
                Verdict(gap, "not testable here", "needs trained weights (--data), and not --quick"),
            ]
        for name in NETWORKS:
            others = {
                n: ratio("selectivity", (name, n, 0.0), (name, "CIFAR-10", 0.0)) for n in ("digits", *FAR)
            }
            raw = {n: ratio("error", (name, n, 0.0), (name, "CIFAR-10", 0.0)) for n in ("digits", *FAR)}
            found.append(
                Verdict(f"{gap}: {name}", yes(all(v.above(1) for v in others.values())),
                        f"over that on CIFAR-10, selectivity {in_words(others)}; LEE {in_words(raw)}")
            )  # fmt: skip
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10.4, 5.6), layout="constrained")
        axes = figure.subplots(2, 4, sharex="col", sharey="row")
        for column, name in enumerate((*STRENGTHS, "other images")):
            for kind, colour in (("plain", "#777777"), ("augmented", "#0072B2")):
                rows = table[table["kind"] == kind]
                if name in STRENGTHS:
                    places = {(name, s): i + 1 for i, s in enumerate(STRENGTHS[name])}
                    ticks = ["none", *(f"{s:g}" for s in STRENGTHS[name])]
                else:
                    places, ticks = {(n, 1.0): i + 1 for i, n in enumerate(FAR)}, ["digits", *FAR]
                places = {("digits", 0.0): 0} | places
                for ax, value in zip(axes[:, column], ("error", "selectivity"), strict=True):
                    chosen = [
                        rows[(rows["inputs"] == n) & (rows["strength"] == s)][value].astype(float)
                        for n, s in places
                    ]
                    style = {"fmt": "o-" if name in STRENGTHS else "o", "color": colour, "capsize": 3}
                    means, spreads = [c.mean() for c in chosen], [c.std() for c in chosen]
                    ax.errorbar(list(places.values()), means, spreads, label=kind, **style)
                    ax.set_xticks(range(len(ticks)), ticks)
            axes[0, column].set_title(name)
        axes[0, 0].set_yscale("log")
        axes[0, 0].set_ylabel("G-EED over C4 (KL, nat)")
        axes[1, 0].set_ylabel("selectivity\n(0 symmetric, 1 nothing learned)")
        axes[0, 0].legend()
        return figure


def _of(rows: Any, kind: str, inputs: str, strength: float, column: str) -> Any:
    chosen = rows[(rows["kind"] == kind) & (rows["inputs"] == inputs) & (rows["strength"] == strength)]
    return chosen[column].astype(float).iloc[0]


if __name__ == "__main__":
    sys.exit(main(Distribution))
