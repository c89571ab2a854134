"""Explaining a difference: which layers account for that of two networks, of depth and of training.

    python studies/difference.py [--quick]

ResNet-56 less ResNet-20 by kind of layer and by stage, and ResNet-20 trained less untrained, which is the same
architecture, layer by layer too: 200 images of CIFAR-10. Without those networks, small ones are trained on digits.
"""

import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

import symmeter
from symmeter.layers.difference_row import LESS, ROUND_OFF
from symmeter.layers.profile import Profile

sys.path.insert(0, str(Path(__file__).resolve().parent))
from common import Settings, Study, Verdict, main, yes
from images import Images
from intervals import chosen
from published import RESNET20, RESNET56, Published
from training import trained

DEPTH, TRAINING = "deep less shallow", "trained less untrained"
VIEWS = {DEPTH: ("kind", "stage"), TRAINING: ("kind", "stage", "module")}
SPEC = {
    "symmetry": "translation_x,rotation",
    "output": "logits",
    "probes": 0,
    "control": False,
    "progress": False,
}
SAMPLES, QUICK = 200, 12
KEPT = (
    "symmetry", "by", "layer", "kind", "value", "reference_value", "difference", "difference_low",
    "difference_high", "share", "share_low", "share_high", "own_share", "own_share_low", "own_share_high", "floor",
    "p_corrected", "verdict",
)  # fmt: skip


def strided(images: Images, blocks: int, width: int = 8) -> nn.Sequential:
    """Two strided convolutions, each before some blocks of unit stride, and a linear classifier."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((images.channels, width), (width, 2 * width)):
        layers += [nn.Conv2d(inputs, outputs, 3, 2, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
        for _ in range(blocks):
            layers += [nn.Conv2d(outputs, outputs, 3, 1, 1), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2 * width, images.classes))


@cache
def published(network: Published, settings: Settings, untrained: bool = False) -> Profile:
    """A network with its weights, or with fresh ones, on images of its own kind, or on the user's."""
    assert settings.data is not None
    model = network.load(settings.data)
    if untrained:
        place = settings.data / "models.py"
        model = symmeter.load_model(f"{place}:{network.name}", untrained=True).model
    return symmeter.attribute(
        model.to(settings.device),
        settings.images or network.place(settings.data),
        samples=QUICK if settings.quick else settings.scale * SAMPLES,
        preprocessing=network.preprocessing(),
        **SPEC,
    )


