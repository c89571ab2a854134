"""The sizes of the models of every preset, counted anew and written into its table; what of the paper's study there is.

    python benchmarks/presets.py [--missing] [--check N] [--quick] [--shared ../shared]

`--missing` counts only models that have no numbers yet. `--check N` counts N models of each preset, and fails where the
table says something else. With `../shared` beside the checkout it prints how many of the paper's points have a partner:
a model of the preset of the same kind whose accuracy on ImageNet is within 0.75 points, each model once (the points
carry no names, and half points of accuracy).
"""

import argparse
import csv
import io
import sys
from pathlib import Path

import numpy as np

from symmeter.files import write_whole
from symmeter.progress import bar
from symmeter.sweeps.forecast.size import size_of
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.presets.points import FOLDER
from symmeter.sweeps.presets.preset import find_preset, preset_names

SIZES = ("parameters", "macs", "moved")
KINDS = {"CNN": "CNN", "ViT": "transformer", "Mixer": "mixer"}
TOLERANCE = 0.75  # points of accuracy


def counted(model: str) -> dict[str, int]:
    """The cells of one model."""
    size = size_of(Entry(model))
    if size is None:
        raise SystemExit(f"{model} cannot be built here")
    return {name: getattr(size, name) for name in SIZES}


def renew(path: Path, missing: bool = False) -> None:
    """Count all models of one table, or those that have no numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chosen = [row for row in rows if not (missing and row[SIZES[0]])]
    with bar(None, total=len(chosen), title=path.stem, unit="model") as progress:
        for row in chosen:
            row |= counted(row["model"])
            progress.update()
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    write_whole(path, text.getvalue())
    print(f"{path.stem}: {len(chosen)} models")


def check(name: str, count: int) -> bool:
    """Whether the table is right for some models, drawn with a seed."""
    sizes = find_preset(name).sizes
    models = np.random.default_rng(0).permutation(sorted(sizes))[:count]
    wrong = [model for model in models if size_of(Entry(str(model))) != sizes[str(model)]]
    print(f"{name}: {len(models) - len(wrong)} of {len(models)} as in the table {' '.join(wrong)}")
    return not wrong


def partners(shared: Path) -> None:
    """How many published points have a model of the preset as a partner."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import maximum_bipartite_matching

    preset = find_preset("gruver2023")
    with (shared / "reference" / "timm_results_imagenet.csv").open(encoding="utf-8") as file:
        top1 = {f"timm:{row['model']}": float(row["top1"]) for row in csv.DictReader(file)}
    points = preset.published
    fits = np.array([
        [KINDS[point.family] == entry.tags["architecture"]
         and abs(point.accuracy - top1.get(entry.model, -1.0)) <= TOLERANCE for entry in preset.models]
        for point in points
    ])  # fmt: skip
    found = int((maximum_bipartite_matching(csr_matrix(fits), perm_type="column") >= 0).sum())
    print(f"{found} of {len(points)} published points have a partner within {TOLERANCE} points of accuracy")


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--missing", action="store_true", help="count only models that have no numbers")
    parser.add_argument("--check", type=int, metavar="N", help="count N models of each, and write nothing")
    parser.add_argument("--quick", dest="check", action="store_const", const=1, help="the same as --check 1")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    options = parser.parse_args()
    if options.check is None:
        for path in sorted(FOLDER.glob("*.yaml")):
            renew(path.with_suffix(".csv"), options.missing)
    wrong = [name for name in preset_names() if options.check and not check(name, options.check)]
    if options.shared.is_dir():
        partners(options.shared)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
