"""Cures: does a remedy do what its prediction says, and what does it cost? Over many pairs of network and remedy.

    python studies/cures.py [--quick]

`symmeter.cure` on networks that are trained here (a CNN, a vision transformer and a mixer, on digits) and on trained
networks that others have published, where they are at hand: every remedy without training, predicted from the layers
and measured on the same images. Rank correlation of prediction and measurement, how often the measured ratio lies in
the predicted interval, and which kinds of remedy the first order fails for.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata
from torch import nn

import symmeter

sys.path.insert(0, str(Path(__file__).resolve().parent))
from architecture import mixer, normalised, transformer
from augmentation import plain
from common import Study, Verdict, main, yes
from images import Images
from published import MOBILENET, MOBILENETV1, RESNET20, RESNET56, Published
from training import same, trained

SYMMETRY = "translation,rotation"  # of networks of small images; of those of photographs translations alone
TRAINED: dict[str, Callable[[Images], nn.Module]] = {
    "CNN": lambda images: plain(images, 14),
    "ViT": transformer,
    "mixer": mixer,
}
_DEAR = "circular_padding,filtered_activation"  # of MobileNetV2 on few photographs: these take ten passes and more


@dataclass(frozen=True)
class Trial:
    """A published network, on how many images, along what, and which remedies: None for all that are usual."""

    network: Published
    count: int
    symmetry: str = SYMMETRY
    remedies: str | None = None

    @property
    def name(self) -> str:
        return f"{self.network.name}, {self.count} images"


TRIALS = (
    Trial(RESNET20, 48),
    Trial(RESNET56, 24),
    Trial(MOBILENETV1, 64, "translation"),
    Trial(MOBILENET, 24, "translation", _DEAR),
    Trial(MOBILENET, 200, "translation", "blur,aligned_padding,averaged(shift(1))"),
)
KEPT = (
    "remedy", "where", "symmetry", "ratio", "ratio_low", "ratio_high", "predicted", "predicted_low", "predicted_high",
    "stability_ratio", "stability_ratio_low", "stability_ratio_high", "consistency_before", "consistency",
    "accuracy_before", "accuracy_change", "accuracy_change_low", "accuracy_change_high", "operations", "passes",
    "verdict", "failed",
)  # fmt: skip
_PAIRS, _RESAMPLES = 30, 2000


class Cures(Study):
    """What `symmeter.cure` finds of each network, a row for every remedy and symmetry."""

    def rows(self) -> Iterable[dict[str, Any]]:
        if self.settings.data is not None and not self.quick:
            for trial in TRIALS:
                yield from self.step(trial.name, lambda t=trial: self._published(t))
        for name in TRAINED:
            yield from self.step(f"digits-{name}", lambda n=name: self._trained(n))

    def _trained(self, name: str) -> list[dict[str, Any]]:
        images = normalised(self.few(self.images(), 4000, 96, quick=(128, 12)))
        epochs = 1 if self.quick else 6
        network = trained(lambda: TRAINED[name](images), images, 0, epochs, same, device=self.settings.device)
        data = (images.test_x, images.test_y)
        return self._cured(name, network, data, symmetry="translation_x" if self.quick else SYMMETRY)

    def _published(self, trial: Trial) -> list[dict[str, Any]]:
        assert self.settings.data is not None
        published = trial.network
        network, place = published.load(self.settings.data), published.place(self.settings.data)
        how = {"symmetry": trial.symmetry, "samples": trial.count, "remedies": trial.remedies}
        return self._cured(trial.name, network, str(place), **how, **published.preprocessing())

    def _cured(self, name: str, network: nn.Module, data: Any, **how: Any) -> list[dict[str, Any]]:
        # After a softmax a few images carry the mean, and ratios of means say little.
        found = symmeter.cure(network, data, output="logits", progress=False, **how)
        rows = []
        for row in found.rows:
            known = asdict(row)
            rows.append(
                {"network": name, "chosen": row.recipe == found.chosen, **{key: known[key] for key in KEPT}}
            )
        return rows

    def judge(self, table: Any) -> list[Verdict]:
        pairs = _pairs(table)
        return [*_of_ranks(pairs), _of_intervals(pairs), *_of_kinds(pairs), *_of_networks(table)]

    def draw(self, table: Any) -> Any:
        import matplotlib.pyplot as plt

        pairs = _pairs(table)
        figure, ax = plt.subplots(figsize=(5.2, 4.2), layout="constrained")
        for number, (kind, rows) in enumerate(pairs.groupby("kind")):
            marker = "osDv^<>PX"[number % 9]
            ax.plot(
                rows["predicted"].clip(1e-4),
                rows["ratio"].clip(1e-4),
                marker,
                label=kind,
                alpha=0.75,
                markersize=4,
            )
        ends = [1e-4, max(2.0, float(pairs["ratio"].max()))]
        ax.plot(ends, ends, color="#777777", linewidth=0.8)
        ax.set(xscale="log", yscale="log", xlabel="predicted error, with / without", ylabel="measured")
        ax.legend()
        return figure


def _pairs(table: Any) -> Any:
    """Rows of single remedies with a prediction and a measurement; `kind` is the remedy without its argument."""
    known = table[table["predicted"].notna() & table["ratio"].notna()]
    known = known[~known["remedy"].str.contains("+", regex=False)]
    return known.assign(kind=known["remedy"].str.partition("(")[0])


def _of_ranks(pairs: Any) -> list[Verdict]:
    """Whether what is predicted to help more does, over all pairs and within networks."""
    claim = "predicted and measured change rank alike (rank correlation above 0.5)"
    count = len(pairs[["network", "remedy", "where"]].drop_duplicates())
    if count < _PAIRS:
        return [Verdict(claim, "not testable here", f"{count} pairs: more than a quick look is needed")]
    random = np.random.default_rng(0)
    groups = [rows for _, rows in pairs.groupby(["network", "remedy", "where"])]
    drawn = []
    for _ in range(_RESAMPLES):
        chosen = [groups[i] for i in random.integers(0, len(groups), len(groups))]
        columns = [np.concatenate([rows[name] for rows in chosen]) for name in ("predicted", "ratio")]
        drawn.append(_rank_correlation(*columns))
    value = _rank_correlation(pairs["predicted"], pairs["ratio"])
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    numbers = (
        f"{value:.2f} ({low:.2f} to {high:.2f}) over {count} pairs of network and remedy, {len(pairs)} errors"
    )
    return [Verdict(claim, yes(low > 0.5), numbers)]


def _rank_correlation(a: Any, b: Any) -> float:
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _of_intervals(pairs: Any) -> Verdict:
    """How often the measured ratio is where it was expected."""
    known = pairs[pairs["predicted_low"].notna()]
    inside = (known["ratio"] >= known["predicted_low"]) & (known["ratio"] <= known["predicted_high"])
    met = (known["ratio_high"] >= known["predicted_low"]) & (known["ratio_low"] <= known["predicted_high"])
    share = float(inside.mean()) if len(known) else float("nan")
    numbers = (
        f"{share:.2f} of {len(known)}; the two intervals meet in {float(met.mean()):.2f}"
        if len(known)
        else "none"
    )
    return Verdict("the measured ratio is in the predicted interval in 80 %", yes(share >= 0.8), numbers)


def _of_kinds(pairs: Any) -> Iterable[Verdict]:
    """By kind of remedy, how far the measured ratio is from the predicted one."""
    for kind, rows in pairs.groupby("kind"):
        logs = np.log(rows["ratio"].clip(1e-6) / rows["predicted"].clip(1e-6))
        typical, spread = float(np.exp(np.median(logs))), float(np.exp(np.abs(logs).median()))
        numbers = f"measured / predicted: median {typical:.2f}, half within a factor of {spread:.2f}, n = {len(rows)}"
        yield Verdict(f"the first order holds within a factor of 2: {kind}", yes(spread < 2), numbers)


def _of_networks(table: Any) -> Iterable[Verdict]:
    """For every network, what is recommended without training."""
    for name, rows in table.groupby("network", sort=False):
        chosen = rows[rows["chosen"]]
        claim = f"a remedy without training makes the error clearly smaller at no clear cost: {name}"
        if not len(chosen):
            yield Verdict(claim, "not reproduced", f"none of {rows['remedy'].nunique()}")
            continue
        first = chosen.iloc[0]
        falls = ", ".join(
            f"{r.symmetry} {r.ratio:.3g} ({r.ratio_low:.3g} to {r.ratio_high:.3g})"
            for r in chosen.itertuples()
        )
        change = first["accuracy_change"]
        price = "" if change is None or change != change else f"; accuracy {100 * change:+.1f} points"
        numbers = f"{first['remedy']} {first['where']}: {falls}{price}; {first['passes']:.2f} passes"
        yield Verdict(claim, "reproduced", numbers)


if __name__ == "__main__":
    sys.exit(main(Cures))