class Explained(Study):
    """Differences by layers."""

    SEEDS = 1  # of networks that are trained here: published ones are what they are

    def rows(self) -> Iterable[dict[str, Any]]:
        s = self.settings
        if s.data is not None:
            small = lambda: published(RESNET20, s)
            yield from self._steps(RESNET56.name, DEPTH, small, lambda: published(RESNET56, s))
            yield from self._steps(RESNET20.name, TRAINING, lambda: published(RESNET20, s, True), small)
            return
        images = self.few(self.images(), 3000, SAMPLES, quick=(256, QUICK))
        for seed in self.seeds:
            small, large, fresh = (
                lambda s=seed, b=blocks, e=epochs: self._trained(images, s, b, e)
                for blocks, epochs in ((0, 4), (2, 4), (0, 0))
            )
            yield from self._steps(f"small {seed}", DEPTH, small, large)
            yield from self._steps(f"small {seed}", TRAINING, fresh, small)

    def _trained(self, images: Images, seed: int, blocks: int, epochs: int) -> Profile:
        epochs = min(epochs, 1) if self.quick else epochs
        network = trained(lambda: strided(images, blocks), images, seed, epochs, device=self.settings.device)
        return symmeter.attribute(network, images.test_x, **SPEC)

    def _steps(
        self, name: str, pair: str, reference: Callable[[], Profile], model: Callable[[], Profile]
    ) -> list[dict[str, Any]]:
        """The lines of a pair of networks."""

        def work() -> list[dict[str, Any]]:
            found = symmeter.compare(reference(), model(), layers=True, by=VIEWS[pair])
            return [
                {"pair": pair, "name": name, "samples": row.images, **{key: row[key] for key in KEPT}}
                for row in found.rows
            ]

        return self.step(f"{pair}-{name}", work)

    def judge(self, table: Any) -> list[Verdict]:
        of_activations = chosen(table, pair=TRAINING, by="kind", layer="activation")
        deeper = chosen(table, pair=DEPTH, by="kind")
        downsampling, non_linear = (
            chosen(deeper, layer=kind) for kind in ("convolution, strided", "activation")
        )
        left = _left(table)
        return [
            Verdict("the lines of a view add up to the difference", yes(left < 1e-10),
                    f"at most {left:.1e} of the larger error is left; round-off of the passes is "
                    f"{_round_off(table):.1e} of it"),
            Verdict("most of what training adds to the error is added by non-linearities (Gruver et al.)",
                    yes(_all(of_activations["share_low"] > 0.5)), _said(of_activations, "share")),
            Verdict("the layers of the deeper network that sample down make less error",
                    yes(_all(downsampling["verdict"] == LESS)), _said(downsampling, "difference")),
            Verdict("of the error of the deeper network a larger share comes from non-linearities",
                    yes(_all(non_linear["own_share_low"] > 0)), _said(non_linear, "own_share")),
        ]  # fmt: skip

    def draw(self, table: Any) -> Any:
        """Differences as shares of the larger error, of both pairs by stage and by kind."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.6, 6.4), layout="constrained")
        panels = [(pair, by) for by in ("kind", "stage") for pair in (DEPTH, TRAINING)]
        first = table[table["name"].isin(table.groupby("pair")["name"].first())]
        for ax, (pair, by) in zip(figure.subplots(2, 2).flat, panels, strict=True):
            for symmetry, colour, shift in (
                ("translation_x", "#0072B2", -0.17),
                ("rotation", "#D55E00", 0.17),
            ):
                whole = chosen(first, pair=pair, by="all", symmetry=symmetry).iloc[0]
                size = max(whole["value"], whole["reference_value"])
                lines = chosen(first, pair=pair, by=by, symmetry=symmetry)
                lines = lines[lines["layer"] != ROUND_OFF]
                columns = ("difference", "difference_low", "difference_high")
                value, low, high = (lines[name].astype(float).to_numpy() / size for name in columns)
                places = np.arange(len(lines))
                ax.barh(places + shift, value, 0.3, color=colour, label=symmetry.replace("_", " "))
                ends = np.nan_to_num([value - low, high - value])
                ax.errorbar(value, places + shift, xerr=ends, fmt="none", ecolor="black", elinewidth=0.8)
                ax.set_yticks(places, lines["layer"])
            ax.axvline(0, color="black", linewidth=0.8)
            ax.invert_yaxis()
            ax.set_title(f"{pair}, by {by}")
            ax.set_xlabel("difference / the larger error, 95 % interval")
        ax.legend()
        return figure


def _all(true: Any) -> bool:
    """Whether there are some, and all are true."""
    return bool(len(true) and true.all())


def _left(table: Any) -> float:
    """What the lines of a view leave of the difference, as a share of the larger error: the largest of all views."""
    found = []
    for _, rows in table.groupby(["pair", "name", "symmetry"]):
        whole = chosen(rows, by="all").iloc[0]
        views = rows[rows["by"] != "all"].groupby("by")["difference"].sum()
        found.append(
            (views - whole["difference"]).abs().max() / max(whole["value"], whole["reference_value"])
        )
    return float(max(found))


def _round_off(table: Any) -> float:
    """The largest round-off, as a share of the larger error."""
    sizes = (
        chosen(table, by="all")
        .set_index(["pair", "name", "symmetry"])[["value", "reference_value"]]
        .max(axis=1)
    )
    lines = chosen(table, layer=ROUND_OFF).set_index(["pair", "name", "symmetry"])["difference"].abs()
    return float((lines / sizes.reindex(lines.index)).max())


def _said(rows: Any, name: str) -> str:
    """A quantity of some lines with its interval, symmetry by symmetry."""
    words = [
        f"{row['name']} {row['symmetry']} {row[name]:.3g} ({row[f'{name}_low']:.3g} to {row[f'{name}_high']:.3g})"
        for row in rows.to_dict("records")
    ]
    return (
        f"{name.replace('_', ' ')} of {rows['layer'].iloc[0]}: {'; '.join(words)}"
        if words
        else "no such layer"
    )


if __name__ == "__main__":
    sys.exit(main(Explained))
