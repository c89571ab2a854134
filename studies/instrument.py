"""The instrument itself: do intervals, controls and verdicts hold, and what hangs on choices that should not matter?

    python studies/instrument.py [--quick]

On a trained network (CIFAR-10 ResNet-20 where its weights are at hand, else one trained here on digits): the standard
error against the number of images, of group samples and of probes, float32 against float64, the definition, padding,
resolution, and the floor of a network that is invariant by construction. On several networks: the coverage of every
interval, the specificity of untrained networks and of networks trained here on turned or scaled digits, and verdicts
where value and controls changed places. The table of coverage is docs/intervals.md.
"""

import sys
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import symmeter
from symmeter.results.standard_errors import standard_error

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from calibration import (
    NETWORKS,
    SEEDS,
    SUBJECTS,
    TRAININGS,
    Budget,
    differences_of_swaps,
    null_of_specificity,
    rows_of,
    trained_here,
    verdicts_of_swaps,
)
from clouds import NETWORKS as NETWORKS_OF_POINTS
from clouds import null_of_points
from common import HERE, Study, Verdict, main, yes
from holding import judged, write_page
from populations import SIZES, covered, subjects
from published import RESNET20
from training import logits, trained

WORDS = {
    "definition": "the definition of the derivative",
    "padding": "the padding",
    "resolution": "the resolution",
}
INTERPOLANTS = ("bandlimited", "periodic", "sinc", "bicubic", "bilinear", "gruver2023")


