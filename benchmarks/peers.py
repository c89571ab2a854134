"""Our numbers beside those of public implementations, run on the same networks and images.

    python benchmarks/peers.py [--antialiased DIR] [--stylegan3 DIR] [--quick]

DIR are checkouts of adobe/antialiased-cnns and NVlabs/stylegan3; nothing of theirs is part of this project. Without
them only the comparison with the formula of e3nn's `equivariance_error` is made.
"""

import argparse
import importlib.util
import math
import re
import sys
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import symmeter
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.kinds_of_data import parse_group
from symmeter.measures.geed import GEED
from symmeter.symmetry.groups.group import choose_elements
from symmeter.symmetry.representations.linear import Matrices


class Blurs(nn.Module):
    """A network from maps to maps that is nearly equivariant: convolutions and a smooth activation, circular."""

    def __init__(self, channels: int = 8):
        super().__init__()
        options: dict[str, Any] = {"padding": 2, "padding_mode": "circular"}
        self.net = nn.Sequential(
            nn.Conv2d(3, channels, 5, **options), nn.Tanh(), nn.Conv2d(channels, 3, 5, **options)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, 3, H, W) to the same."""
        return self.net(x)


class _Labels:
    """Labels that are asked to go to a GPU, and stay."""

    def cuda(self, *args: Any, **kwargs: Any) -> "_Labels":
        return self


def shift_consistency(folder: Path, quick: bool) -> None:
    """Zhang's `validate_shift` (two random crops of 224 out of 256) against `consistency` over shift(16,crop)."""
    theirs = load(folder / "main.py", "antialiased_main", folder)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 7, stride=4), nn.ReLU(), nn.Conv2d(16, 32, 5, stride=4), nn.ReLU(), nn.Flatten(),
        nn.Linear(32 * 13 * 13, 10),
    ).eval()  # fmt: skip
    pixels = images(256)
    epochs = 20 if quick else 100
    arguments = types.SimpleNamespace(epochs_shift=epochs, gpu=None, print_freq=10**9)
    np.random.seed(0)  # noqa: NPY002  theirs draws from it
    batches = [
        (pixels[i : i + 1], _Labels()) for i in range(len(pixels))
    ]  # its offsets are shared within a batch
    their_share = theirs.validate_shift(batches, model, arguments) / 100
    ours = symmeter.measure(model, pixels, "shift(16,crop)", "consistency", elements=16 if quick else 64,
                            control=False, progress=False).rows[0]  # fmt: skip
    spread = math.sqrt(their_share * (1 - their_share) / (epochs * len(pixels)))
    difference = ours.value - their_share
    error = math.hypot(spread, ours.element_standard_error or 0.0)
    print(f"shift consistency  theirs {their_share:.4f} ± {spread:.4f}   ours {ours.value:.4f} ± "
          f"{ours.element_standard_error:.4f}   difference {difference / max(error, 1e-12):+.1f} errors")  # fmt: skip


def eq_measures(folder: Path, quick: bool) -> None:
    """Karras et al.'s EQ-T, EQ-T_frac and EQ-R on the very same outputs: their motions and masks, and ours."""
    sys.path.insert(0, str(folder))
    theirs = load(folder / "metrics" / "equivariance.py", "metrics.equivariance", folder, package="metrics")
    torch.manual_seed(0)
    model, x = (
        Blurs().eval(),
        (2 * smooth(4, 96) - 1) * taper(96),
    )  # nothing at the border: masks differ there
    grid = Grid(Bandlimited())
    count = 4 if quick else 16
    for measure, group in (("eq_t", "shift(12,open)"), ("eq_t_frac", "T2(0.125)"), ("eq_r", "SO2")):
        chosen = choose_elements(parse_group(group).bind((3, 96, 96)), count)
        sums = np.zeros(2)
        with torch.no_grad():
            orig = model(x)
            for g in chosen.elements:
                image = model(grid.act(g, x)[0])
                if measure == "eq_r":
                    angle = math.radians(g.turn[0])  # type: ignore[union-attr]
                    ref, mask = theirs.apply_fractional_rotation(orig, angle)
                    image, other = theirs.apply_fractional_pseudo_rotation(image, angle)
                    mask = mask * other
                else:
                    move = (
                        theirs.apply_integer_translation
                        if measure == "eq_t"
                        else theirs.apply_fractional_translation
                    )
                    ref, mask = move(orig, g.shift[0] / 96, g.shift[1] / 96)  # type: ignore[attr-defined]
                sums += np.array(
                    [float(((ref - image).square() * mask).double().sum()), float(mask.double().sum())]
                )
        their_value = 20 * math.log10(2) - 10 * math.log10(sums[0] / sums[1])
        ours = symmeter.measure(
            model, x, group, measure, "logits", elements=count, control=False, progress=False
        )
        print(f"{measure:10s}  theirs {their_value:7.2f} dB   ours {ours.rows[0].value:7.2f} dB", flush=True)


