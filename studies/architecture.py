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
from symmeter.layers import views
from symmeter.report.plots import COLOURS

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from common import Interval, Study, Verdict, in_words, main, over_seeds, yes
from images import Images, digits
from training import accuracy, same, shifts_and_turns, trained


def normalised(images: Images) -> Images:
    """Mean 0 and standard deviation 1: the layer norm of a black patch would divide by nearly nothing."""
    mean, std = images.train_x.mean(), images.train_x.std()
    train_x, test_x = ((x - mean) / std for x in (images.train_x, images.test_x))
    return Images(images.name, train_x, images.train_y, test_x, images.test_y)


def transformer(side: int) -> VisionTransformer:
    """On 4 x 4 patches, with a mean over them."""
    return VisionTransformer(
        img_size=side, patch_size=side // 4, in_chans=1, num_classes=10, embed_dim=40, depth=2, num_heads=4,
        class_token=False, global_pool="avg",
    )  # fmt: skip


def mixer(side: int) -> MlpMixer:
    """On 4 x 4 patches. timm's begins with a head of zeros, of which an untrained control would learn nothing."""
    network = MlpMixer(
        img_size=side, patch_size=side // 4, in_chans=1, num_classes=10, embed_dim=44, num_blocks=2
    )
    assert isinstance(network.head, nn.Linear)
    nn.init.xavier_uniform_(network.head.weight)
    return network


GENERATORS = ("translation_x", "rotation")
ARCHITECTURES: dict[str, Callable[[int], nn.Module]] = {
    "CNN": lambda side: plain(14),
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
BLAMED = ("activation", "mlp", "convolution strided", "pooling", "patch embedding")


class Architecture(Study):
    """Which matters more for the error: what a network is, or how it was trained."""

    def rows(self) -> Iterable[dict[str, Any]]:
        images = normalised(digits(self.data).first(*((256, 16) if self.quick else (4000, 256))))
        settings = ("untrained", "trained", "trained on shifts and turns") if self.quick else tuple(SETTINGS)
        for seed in range(2 if self.quick else self.seeds):
            for kind in ARCHITECTURES:
                for setting in settings:
                    key = f"{kind}-{setting}-{seed}".replace(" ", "-")
                    yield from self.step(
                        key, lambda k=kind, t=setting, s=seed: [self._measured(k, t, s, images)]
                    )

    def _measured(self, kind: str, setting: str, seed: int, images: Images) -> dict[str, Any]:
        epochs, augment = SETTINGS[setting]
        side = images.train_x.shape[-1]
        epochs = min(epochs, 1) if self.quick else epochs
        network = trained(lambda: ARCHITECTURES[kind](side), images, seed, epochs, augment, rate=5e-3)
        found: dict[str, Any] = {
            "architecture": kind, "training": setting, "seed": seed, "images": images.name,
            "parameters": sum(p.numel() for p in network.parameters()), "accuracy": accuracy(network, images),
        }  # fmt: skip
        symmetry = ",".join(GENERATORS)
        for row in symmeter.measure(network, images.test_x, symmetry, "lee", progress=False).rows:
            found |= {f"lee {row.symmetry}": row.value, f"selectivity {row.symmetry}": row.selectivity}
        few = images.test_x[:64]
        profile = symmeter.attribute(network, few, symmetry, control=False, probes=10, progress=False)
        for generator in GENERATORS:
            for layer_kind, share in views.fraction(profile, generator).items():
                found[f"fraction {layer_kind} {generator}"] = share
        return found

    def judge(self, table: Any) -> list[Verdict]:
        augmented = "trained on shifts and turns"
        learned = self._each(table, "selectivity rotation", "trained", "untrained")
        helped = self._each(table, "lee rotation", augmented, "trained")
        found = [
            Verdict("training makes every architecture more equivariant than chance",
                    yes(all(v.below(1) for v in learned.values())),
                    f"selectivity under rotation, trained / untrained: {in_words(learned)}"),
            Verdict("augmentation lowers the error of every architecture",
                    yes(all(v.below(1) for v in helped.values())),
                    f"LEE rotation, augmented / trained: {in_words(helped)}"),
        ]  # fmt: skip
        for setting in ("trained", augmented):
            other = {
                kind: over_seeds(
                    table, _ratio("lee translation_x", (kind, setting), ("CNN", setting)), "ratio"
                )
                for kind in ("ViT", "mixer")
            }
            fair = {
                kind: over_seeds(
                    table, _ratio("selectivity translation_x", (kind, setting), ("CNN", setting)), "ratio"
                )
                for kind in other
            }
            found.append(
                Verdict(f"without convolutions a network is as equivariant under translation, or more: {setting}",
                        yes(all(v.below(1.1) for v in other.values())),
                        f"over that of the CNN, LEE: {in_words(other)}; selectivity: {in_words(fair)}")
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
        return [*found, *_layers(table[table["training"] == "trained"]), *self._published()]

    @staticmethod
    def _each(table: Any, column: str, setting: str, against: str) -> dict[str, Interval]:
        """The ratio of two ways of training, for every architecture."""
        return {
            k: over_seeds(table, _ratio(column, (k, setting), (k, against)), "ratio") for k in ARCHITECTURES
        }

    def _published(self) -> list[Verdict]:
        """The paper's own 401 points, where they are at hand: accuracy and architecture in one regression."""
        path = (self.data or Path()).parent / "reference" / "gruver2023_figure1_right.csv"
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
                rows = table[(table["architecture"] == kind) & (table["training"] == setting)]
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
        means = [
            table[(table["architecture"] == k) & (table["training"] == s)][columns].mean().fillna(0)
            for k, s in shown
        ]
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


def _ratio(column: str, one: tuple[str, str], other: tuple[str, str]) -> Callable[[Any], float]:
    """Of two networks, each (architecture, training)."""
    return lambda rows: _of(rows, *one, column) / _of(rows, *other, column)


def _of(rows: Any, architecture: str, training: str, column: str) -> float:
    """One number of one network."""
    chosen = rows[(rows["architecture"] == architecture) & (rows["training"] == training)]
    value = chosen[column].iloc[0]
    return float("nan") if value is None else float(value)


def _layers(settled: Any) -> list[Verdict]:
    """What trained networks say of the kinds of layers."""
    shares = [c for c in settled if c.startswith("fraction ")]
    blamed = [
        c for c in shares if c.endswith("translation_x") and c.removeprefix("fraction ").startswith(BLAMED)
    ]
    found = []
    for kind in ARCHITECTURES:
        rows = settled[settled["architecture"] == kind]
        part = over_seeds(rows, lambda own: own[blamed].fillna(0).sum(axis=1).iloc[0])
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