class Instrument(Study):
    """Convergence, precision and choices."""

    def rows(self) -> Iterable[dict[str, Any]]:
        yield from self._covered()
        yield from self._calibrated()
        model, images = self._subject()
        common = {"symmetry": "translation_x", "output": "softmax", "progress": False}
        yield from self.step("images", lambda: self._subsets("images", symmeter.measure(
            model, images, control=False, **common).samples["lee:translation_x"]))  # fmt: skip
        yield from self.step("elements", lambda: self._subsets("elements", np.array([
            element.value for element in symmeter.measure(
                model, images[:8], "SO2", "relative_error", "softmax", elements=64 if self.quick else 2048,
                control=False, progress=False).elements])))  # fmt: skip
        outputs = logits(model, images[:1]).shape[1]  # with as many probes nothing is left to chance
        for output in ("softmax", "logits"):
            for n in (4, 6) if self.quick else (4, 6, 8):
                if n < outputs:
                    yield from self.step(
                        f"probes-{output}-{n}",
                        lambda n=n, o=output: self._probed(model, images[:8], o, n, outputs),
                    )
        some = images[: 8 if self.quick else 128]
        for definition in INTERPOLANTS:
            yield from self.step(f"definition-{definition}", lambda d=definition: [
                self._row("definition", d, 0, symmeter.measure(model, some, definition=d, **common))
            ])  # fmt: skip
        for padding in ("reflect", "zeros", "circular"):
            yield from self.step(f"padding-{padding}", lambda p=padding: [
                self._row("padding", p, 0, symmeter.measure(
                    model, some, "SO2", "relative_error", padding=p, elements=8, sampling="quadrature",
                    progress=False))
            ])  # fmt: skip
        side = images.shape[-1]
        for size in (side, 3 * side // 2, 2 * side):
            larger = functional.interpolate(some, size=(size, size), mode="bicubic", antialias=True)
            yield from self.step(f"resolution-{size}", lambda x=larger, n=size: [
                self._row("resolution", n, 0, symmeter.measure(model, x, **common))
            ])  # fmt: skip
        for dtype in ("float32", "float64"):
            yield from self.step(f"precision-{dtype}", lambda d=dtype: [
                self._row("precision", d, 0, symmeter.measure(
                    model.to(getattr(torch, d)), some.to(getattr(torch, d)), **common))
            ])  # fmt: skip
        model.float()
        mixed = nn.Conv2d(images.shape[1], 8, 1)
        symmetric = nn.Sequential(mixed, nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
        yield from self.step("floor", lambda: [
            self._row("floor", "mean over positions", 0, symmeter.measure(
                symmetric, images[:8], "C4", "relative_error", "logits", progress=False))
        ])  # fmt: skip

    def run(self, results: Path) -> list[Verdict]:
        """As every study, and the page of coverage beside the results that are kept."""
        import pandas as pd

        verdicts = super().run(results)
        if results == HERE / "results":
            write_page(pd.read_csv(results / f"{self.name}.csv"))
        return verdicts

    def _covered(self) -> Iterable[dict[str, Any]]:
        """Coverage, one step a network."""
        s, few = self.settings, self.few(self.images(), 4000, 2000, quick=(256, 64))
        sizes, draws = (SIZES[:2], 20) if self.quick else (SIZES, 300)
        for name, populations in subjects(s.data, few, self.quick, s.device).items():
            yield from self.step(f"coverage-{name}", lambda made=populations: covered(made(), draws, sizes))

    def _calibrated(self) -> Iterable[dict[str, Any]]:
        """Untrained networks, networks trained here, and swaps."""
        s, few = self.settings, self.few(self.images(), 4000, 2000, quick=(256, 32))
        data = s.data
        if data is not None and not self.quick:
            for kind in NETWORKS:
                for seed in range(SEEDS):
                    yield from self.step(
                        f"null-{kind}-{seed}", lambda k=kind, n=seed: null_of_specificity(k, n, data)
                    )
                yield from self.step(
                    f"null-colours-{kind}", lambda k=kind: null_of_specificity(k, 0, data, "colour")
                )
        for kind in NETWORKS_OF_POINTS if not self.quick else ("max",):
            for seed in range(1 if self.quick else SEEDS):
                yield from self.step(
                    f"null-points-{kind}-{seed}",
                    lambda k=kind, n=seed: rows_of("null, points", k, n, null_of_points(k, n)),
                )
        sizes, draws = ((8, 16), 20) if self.quick else ((8, 16, 64, 256), 400)
        budget = Budget(1 if self.quick else 5, 2 * max(sizes), s.device)
        made = lambda kind, seed, subject="CNN": trained_here(kind, few, seed, budget, subject)
        for kind, subject in product(TRAININGS, SUBJECTS):
            for seed in range(1 if self.quick else SEEDS):
                yield from self.step(
                    f"trained-{kind}-{subject}-{seed}",
                    lambda k=kind, n=seed, s=subject: rows_of(f"trained {s}", k, n, made(k, n, s)),
                )
        yield from self.step("swapped", lambda: self._swapped(made, sizes, draws))

    @staticmethod
    def _swapped(made: Any, sizes: Any, draws: int) -> list[dict[str, Any]]:
        one, other = made("upright", 0), made("upright", 1)
        return verdicts_of_swaps(one, sizes, draws) + differences_of_swaps(one, other, sizes, draws)

    def _subsets(self, kind: str, values: np.ndarray) -> list[dict[str, Any]]:
        """What would have been said of the mean of all values from a few of them: many draws of each size."""
        random, truth, found = np.random.default_rng(0), values.mean(), []
        for n in (8, 16, 32) if self.quick else (16, 64, 256, 1024):
            draws = [random.permutation(values)[:n] for _ in range(200 if self.quick else 5000)]
            means = np.array([draw.mean() for draw in draws])
            told = np.array([standard_error(draw) for draw in draws], dtype=float)
            left = np.sqrt(1 - n / len(values))  # the rest of the values is known too: less is left to chance
            found.append({"kind": kind, "setting": n, "value": means.mean(), "spread": means.std() / left,
                          "standard_error": _root_mean(told), "median_standard_error": np.median(told),
                          "coverage": float((np.abs(means - truth) <= 1.96 * told * left).mean())})  # fmt: skip
        return found

    def _probed(
        self, model: nn.Module, x: Tensor, output: str, probes: int, outputs: int
    ) -> list[dict[str, Any]]:
        """How far norms of layers from a few probes are from the exact ones, beside the reported probe errors."""
        common = {"symmetry": "translation_x", "output": output, "control": False, "progress": False}
        exact: Any = symmeter.attribute(model, x, probes=outputs, **common).rows
        found = []
        for seed in range(2 if self.quick else 20):
            rows: Any = symmeter.attribute(model, x, probes=probes, seed=seed, **common).rows
            pairs = [
                (a, b)
                for a, b in zip(rows, exact, strict=True)
                if a.terminal and a.norm_probe_error is not None
            ]
            off, told = (
                np.array(v)
                for v in zip(*((a.norm - b.norm, a.norm_probe_error) for a, b in pairs), strict=True)
            )
            whole = sum(b.norm for _, b in pairs)
            found.append({"kind": "probes", "setting": probes, "output": output, "seed": seed,
                          "value": float(off.sum() / whole), "spread": _root_mean(off) / whole,
                          "standard_error": _root_mean(told) / whole})  # fmt: skip
        return found

    def judge(self, table: Any) -> list[Verdict]:
        return [*judged(table), *_convergence(table), *_choices(table)]

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9.6, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        for kind, colour in (("images", "#0072B2"), ("elements", "#D55E00")):
            rows = table[table["kind"] == kind]
            x, y = rows["setting"].to_numpy(float), (rows["standard_error"] / rows["value"]).to_numpy()
            left.loglog(x, y, "o", color=colour, label=kind)
            left.loglog(x, y[0] * (x[0] / x) ** 0.5, "-", color=colour)
        left.set_xlabel("number")
        left.set_ylabel("standard error / value, rms")
        left.set_title("Convergence; lines fall as one over the root")
        left.legend()
        rows = table[table["kind"] == "definition"]
        right.barh(rows["setting"], rows["value"], xerr=rows["standard_error"], color="#56B4E9")
        right.set_xlabel("LEE, translation_x")
        right.set_title("Definition of the derivative")
        return figure

    def _subject(self) -> tuple[nn.Module, Tensor]:
        """A trained network and its inputs."""
        s = self.settings
        if s.data is not None:
            pixels = RESNET20.pixels(s.images or RESNET20.place(s.data), 64 if s.quick else 4096 * s.scale)
            return RESNET20.load(s.data).to(s.device), RESNET20.normalised(pixels)
        found = self.few(self.images(), 4000, 2000, quick=(256, 256))
        return trained(lambda: plain(found), found, 0, 1 if s.quick else 8, device=s.device), found.test_x

    @staticmethod
    def _row(kind: str, setting: Any, seed: int, result: Any) -> dict[str, Any]:
        row = result.rows[0]
        error = row.element_standard_error if kind == "elements" else row.standard_error
        return {"kind": kind, "setting": setting, "seed": seed, "measure": row.measure, "symmetry": row.symmetry,
                "value": row.value, "selectivity": row.selectivity,
                "standard_error": error, "floor": row.floor, "n": row.n, "verdict": row.verdict}  # fmt: skip


def _convergence(table: Any) -> list[Verdict]:
    """With the number of images, of group elements, and of probes."""
    found = []
    for kind in ("images", "elements"):
        rows = table[table["kind"] == kind].astype({"setting": float})
        slope = _slope(rows["setting"], rows["standard_error"])
        ratio = (rows["standard_error"] / rows["spread"]).mean()
        found += [
            Verdict(f"the standard error falls as one over the root of the number of {kind}",
                    yes(abs(slope + 0.5) < 0.02 and abs(ratio - 1) < 0.05),
                    f"exponent {slope:.3f}; standard error over spread of the means {ratio:.2f}"),
        ]  # fmt: skip
    claim = "the probe error is how far norms of layers are from the exact ones"
    probes = table[table["kind"] == "probes"].astype({"setting": float})
    if not len(probes):
        return [*found, Verdict(claim, "not testable here", "with so few outputs every norm is exact")]
    off = {
        output: {
            f"{n:.0f} probes": _root_mean(few["spread"]) / _root_mean(few["standard_error"])
            for n, few in rows.groupby("setting")
        }
        for output, rows in probes.groupby("output")
    }
    for output, ratios in off.items():
        told = "rms deviation / reported: " + ", ".join(f"{k} {v:.2f}" for k, v in ratios.items())
        found.append(Verdict(f"{claim}: {output}", yes(all(0.7 < v < 1.4 for v in ratios.values())), told))
    return found


def _choices(table: Any) -> list[Verdict]:
    """Of precision, definition, padding and resolution; and the floor."""
    found = []
    values = {kind: dict(zip(rows["setting"].astype(str), rows["value"], strict=True))
              for kind, rows in table.groupby("kind")}  # fmt: skip
    apart = abs(values["precision"]["float32"] / values["precision"]["float64"] - 1)
    found.append(
        Verdict("float32 is enough", yes(apart < 1e-3), f"relative difference to float64 {apart:.1e}")
    )
    for kind, words in WORDS.items():
        (first, one), *others = values[kind].items()
        over = {name: value / one for name, value in others}
        found.append(
            Verdict(f"{words} matters (by more than a tenth)", yes(any(abs(v - 1) > 0.1 for v in over.values())),
                    f"over {first}: " + ", ".join(f"{name} {v:.2f}" for name, v in over.items()))
        )  # fmt: skip
    floor = table[table["kind"] == "floor"].iloc[0]
    found.append(Verdict("an equivariant network is at the floor", yes(floor["verdict"] == "not resolved"),
                         f"value {floor['value']:.1e}, floor {floor['floor']:.1e}"))  # fmt: skip
    return found


def _root_mean(v: Any) -> float:
    """The root of the mean square."""
    return float(np.sqrt((v**2).mean()))


def _slope(x: Any, y: Any) -> float:
    """The exponent of y in x, by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


if __name__ == "__main__":
    sys.exit(main(Instrument))
