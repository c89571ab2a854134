"""All measures over C4, D4 and shift(8) for trained classifiers, and for the same networks with fresh weights.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/classifiers.py --data DIR [--quick] [--csv FILE]

DIR holds `models.py`, `weights/` and `images/` as in ../shared/data. One table a network: value, and stability (0
symmetric, 1 nothing learned). The last table is the caution of Kvinge et al.: by the raw G-EED untrained networks look
more invariant, by stability they do not.
"""

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

import symmeter
from symmeter.results.numbers import ratio
from symmeter.results.result import Result

GROUPS = ("C4", "D4", "shift(8)")
MEASURES = (
    "geed(kl)", "geed(kl,normalised)", "geed(cosine)", "geed(js)", "geed(01)", "twirled_variance", "loss_split",
    "relative_error", "relative_invariance", "normalised_variance", "consistency", "same_prediction",
    "effective_invariance", "kl_consistency", "js_consistency", "orbit_accuracy", "worst_accuracy",
)  # fmt: skip
PHOTOS = {"mobilenetv2_100": 224, "mobilenetv1_050": 160, "squeezenet1_0": 224}
CIFAR = ("cifar10_resnet20", "cifar10_resnet56")
HALF, IMAGENET = (0.5, 0.5), ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def inputs(name: str, folder: Path, count: int) -> tuple[Any, dict[str, Any]]:
    """Images with labels, and how they become inputs."""
    if name in PHOTOS:
        mean, std = IMAGENET if name.startswith("squeeze") else HALF
        size = PHOTOS[name]
        return folder / "images" / "photos", {"img_size": size, "crop_pct": 1.0, "mean": mean, "std": std}
    stored = np.load(folder / "images" / "cifar10" / "test.npz")
    chosen = np.random.default_rng(0).permutation(len(stored["labels"]))[:count]
    mean, std = IMAGENET
    return (stored["images"][chosen], stored["labels"][chosen]), {"mean": mean, "std": std}


def measured(name: str, folder: Path, count: int, trained: bool) -> Result:
    """All measures of one network."""
    weights = str(folder / "weights" / f"{name}.pth") if trained else None
    model = symmeter.load_model(f"{folder / 'models.py'}:{name}", weights=weights, untrained=not trained)
    data, preprocessing = inputs(name, folder, count)
    return symmeter.measure(
        model,
        data,
        ",".join(GROUPS),
        MEASURES,
        samples=count,
        elements=16,
        preprocessing=preprocessing,
        progress=False,
    )


def number(value: float | None) -> str:
    """Three digits."""
    return "-" if value is None or value != value else f"{value:.3g}"


def show(name: str, results: dict[str, Result]) -> None:
    """The table of one network: trained, and with fresh weights."""
    accuracy = {key: r.header["accuracy"]["top1"] for key, r in results.items()}
    print(f"\n{name}: accuracy {accuracy['trained']:.3f} trained, {accuracy['untrained']:.3f} untrained")
    print(f"{'measure':22s}" + "".join(f"{group + ' ' + key:>26s}" for group in GROUPS for key in results))
    for measure in MEASURES:
        cells = []
        for group in GROUPS:
            for result in results.values():
                row = next((r for r in result.rows if (r.measure, r.symmetry) == (measure, group)), None)
                cells.append("" if row is None else f"{number(row.value)} (s {number(row.stability)})")
        print(f"{measure:22s}" + "".join(f"{cell:>26s}" for cell in cells), flush=True)


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), metavar="DIR")
    parser.add_argument("--samples", type=int, default=48, metavar="N", help="images (default: 48)")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="every row there too")
    parser.add_argument("--quick", action="store_true", help="one network, 8 images")
    options = parser.parse_args()
    if not (options.data / "models.py").exists():
        print(f"no models.py in {options.data}: nothing to do without trained weights")
        return 0
    warnings.simplefilter("ignore")
    names, count = ([*PHOTOS, *CIFAR], options.samples) if not options.quick else (["cifar10_resnet20"], 8)
    caution, frames = [], []
    for name in names:
        keys = ("trained", "untrained")
        results = {key: measured(name, options.data, count, key == "trained") for key in keys}
        show(name, results)
        for key, result in results.items():
            frames.append(result.to_pandas().assign(network=name, weights=key))
        for group in GROUPS:
            rows = [next(r for r in results[key].rows if (r.measure, r.symmetry) == ("geed(kl)", group))
                    for key in ("trained", "untrained")]  # fmt: skip
            caution.append((name, group, *rows))
    heads = f"{'geed(kl)':20s}{'group':10s}{'trained':>12s}{'untrained':>12s}"
    print(f"\n{heads}{'stability trained':>24s}{'untrained':>18s}")
    for name, group, trained, fresh in caution:
        ratios = [ratio(r.stability, r.stability_low, r.stability_high) for r in (trained, fresh)]
        print(
            f"{name:20s}{group:10s}{trained.value:12.4f}{fresh.value:12.2e}{ratios[0]:>24s}{ratios[1]:>18s}"
        )
    if options.csv:
        import pandas as pd

        pd.concat(frames).to_csv(options.csv, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