class Toy(nn.Module):
    """Points (B, 1, N, 2) to a vector: equivariant under rotations but for a constant part."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Parameter(torch.tensor([0.01, 0.0]))

    def forward(self, points: Tensor) -> Tensor:
        """(B, 2)."""
        moved = points * points.norm(dim=-1, keepdim=True)
        return moved.flatten(1, 2).sum(1) + self.part


@torch.no_grad()
def largest_error() -> None:
    """The formula of e3nn's `equivariance_error`, max |f(g x) - g f(x)|, on a toy with vectors."""
    points, model, group = torch.randn(8, 1, 5, 2, dtype=torch.float64), Toy().double(), parse_group("C8")
    largest = exact = 0.0
    for g in group.enumerate():
        matrix = g.matrix  # type: ignore[attr-defined]
        error = model(points @ matrix.mT) - model(points) @ matrix.mT
        largest = max(largest, float(error.abs().max()))
        exact = max(exact, 0.01 * float((torch.eye(2).double() - matrix)[:, 0].abs().max()))
    matrices = {g.name: g.matrix for g in group.enumerate()}  # type: ignore[attr-defined]
    vectors = symmeter.Symmetry(
        "C8", groups=(group,), rho_in=Matrices(matrices, axis=3), rho_out=Matrices(matrices)
    )
    entry = GEED(lambda a, b: (a - b).abs().flatten(1).amax(1))
    row = symmeter.measure(
        model, points, vectors, entry, "logits", padding="reflect", control=False, progress=False
    )
    print(f"largest error      theirs {largest:.7f}   ours {row.rows[0].worst:.7f}   exact {exact:.7f}")


def load(path: Path, name: str, folder: Path, package: str = "") -> Any:
    """A file of theirs as a module, without running it as a command."""
    sys.path.insert(0, str(folder))
    for absent in ("requests", "pkg_resources"):  # imported there, and not needed for what is called here
        sys.modules.setdefault(absent, types.ModuleType(absent))
    version = lambda text: tuple(map(int, re.findall(r"\d+", text)[:3]))
    sys.modules["pkg_resources"].parse_version = version  # type: ignore[attr-defined]
    if package and package not in sys.modules:
        sys.modules[package] = types.ModuleType(package)
        sys.modules[package].__path__ = [str(folder / package)]  # type: ignore[attr-defined]
        sys.modules[f"{package}.metric_utils"] = types.ModuleType(f"{package}.metric_utils")
        sys.modules[package].metric_utils = sys.modules[f"{package}.metric_utils"]  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def images(size: int) -> Tensor:
    """The built-in photographs, (24, 3, size, size) in [0, 1]."""
    return next(iter(open_data("builtin:photos", Preprocessing(size=(size, size))).batches(24))).inputs


def taper(size: int) -> Tensor:
    """1 in the middle, 0 in the outer quarter of each side and beyond the inscribed disc, smooth between."""
    t = 2 * (torch.arange(size) + 0.5) / size - 1
    radius = (t[:, None] ** 2 + t**2).sqrt()
    return ((0.8 - radius) / 0.4).clamp(0, 1).mul(math.pi / 2).sin().square()


def smooth(count: int, size: int) -> Tensor:
    """Photographs without their finest detail, in [0, 1]."""
    pixels = images(size)
    return nn.functional.interpolate(
        nn.functional.interpolate(pixels[:count], (size // 4, size // 4), mode="bilinear", antialias=True),
        (size, size), mode="bicubic",
    ).clamp(0, 1)  # fmt: skip


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--antialiased", type=Path, metavar="DIR", help="a checkout of adobe/antialiased-cnns"
    )
    parser.add_argument("--stylegan3", type=Path, metavar="DIR", help="a checkout of NVlabs/stylegan3")
    parser.add_argument("--quick", action="store_true", help="fewer elements")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    largest_error()
    if options.antialiased:
        shift_consistency(options.antialiased, options.quick)
    if options.stylegan3:
        eq_measures(options.stylegan3, options.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
