"""Architecture or training (Gruver et al.): convolutions, attention and mixers of one size, before and after training.

    python studies/architecture.py [--quick]

A CNN, a vision transformer and an MLP-mixer of some 40,000 parameters on digits: untrained, trained for a little and
for longer, and trained on shifted and turned digits. Error against accuracy, what kinds of layers it comes from, and
the same question put to the paper's own published points.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from timm.models.mlp_mixer import MlpMixer
from timm.models.vision_transformer import VisionTransformer
from torch import nn

import symmeter
from symmeter.layers import summaries as views
from symmeter.report.plots import COLOURS

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from common import Study, Verdict, main, yes
from images import Images
from intervals import Interval, chosen, in_words, over_seeds, ratio
from training import accuracy, same, shifts_and_turns, trained


def normalised(images: Images) -> Images:
    """Mean 0 and standard deviation 1: the layer norm of a black patch would divide by nearly nothing."""
    mean, std = images.train_x.mean(), images.train_x.std()
    return images.changed(lambda x: (x - mean) / std)


def transformer(images: Images) -> VisionTransformer:
    """On 4 x 4 patches, with a mean over them."""
    return VisionTransformer(
        img_size=images.side, patch_size=images.side // 4, in_chans=images.channels, num_classes=images.classes,
        embed_dim=40, depth=2, num_heads=4, class_token=False, global_pool="avg",
    )  # fmt: skip


def mixer(images: Images) -> MlpMixer:
    """On 4 x 4 patches. timm's begins with a head of zeros, of which an untrained control would learn nothing."""
    network = MlpMixer(
        img_size=images.side, patch_size=images.side // 4, in_chans=images.channels, num_classes=images.classes,
        embed_dim=44, num_blocks=2,
    )  # fmt: skip
    assert isinstance(network.head, nn.Linear)
    nn.init.xavier_uniform_(network.head.weight)
    return network


GENERATORS = ("translation_x", "rotation")
ARCHITECTURES: dict[str, Callable[[Images], nn.Module]] = {
    "CNN": lambda images: plain(images, 14),
    "ViT": transformer,
    "mixer": mixer,
}
SETTINGS = {  # epochs, augmentation
    "untrained": (0, same),
    "trained a little": (3, same),
    "trained": (12, same),
    "trained on shifts and turns": (25, shifts_and_turns),
}
# in an MLP or an attention the linear maps act at one position and make no error: what does is between them
BLAMED = ("activation", "mlp", "convolution, strided", "pooling", "patch embedding")


