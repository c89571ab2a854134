"""Which measure when: do the measures rank the same networks alike, and where they do not, why?

    python studies/measures.py [--quick]

Networks for digits from no training to much, without and with augmentation: all measures over rotations, and the rank
correlations between them. The untrained ones are the test: raw errors call them symmetric, selectivities do not.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

import symmeter
from symmeter.demo.networks import turn

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from common import Study, Verdict, main, yes
from images import Images
from intervals import over_seeds, pick, ratio
from training import accuracy, quarter_turns, same, trained

ORBIT = (
    "geed(kl)", "geed(js)", "geed(cosine)", "geed(01)", "twirled_variance", "relative_error", "relative_invariance",
    "normalised_variance", "consistency", "same_prediction", "effective_invariance", "kl_consistency", "js_consistency",
)  # fmt: skip
# their sign is turned: high is not symmetric
HIGHER = ("consistency", "same_prediction", "effective_invariance")


def some_turns(x: Tensor) -> Tensor:
    """Half of the images turned by any angle."""
    half = len(x) // 2
    x = x.clone()
    x[:half] = turn(x[:half])
    return x


AUGMENTATIONS = {
    "none": same,
    "quarter turns": quarter_turns,
    "half by any angle": some_turns,
    "any angle": turn,
}


class Measures(Study):
    """All measures of the same networks."""

    SEEDS = 5  # of seventeen networks each

    def rows(self) -> Iterable[dict[str, Any]]:
        images = self.few(self.images(), 3000, 500, quick=(256, 24))
        epochs = (0, 1) if self.quick else (0, 1, 2, 4, 8)
        for seed in self.seeds:
            for name in AUGMENTATIONS:
                for epoch in epochs:
                    if epoch or name == "none":
                        yield from self.step(
                            f"{name}-{epoch}-{seed}",
                            lambda n=name, e=epoch, s=seed: [self._measured(n, e, s, images)],
                        )

    def _measured(self, name: str, epochs: int, seed: int, images: Images) -> dict[str, Any]:
        network = trained(lambda: plain(images, 8), images, seed, epochs, AUGMENTATIONS[name],
                          device=self.settings.device)  # fmt: skip
        found: dict[str, Any] = {"augmentation": name, "epochs": epochs, "seed": seed,
                                 "accuracy": accuracy(network, images)}  # fmt: skip
        over = symmeter.measure(network, images.test_x, "SO2", ",".join(ORBIT), elements=8, sampling="quadrature",
                                progress=False)  # fmt: skip
        along = symmeter.measure(network, images.test_x, "rotation", "lee", progress=False)
        for row in (*along.rows, *over.rows):
            sign = -1 if row.measure in HIGHER else 1
            found[row.measure] = sign * row.value
            found[f"stability {row.measure}"] = row.stability
        return found

    def judge(self, table: Any) -> list[Verdict]:
        learned, best = table[table["epochs"] > 0], table["epochs"].max()
        names = ["lee", *ORBIT]
        ranks = lambda rows: rows[names].corr(method="spearman").fillna(0)
        agree = over_seeds(learned, lambda rows: _middle(ranks(rows)), "correlation")
        decide = over_seeds(
            learned, lambda rows: ranks(rows).loc["consistency", "same_prediction"], "correlation"
        )
        free, decided = (
            over_seeds(
                learned, lambda rows, m=measure: rows[m].corr(rows["accuracy"], "spearman"), "correlation"
            )
            for measure in ("geed(kl)", "same_prediction")
        )
        ends = table[(table["epochs"] == 0) | (table["epochs"] == best)]
        untrained = lambda column, name: ratio(
            ends, column, {"epochs": 0}, {"augmentation": name, "epochs": best}
        )
        raw, raw_plain = (untrained("geed(kl)", name) for name in ("any angle", "none"))
        told = untrained("stability geed(kl)", "any angle")
        falling = over_seeds(ends, lambda rows: sum(_falls(rows, best).values()))
        return [
            Verdict("the measures rank trained networks alike", yes(agree.above(0.7)),
                    f"median rank correlation {agree}; least alike: {_least(ranks(learned))}"),
            Verdict("random networks can score more invariant than trained ones (Kvinge et al., 3)",
                    yes(raw_plain.below(1)),
                    f"raw geed(kl), untrained / trained: {raw_plain}; / trained on turns: {raw}"),
            Verdict("stability tells untrained networks from those that have learned the symmetry",
                    yes(told.above(1)), f"stability, untrained / trained on turns: {told}"),
            Verdict("measures of decisions agree with each other", yes(decide.above(0.9)),
                    f"rank correlation {decide}"),
            Verdict("training on turns makes all measures fall", yes(falling.above(len(names) - 0.5)),
                    f"{falling} of {len(names)} measures fall; not always: {', '.join(_risen(ends, best)) or 'none'}"),
            Verdict("a better classifier is more consistent for free", yes(free.below(0)),
                    f"rank correlation over trained networks of accuracy with geed(kl) {free}, "
                    f"with disagreement of predictions {decided}"),
        ]  # fmt: skip

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        names = ["lee", *ORBIT]
        ranks = table[table["epochs"] > 0][names].corr(method="spearman")
        figure = Figure(figsize=(10.4, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
        shown = left.imshow(ranks, vmin=-1, vmax=1, cmap="RdBu_r")
        left.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7)
        left.set_yticks(range(len(names)), names, fontsize=7)
        left.set_title("Rank correlations over trained networks")
        figure.colorbar(shown, ax=left, shrink=0.8)
        for name, colour in zip(AUGMENTATIONS, ("#777777", "#E69F00", "#56B4E9", "#0072B2"), strict=True):
            rows = table[(table["augmentation"] == name) & (table["epochs"] > 0)]
            right.plot(rows["geed(kl)"], rows["stability geed(kl)"], "o", color=colour, label=name)
        rows = table[table["epochs"] == 0]
        right.plot(rows["geed(kl)"], rows["stability geed(kl)"], "x", color="black", label="untrained")
        right.set_xscale("log")
        right.set_xlabel("geed(kl) over SO2 (nat)")
        right.set_ylabel("stability (0 symmetric, 1 no stabler than to anything else)")
        right.legend()
        return figure


def _middle(ranks: Any) -> float:
    """The median over all pairs."""
    return float(np.median(ranks.to_numpy()[np.triu_indices(len(ranks), 1)]))


def _least(ranks: Any) -> str:
    """The pair that agrees least."""
    values = ranks.to_numpy().copy()
    np.fill_diagonal(values, 2)
    i, j = np.unravel_index(values.argmin(), values.shape)
    return f"{ranks.index[i]} and {ranks.columns[j]} ({values[i, j]:.2f})"


def _risen(ends: Any, best: int) -> list[str]:
    """Measures that are not lower after training on turns, for at least one seed."""
    seeds = [_falls(rows, best) for _, rows in ends.groupby("seed")]
    return [name for name in ("lee", *ORBIT) if not all(falls[name] for falls in seeds)]


def _falls(rows: Any, best: int) -> dict[str, bool]:
    """Which measures are lower after training on turns."""
    after = lambda name, way: pick(rows, name, augmentation=way, epochs=best)
    return {name: after(name, "any angle") < after(name, "none") for name in ("lee", *ORBIT)}


if __name__ == "__main__":
    sys.exit(main(Measures))
