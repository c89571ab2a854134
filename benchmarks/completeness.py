"""Do the parts add up? Attribution of one model of each of timm's modules, and of torchvision's and transformers'.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/completeness.py [--quick] [--only PATTERN] [--json FILE]

For each module the smallest model with random weights, float32, two smooth images: the sum of the contributions of
all leaves and glue against LEE, which forward mode gives. One line a model, with the calls that have a row of their own
and those that fold for want of a known layout. Every model has its own process, time limit and memory limit.
"""

import argparse
import fnmatch
import json
import math
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import timm
import torch
from coverage import QUICK, Row, _size, calibrate, choose, in_process, smooth_images, wake
from timm.data import resolve_model_data_config
from torch import nn

import symmeter

LIMIT = 1e-4
LARGEST = 448  # pixels: larger inputs are measured at this size, for round-off of float32 grows with them
OTHERS = ("torchvision:resnet50", "torchvision:densenet121", "torchvision:inception_v3", "transformers:vit")


@dataclass
class Sum(Row):
    """One model: how far the parts are from the whole."""

    residue: float = math.nan
    parts: int = 0
    folded: dict[str, str] = field(default_factory=dict)

    @property
    def measured(self) -> bool:
        return self.residue < LIMIT

    def line(self) -> str:
        name = f"{self.module:27.27s} {self.model:33.33s} {self.parameters / 1e6:6.1f}M {self.size:4d}"
        text = f"{name} {self.residue:8.1e} {self.parts:5d} parts {len(self.folded):4d} folded {self.total:6.1f} s"
        return text + f"\n    {self.problem}" * bool(self.problem)


def other(name: str) -> nn.Module:
    """torchvision's networks, and a transformers ViT built from a config."""
    library, _, name = name.partition(":")
    if library == "torchvision":
        import torchvision

        extra = {"init_weights": True} if name == "inception_v3" else {}
        return torchvision.models.get_model(name, weights=None, **extra)
    from transformers import ViTConfig, ViTForImageClassification

    return ViTForImageClassification(ViTConfig(num_hidden_layers=4, image_size=224))


def attribute(row: Sum, sender: Any) -> None:
    """Attribute one model; fills `row`."""
    torch.manual_seed(0)
    if row.module in ("torchvision", "transformers"):
        model, shape = other(f"{row.module}:{row.model}").eval(), (3, row.size, row.size)
        row.parameters = sum(p.numel() for p in model.parameters())
    else:
        model = timm.create_model(row.model, pretrained=False, **row.arguments).eval()
        shape = resolve_model_data_config(model)["input_size"]
        wake(model)
        if row.size > LARGEST:
            row.size = LARGEST
            shape = (shape[0], LARGEST, LARGEST)
    calibrate(model, smooth_images(2, shape, seed=3))
    profile = symmeter.attribute(
        model,
        smooth_images(2, shape),
        symmetry="translation_x,rotation",
        probes=0,
        control=False,
        progress=False,
    )
    row.residue = max(abs(value) for value in profile.header["spec"]["residue"].values())
    row.folded = dict(profile.header["spec"]["folded"])
    row.parts = len(profile.parts)


def main() -> int:
    """The command; returns the exit code."""
    options = _options()
    targets = [m for m in timm.list_modules() if fnmatch.fnmatch(m, options.only)]
    targets = [m for m in targets if not options.quick or m in QUICK]
    targets += [o for o in OTHERS if options.only == "*" or fnmatch.fnmatch(o, options.only)]
    rows: list[Sum] = []
    began = time.perf_counter()
    for target in targets:
        row = _row(target, options)
        if not row.problem:
            row = in_process(row, options, attribute)
        rows.append(row)
        print(row.line(), flush=True)
        if options.json:
            options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))
    good = [row for row in rows if row.measured]
    for row in rows:
        if not row.measured:
            print(f"not complete: {row.module} ({row.model}): {row.problem or f'residue {row.residue:.1e}'}")
    worst = max((row.residue for row in rows if not math.isnan(row.residue)), default=math.nan)
    print(f"{len(good)} of {len(rows)} within {LIMIT:g}, worst residue {worst:.1e}, "
          f"{time.perf_counter() - began:.0f} s")  # fmt: skip
    return int(len(good) < len(rows))


def _row(target: str, options: argparse.Namespace) -> Sum:
    library, colon, name = target.partition(":")
    if colon:
        return Sum(library, name, 0, 299 if name == "inception_v3" else 224)
    chosen = choose(target)
    if chosen.cost > options.limit_params * 1e6:
        smaller = _size(target, chosen.model, depth=2)
        chosen = chosen if smaller.problem else smaller
    row = Sum(
        chosen.module, chosen.model, chosen.parameters, chosen.size, chosen.arguments, problem=chosen.problem
    )
    if row.cost > options.limit_params * 1e6:
        row.problem = f"excluded: {row.parameters / 1e6:.0f}M parameters at {row.size} pixels are too much"
    return row


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}, and the others")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="modules by name, with * and ?")
    parser.add_argument("--limit-params", type=float, default=500, metavar="M",
                        help="millions of parameters, times the pixels over 224^2")  # fmt: skip
    parser.add_argument("--limit-memory", type=float, default=12, metavar="GB")
    parser.add_argument("--time-limit", type=int, default=300, metavar="SECONDS", help="for each model")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the rows there too, after every model"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
