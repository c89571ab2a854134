"""Cost, memory and precision of the attribution to layers.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/layers.py [--quick] [--networks NAME ...] [--json FILE]

Cost: 8 images, the 9 affine generators, in forward passes of the same images timed next to it. Memory: the rise of the
peak over a forward pass, against that of a training step of the same batch, each in a process of its own. Precision:
the relative spread of norms over repetitions at equal numbers of backward passes, for our probes and for the normal
numbers of the reference (Gruver et al. 2023), on networks with 1000 softmax outputs.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image
from torch import Tensor, nn

from symmeter.autodiff.memory import peak_bytes, reuse_freed_memory
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.images.domain import Images
from symmeter.layers.attributor import PARTS
from symmeter.layers.contributions import Attribution
from symmeter.layers.layouts import Layouts
from symmeter.layers.pairings import Pairings
from symmeter.models.borrowed import borrowed
from symmeter.models.pure_function import PureFunction
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.representations.trivial import Trivial

DATA = (
    Path(__file__).resolve().parents[2] / "shared" / "data"
)  # trained weights and photographs, where they are
NETWORKS = ("resnet50", "vit_small_patch16_224")
AFFINE = [GENERATORS[name] for name in FAMILIES["affine"]]
BATCH, PROBES, REPEATS = 8, 16, 3


def attribution_of(model: nn.Module, f: Callable, x: Tensor) -> Attribution:
    """The attribution of the whole network along the affine generators."""
    return _attribution(model, f, x, AFFINE)


def _attribution(model: nn.Module, f: Callable, x: Tensor, generators: Sequence[Generator]) -> Attribution:
    domain = Images()
    symmetry = Symmetry("affine", tuple(generators), Grid(domain.interpolant), Trivial())
    return Attribution(model, f, x, symmetry, domain, Layouts(None, model, domain))


def fastest(run: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def cost(name: str) -> dict[str, float]:
    """Forward passes: a product forward, contributions, and what norms with 16 probes add to these."""
    model, x = timm.create_model(name, pretrained=False).eval(), torch.randn(BATCH, 3, 224, 224)
    with borrowed(model):
        call = PureFunction(model, x.device, x.dtype)
        f = lambda z: call(z).softmax(1)
        rho = Grid(Images().interpolant)
        product = lambda: lie_derivative(f, x, AFFINE, rho, Trivial())
        attribution, (_, derivative) = attribution_of(model, f, x), product()
        trace = attribution._trace(x)
        gradient = lambda: trace.backward(derivative[0], lambda *_: None)
        found = {
            "forward": fastest(lambda: f(x), 5),
            "product": fastest(product),
            "forward with taps": fastest(lambda: attribution._trace(x)),
            "bare backward": fastest(gradient),
            "contributions": fastest(lambda: attribution(x, derivative, 0, 0), 2),
        }
        together = fastest(lambda: attribution(x, derivative, PROBES, 0), 2)
        found["norms"] = together - found["contributions"]
        found["forward"] = min(found["forward"], fastest(lambda: f(x), 5))
    unit = found.pop("forward")
    row = {key: value / unit for key, value in found.items()}
    row["a generator"] = (row["product"] + row["contributions"]) / len(AFFINE)
    return {"forward_s": unit, **row}


def memory(name: str, what: str) -> float:
    """MiB that the peak rises by, in this process."""
    model, x = timm.create_model(name, pretrained=False), torch.randn(BATCH, 3, 224, 224)
    if what == "training step":
        model.train()
        with peak_bytes(x.device) as peak:
            model(x).softmax(1).square().sum().backward()
            return peak() / 2**20
    model.eval()
    with borrowed(model):
        call = PureFunction(model, x.device, x.dtype)
        f = lambda z: call(z).softmax(1)
        attribution = attribution_of(model, f, x[:2])  # as the public verb looks first
        cotangents = torch.randn(len(AFFINE), BATCH, 1000)
        with peak_bytes(x.device) as peak:
            size = math.ceil(BATCH / PARTS)  # as the public verb attributes a chunk
            for own, known in zip(x.split(size), cotangents.split(size, 1), strict=True):
                attribution(own, known, PROBES if what == "with probes" else 0, 0)
            return peak() / 2**20


def memory_of(name: str) -> dict[str, float]:
    """`memory` of each in a fresh process: the peak of a process never falls."""
    kinds = ("training step", "contributions", "with probes")
    found = {}
    for kind in kinds:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found[kind + " MiB"] = pool.submit(memory, name, kind).result()
    return found


def flat() -> tuple[nn.Module, Tensor]:
    """A network with random weights: its 1000 probabilities are nearly alike."""
    torch.manual_seed(0)
    model = timm.create_model("resnet18", pretrained=False).eval()
    nn.init.normal_(model.fc.weight, std=0.3)  # type: ignore[arg-type]
    return model, torch.randn(1, 3, 64, 64)


def sure(data: Path) -> tuple[nn.Module, Tensor]:
    """MobileNetV2 with trained weights, and one photograph."""
    model = timm.create_model("mobilenetv2_100", pretrained=False, pad_type="same").eval()
    model.load_state_dict(torch.load(data / "weights" / "mobilenetv2_100.pth", weights_only=True))
    photo = sorted((data / "images" / "photos").glob("*.png"))[3]
    pixels = torch.tensor(np.asarray(Image.open(photo).convert("RGB"))[37:261, 37:261]).movedim(-1, 0)[None]
    return model, pixels.float() / 127.5 - 1


def spread(model: nn.Module, x: Tensor, repetitions: int = 20) -> dict[str, float]:
    """Median over layers of the relative spread of one image's norm, by 16 backward passes; ours and normal numbers."""
    with borrowed(model):
        call = PureFunction(model, x.device, x.dtype)
        f = lambda z: call(z).softmax(1)
        attribution = _attribution(model, f, x, [GENERATORS["translation_x"]])
        zero = torch.zeros(1, 1, 1000)
        drawn = [attribution(x, zero, PROBES, seed).norms for seed in range(repetitions)]
        ours = torch.stack([norms[0, :, 0] for norms in drawn if norms is not None])
        trace, normal = attribution._trace(x), []
        for seed in range(repetitions):
            draw = torch.Generator().manual_seed(seed)
            cotangents = torch.randn(PROBES, 1, 1000, generator=draw)
            normal.append(
                sum(
                    attribution._backward(trace, z, attribution.generators, Pairings(0))[0, :, 0].square()
                    for z in cotangents
                )
                / PROBES
            )
    shown = ours.mean(0) > 1e-6 * ours.mean(0).max()
    relative = lambda values: float((values.std(0) / values.mean(0))[shown].median())
    return {"ours": relative(ours), "normal numbers": relative(torch.stack(normal))}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one small network, without memory")
    parser.add_argument("--networks", nargs="+", default=NETWORKS)
    parser.add_argument("--json", help="write the rows to this file")
    options = parser.parse_args()
    reuse_freed_memory()
    rows = {}
    for name in ["resnet18"] if options.quick else options.networks:
        rows[name] = cost(name) | ({} if options.quick else memory_of(name))
        detail = ", ".join(f"{key} {value:.2f}" for key, value in rows[name].items())
        print(f"{name}: {detail}", flush=True)
    cases = {"random weights": flat()} | ({"trained weights": sure(DATA)} if DATA.is_dir() else {})
    for name, (model, x) in cases.items():
        rows[f"spread, {name}"] = spread(model, x, 5 if options.quick else 20)
        detail = ", ".join(f"{key} {value:.3f}" for key, value in rows[f"spread, {name}"].items())
        print(f"relative spread of norms at 16 backward passes, {name}: {detail}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=2)


if __name__ == "__main__":
    main()