class Architecture(Study):
    """Which matters more for the error: what a network is, or how it was trained."""

    SEEDS = 7  # four minutes each

    def rows(self) -> Iterable[dict[str, Any]]:
        images = normalised(self.few(self.images(), 4000, 500, quick=(256, 16)))
        settings = ("untrained", "trained", "trained on shifts and turns") if self.quick else tuple(SETTINGS)
        for seed in self.seeds:
            for kind in ARCHITECTURES:
                for setting in settings:
                    yield from self.step(
                        f"{kind}-{setting}-{seed}",
                        lambda k=kind, t=setting, s=seed: [self._measured(k, t, s, images)],
                    )

    def _measured(self, kind: str, setting: str, seed: int, images: Images) -> dict[str, Any]:
        epochs, augment = SETTINGS[setting]
        epochs = min(epochs, 1) if self.quick else epochs
        network = trained(lambda: ARCHITECTURES[kind](images), images, seed, epochs, augment, rate=5e-3,
                          device=self.settings.device)  # fmt: skip
        found: dict[str, Any] = {
            "architecture": kind, "training": setting, "seed": seed, "images": images.name,
            "parameters": sum(p.numel() for p in network.parameters()), "accuracy": accuracy(network, images),
        }  # fmt: skip
        symmetry = ",".join(GENERATORS)
        for row in symmeter.measure(network, images.test_x, symmetry, "lee", progress=False).rows:
            found |= {f"lee {row.symmetry}": row.value, f"stability {row.symmetry}": row.stability}
        few = images.test_x[:128]
        profile = symmeter.attribute(network, few, symmetry, control=False, probes=10, progress=False)
        for generator in GENERATORS:
            for layer_kind, share in views.fraction(profile, generator).items():
                found[f"fraction {layer_kind} {generator}"] = share
        return found

    def judge(self, table: Any) -> list[Verdict]:
        augmented = "trained on shifts and turns"
        learned = self._each(table, "stability rotation", "trained", "untrained")
        helped, told = (
            self._each(table, f"{what} rotation", augmented, "trained") for what in ("lee", "stability")
        )
        found = [
            Verdict("training makes every architecture more equivariant than chance",
                    yes(all(v.below(1) for v in learned.values())),
                    f"stability under rotation, trained / untrained: {in_words(learned)}"),
            Verdict("augmentation lowers the error of every architecture",
                    yes(all(v.below(1) for v in helped.values())),
                    f"rotation, augmented / trained, LEE: {in_words(helped)}; stability: {in_words(told)}"),
        ]  # fmt: skip
        for setting in ("trained", augmented):
            rows = chosen(table, training=setting)
            other, fair = (
                {
                    kind: ratio(rows, column, {"architecture": kind}, {"architecture": "CNN"})
                    for kind in ("ViT", "mixer")
                }
                for column in ("lee translation_x", "stability translation_x")
            )
            found.append(
                Verdict(f"without convolutions a network is as equivariant under translation, or more: {setting}",
                        yes(all(v.below(1.1) for v in other.values())),
                        f"over that of the CNN, LEE: {in_words(other)}; stability: {in_words(fair)}")
            )  # fmt: skip
        few = table[table["training"].isin(("trained a little", "trained"))]
        if len(few["training"].unique()) > 1:
            rank = over_seeds(
                few,
                lambda rows: rows["accuracy"].corr(rows["lee translation_x"], method="spearman"),
                "correlation",
            )
            found.append(
                Verdict("more accurate networks are more equivariant, whatever the architecture", yes(rank.below(0)),
                        f"rank correlation of accuracy and LEE translation_x over 6 networks a seed {rank}")
            )  # fmt: skip
        return [*found, *_layers(chosen(table, training="trained")), *self._published()]

    @staticmethod
    def _each(table: Any, column: str, setting: str, against: str) -> dict[str, Interval]:
        """The ratio of two ways of training, for every architecture."""
        return {
            kind: ratio(
                chosen(table, architecture=kind), column, {"training": setting}, {"training": against}
            )
            for kind in ARCHITECTURES
        }

    def _published(self) -> list[Verdict]:
        """The paper's own 401 points, where they are at hand: accuracy and architecture in one regression."""
        path = (self.settings.data or Path()).parent / "reference" / "gruver2023_figure1_right.csv"
        if not path.is_file():
            return []
        import pandas as pd
        import statsmodels.api as sm

        points = pd.read_csv(path)
        design = pd.DataFrame({
            "accuracy": points["imagenet_acc_percent"], "ViT": points["family"] == "ViT",
            "mixer": points["family"].str.lower() == "mixer",
        }).astype(float)  # fmt: skip
        fitted = sm.OLS(np.log(points["translation_equiv_error"]), sm.add_constant(design)).fit(
            cov_type="HC3"
        )
        low, high = fitted.conf_int()[0], fitted.conf_int()[1]
        effect = lambda name: (
            f"{np.exp(fitted.params[name]):.3g} times ({np.exp(low[name]):.3g} to {np.exp(high[name]):.3g})"
        )
        return [
            Verdict("published points: a more accurate network is more equivariant at equal architecture",
                    yes(high["accuracy"] < 0), f"a point of accuracy: {effect('accuracy')}, n = {len(points)}"),
            Verdict("published points: at equal accuracy architecture makes little difference",
                    yes(max(abs(low[k]) for k in ("ViT", "mixer")) < np.log(1.25)
                        and max(abs(high[k]) for k in ("ViT", "mixer")) < np.log(1.25)),
                    f"ViT / CNN {effect('ViT')}, mixer / CNN {effect('mixer')}"),
        ]  # fmt: skip

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(10.4, 4.0), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
        markers = dict(zip(SETTINGS, "x^os", strict=True))
        for kind, colour in zip(ARCHITECTURES, ("#0072B2", "#D55E00", "#009E73"), strict=True):
            for setting, marker in markers.items():
                rows = chosen(table, architecture=kind, training=setting)
                left.plot(
                    rows["accuracy"], rows["lee rotation"].clip(lower=1e-12), marker, color=colour, alpha=0.8
                )
            left.plot([], [], "o", color=colour, label=kind)
        for setting, marker in markers.items():
            left.plot([], [], marker, color="#555555", label=setting)
        left.set_yscale("log")
        left.set_xlabel("accuracy")
        left.set_ylabel("LEE, rotation")
        left.legend()
        columns = [c for c in table if c.startswith("fraction ") and c.endswith(" translation_x")]
        shown = [(k, s) for k in ARCHITECTURES for s in ("trained", "trained on shifts and turns")]
        bottom = np.zeros(len(shown))
        means = [chosen(table, architecture=k, training=s)[columns].mean().fillna(0) for k, s in shown]
        for column in columns:
            kind = column.removeprefix("fraction ").removesuffix(" translation_x")
            heights = np.array([m[column] for m in means])
            if heights.max() < 0.005:
                continue
            right.bar(range(len(shown)), heights, 0.7, bottom, color=COLOURS.get(kind, "#CCCCCC"), label=kind)
            bottom += heights
        right.set_xticks(
            range(len(shown)),
            [f"{k}\n{'augmented' if 'on' in s else 'trained'}" for k, s in shown],
        )
        right.set_ylabel("fraction of layer errors, translation_x")
        right.legend(loc="upper left", bbox_to_anchor=(1, 1))
        return figure


def _layers(settled: Any) -> list[Verdict]:
    """What trained networks say of the kinds of layers."""
    shares = [c for c in settled if c.startswith("fraction ")]
    blamed = [
        c for c in shares if c.endswith("translation_x") and c.removeprefix("fraction ").startswith(BLAMED)
    ]
    found = []
    for kind in ARCHITECTURES:
        part = over_seeds(
            chosen(settled, architecture=kind), lambda own: own[blamed].fillna(0).sum(axis=1).iloc[0]
        )
        found.append(
            Verdict(f"the error comes from non-linearities, down-sampling and patch embedding: {kind}",
                    yes(part.above(0.5)), f"fraction of layer errors, translation_x: {part}")
        )  # fmt: skip
    alike = over_seeds(settled, lambda rows: _alike(rows, shares), "correlation")
    found.append(
        Verdict("the fractions of layers are nearly the same for other affine transformations", yes(alike.above(0.8)),
                f"correlation of fractions, translation_x and rotation: {alike}")
    )  # fmt: skip
    return found


def _alike(rows: Any, shares: list[str]) -> float:
    """The correlation of the fractions for the two generators, mean over architectures."""
    kinds = sorted({c.rpartition(" ")[0] for c in shares})
    found = []
    for _, row in rows.iterrows():
        a, b = ([row.get(f"{kind} {g}", np.nan) for kind in kinds] for g in GENERATORS)
        found.append(np.corrcoef(np.nan_to_num(a), np.nan_to_num(b))[0, 1])
    return float(np.mean(found))


if __name__ == "__main__":
    sys.exit(main(Architecture))
