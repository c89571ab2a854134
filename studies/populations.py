"""Coverage: how often an interval from a few images holds what all images say, on values of real networks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from augmentation import plain
from published import MOBILENETV1, RESNET20
from training import trained

import symmeter
from symmeter.results.intervals import Interval, of_mean, of_ratio_of_means, of_ratios

SIZES = (8, 16, 64, 256, 1000)
ORBITS = ("C4", "hflip", "shift(2)")
ORBIT_MEASURES = "geed,relative_error,consistency"
_CHEAP = 64  # images
_LEAST_SHARE = 0.01  # of a layer that counts


@dataclass(frozen=True)
class Population:
    """Values of single images (N,) that are taken for all there are; `divisors` (N,) for a ratio.

    `kind`: `mean`, `paired` for the geometric mean of ratios, `share` for the ratio of means.
    """

    name: str
    kind: str
    values: np.ndarray
    divisors: np.ndarray | None = None

    @property
    def truth(self) -> float:
        """What the interval is to hold."""
        return self._estimated(slice(None))[0]

    def interval(self, chosen: np.ndarray) -> Interval:
        """That of the images at these places (n,)."""
        return self._estimated(chosen)[1]

    def _estimated(self, chosen: Any) -> tuple[float, Interval]:
        values = self.values[chosen]
        if self.divisors is None:
            return float(values.mean()), of_mean(values)
        divisors = self.divisors[chosen]
        if self.kind == "share":
            mean = float(divisors.mean())
            return float(values.mean()) / mean if mean else np.nan, of_ratio_of_means(values, divisors)
        found = of_ratios(values, divisors)
        return (np.nan, Interval(remark="no ratio")) if found is None else (found.value, found.interval)


def coverage(population: Population, n: int, draws: int) -> dict[str, Any]:
    """The share that holds the truth, of the intervals of so many draws of n images with replacement.

    `withheld` is the share of draws in which a bound is missing: no interval, or an end that is infinite, which what is
    said of the other end has to answer for. `below` and `above` are those that miss the truth on that side.
    """
    random, truth = np.random.default_rng([n, len(population.values)]), population.truth
    found = [population.interval(random.integers(0, len(population.values), n)) for _ in range(draws)]
    ends = np.array([(one.low, one.high) for one in found if one.low is not None], float).reshape(-1, 2)
    slack = 1e-12 * abs(truth)  # of equal values
    below, above = (ends[:, 1] < truth - slack).mean(), (ends[:, 0] > truth + slack).mean()
    whole = int(np.isfinite(ends).all(1).sum())
    return {"kind": "coverage", "population": population.name, "of": population.kind, "setting": n,
            "coverage": float(1 - below - above), "below": float(below), "above": float(above),
            "withheld": 1 - whole / draws, "value": truth}  # fmt: skip


def covered(
    populations: Iterable[Population], draws: int, sizes: Sequence[int] = SIZES
) -> list[dict[str, Any]]:
    """The same for all of several populations and sizes: `draws`, and four times as many up to 64 images.

    Those cost next to nothing, and tell 0.95 from 0.92: the share in 300 draws has a standard error of 0.013.
    """
    return [coverage(one, n, 4 * draws if n <= _CHEAP else draws) for one in populations for n in sizes]


def of_rows(name: str, result: Any) -> list[Population]:
    """The values of every row of a result, and where they have controls, the ratios to them."""
    found = []
    for row in result.rows:
        values = result.samples.get(row.column)
        if values is None:
            continue
        label = f"{name} {row.output}, {row.measure} {row.symmetry}"
        scales = result.samples.get(f"{row.column}:scale")
        found.append(
            Population(label, "mean", values)
            if scales is None
            else Population(label, "share", values, scales)
        )
        for kind, suffix in (("stability", "control"), ("specificity", "specificity_control")):
            controls = result.samples.get(f"{row.column}:{suffix}")
            if controls is None:
                continue
            known = ~np.isnan(controls)
            factor = _scale(result, row.column) / _scale(result, f"{row.column}:{suffix}")
            found.append(Population(f"{label}, {kind}", "paired", values[known] / factor, controls[known]))
    return found


def of_layers(name: str, profile: Any) -> list[Population]:
    """The shares of all terminal layers that hold more than a hundredth of LEE."""
    root, *rows = profile.rows
    lee = profile.samples[root.column]
    return [
        Population(f"{name}, share of {row.layer}", "share", profile.samples[row.column], lee)
        for row in rows
        if row.terminal and row.share is not None and abs(row.share) > _LEAST_SHARE
    ]


def subjects(
    data: Any, images: Any, quick: bool, device: str
) -> Mapping[str, Callable[[], list[Population]]]:
    """Populations by the names of their networks; without `data` only what is trained here."""
    common: dict[str, Any] = {"progress": False}
    few = 64 if quick else 512

    def digits() -> list[Population]:
        network = trained(lambda: plain(images), images, 0, 1 if quick else 5, device=device)
        x = images.test_x[:few]
        both = symmeter.measure(network, x, "translation_x,rotation", output="softmax,logits", **common)
        return of_rows("CNN on digits", both)

    def resnet(output: str) -> list[Population]:
        x = _cifar(data, few)
        return of_rows("ResNet-20", symmeter.measure(
            RESNET20.load(data), x, "translation_x,rotation", output=output, **common))  # fmt: skip

    def orbits() -> list[Population]:
        x, network = _cifar(data, few), RESNET20.load(data)
        found = []
        for group in ORBITS:
            found += of_rows("ResNet-20", symmeter.measure(
                network, x, group, ORBIT_MEASURES, "softmax", **common))  # fmt: skip
        return found

    def layers() -> list[Population]:
        x = _cifar(data, few)
        return of_layers("ResNet-20", symmeter.attribute(
            RESNET20.load(data), x, "translation_x", "softmax", probes=0, control=False, **common))  # fmt: skip

    def mobilenet() -> list[Population]:
        x = MOBILENETV1.normalised(MOBILENETV1.pixels(MOBILENETV1.place(data), 8 if quick else 200))
        return of_rows("MobileNetV1-0.5", symmeter.measure(
            MOBILENETV1.load(data), x, "translation_x,rotation", output="softmax,logits", **common))  # fmt: skip

    if data is None:
        return {"digits": digits}
    return {"digits": digits, "resnet-softmax": lambda: resnet("softmax"), "resnet-logits": lambda: resnet("logits"),
            "orbits": orbits, "layers": layers, "mobilenet": mobilenet}  # fmt: skip


def _cifar(data: Any, few: int) -> Any:
    return RESNET20.normalised(RESNET20.pixels(RESNET20.place(data), few))


def _scale(result: Any, column: str) -> float:
    """What the mean of a column is divided by."""
    scales = result.samples.get(f"{column}:scale")
    return 1.0 if scales is None else float(scales.mean())
