"""What a user pays: `symmeter.measure` itself, in a fresh interpreter, in forward passes of the same images.

    python benchmarks/paid.py [--networks NAME ...] [--images N] [--control both|stability|none]

Everything counts: trials, verification, the floor, the first look. The unit is a plain forward pass of the same images
in batches of 8 without gradients, timed before and after, of which the median counts.
"""

import argparse
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable

import timm
import torch

import symmeter

NETWORKS = ("resnet50", "vit_small_patch16_224", "convnext_tiny")
BATCH = 8


def seconds(work: Callable[[], object]) -> float:
    """Of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@torch.no_grad()
def forward(model: torch.nn.Module, images: torch.Tensor) -> None:
    """A plain pass of images (N, 3, H, W)."""
    for part in images.split(BATCH):
        model(part)


def report(name: str, images: int, control: str) -> None:
    """Print the line of one network, in this interpreter."""
    warnings.simplefilter("ignore")
    model = timm.create_model(name, pretrained=False).eval()
    x = torch.randn(images, 3, 224, 224)
    forward(model, x[:BATCH])
    before = [seconds(lambda: forward(model, x)) for _ in range(2)]
    paid = seconds(lambda: symmeter.measure(model, x, "affine", control=control, progress=False))
    after = [seconds(lambda: forward(model, x)) for _ in range(2)]
    unit = statistics.median([*before, *after])
    print(f"{name:24s}{images:8d}{control:>12s}{paid / unit:10.1f}", flush=True)


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--control", default="none", choices=("both", "stability", "none"))
    parser.add_argument("--quick", action="store_true", help="one small network, few images")
    parser.add_argument("--here", action="store_true", help="in this interpreter")
    options = parser.parse_args()
    networks, images = (("resnet18",), 8) if options.quick else (options.networks, options.images)
    if options.here:
        report(networks[0], images, options.control)
        return 0
    print(f"{'network':24s}{'images':>8s}{'control':>12s}{'passes':>10s}", flush=True)
    for name in networks:
        own = ["--networks", name, "--images", str(images), "--control", options.control, "--here"]
        subprocess.run([sys.executable, __file__, *own], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
