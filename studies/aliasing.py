"""Aliasing (Gruver et al.): the theorem against measurement, and how much of a network's error it is.

    python studies/aliasing.py [--quick]

Single layers on circular data, from white noise to smooth images: what the theorem predicts from a layer's spectrum
beside the Lie derivative that is measured. Then trained networks: the part of each layer's contribution that is
aliasing.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import symmeter
from symmeter.conjugate import lie_derivative
from symmeter.definitions import Periodic
from symmeter.groups import GENERATORS
from symmeter.layers.aliasing import alias_derivative
from symmeter.representations import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bandlimited import BlurPool, Filtered
from common import Study, Verdict, main, over_seeds, yes

SIZE = 16
NETWORKS = ("cifar10_resnet20", "cifar10_resnet56", "mobilenetv2_100")
_IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
_HALF = {"mean": (0.5,) * 3, "std": (0.5,) * 3, "img_size": 224}


def layers(seed: int) -> dict[str, nn.Module]:
    """What the theorem is put to the test on."""
    torch.manual_seed(seed)
    return {
        "ReLU": nn.ReLU(),
        "GELU": nn.GELU(),
        "strided convolution": nn.Conv2d(3, 4, 3, 2, 1, padding_mode="circular"),
        "average pooling": nn.AvgPool2d(2),
        "max pooling": nn.MaxPool2d(2),
        "blur pooling": BlurPool(3),
        "filtered ReLU": Filtered(nn.ReLU()),
        "filtered GELU": Filtered(nn.GELU()),
    }


def images(kind: str, seed: int, count: int) -> Tensor:
    """White noise, or noise whose spectrum falls as 1/n, as that of photographs; (count, 3, SIDE, SIDE) float64."""
    x = torch.randn(count, 3, SIZE, SIZE, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    if kind == "noise":
        return x
    k = torch.fft.fftfreq(SIZE) * SIZE
    fall = 1 / (1 + (k[:, None] ** 2 + k**2).sqrt())
    x = torch.fft.ifft2(torch.fft.fft2(x) * fall).real
    return x / x.std()


class Aliasing(Study):
    """The theorem on single layers and on trained networks."""

    def rows(self) -> Iterable[dict[str, Any]]:
        for seed in range(2 if self.quick else self.seeds):
            for kind in ("noise", "1/f"):
                for name, module in layers(seed).items():
                    key = f"layer-{name}-{kind}-{seed}".replace(" ", "-").replace("/", "")
                    yield from self.step(
                        key, lambda n=name, m=module, k=kind, s=seed: [self._layer(n, m, k, s)]
                    )
            for name in NETWORKS if self.data is not None and not self.quick else ():
                yield from self.step(f"network-{name}-{seed}", lambda n=name, s=seed: [self._network(n, s)])

    @staticmethod
    def _layer(name: str, module: nn.Module, kind: str, seed: int) -> dict[str, Any]:
        x, module = images(kind, seed, 4), module.double()
        grid, generator = Image(Periodic()), [GENERATORS["translation_x"]]
        measured = lie_derivative(module, x, generator, grid, grid)[1].detach()
        size = float(measured.square().mean() / module(x).detach().square().mean())
        prediction = alias_derivative(module, x, generator, oversampling=16)
        left = (
            None if prediction is None else float((measured - prediction.derivative).norm() / measured.norm())
        )
        return {"what": "layer", "name": name, "input": kind, "seed": seed, "error": size, "misfit": left,
                "explained": None if left is None else 1 - left**2}  # fmt: skip

    def _network(self, name: str, seed: int) -> dict[str, Any]:
        """A trained network on images of its own kind."""
        assert self.data is not None
        if name.startswith("cifar10"):
            stored = np.load(self.data / "images" / "cifar10" / "test.npz")["images"]
            data, samples, normal = stored, 64, _IMAGENET
        else:
            data, samples, normal = self.data / "images" / "photos", 4, _HALF
        weights = str(self.data / "weights" / f"{name}.pth")
        model = symmeter.load_model(f"{self.data / 'models.py'}:{name}", weights=weights)
        profile = symmeter.aliasing(
            model, data, "translation_x", samples=samples, seed=seed, progress=False, preprocessing=normal
        )
        return {"what": "network", "name": name, "input": str(profile.header["data"]["name"]), "seed": seed,
                "error": profile.rows[0].value,
                "explained": profile.header["spec"]["aliasing"]["translation_x"]}  # fmt: skip

    def judge(self, table: Any) -> list[Verdict]:
        single = table[table["what"] == "layer"]
        least = lambda *names: lambda rows: rows[rows["name"].isin(names)]["explained"].min()
        ratio = lambda a, b: lambda rows: _error(rows, a) / _error(rows, b)
        pointwise = over_seeds(single, least("ReLU", "GELU"))
        strided = over_seeds(single, least("strided convolution", "average pooling", "blur pooling"))
        pooled = over_seeds(single, least("max pooling"))
        blur = over_seeds(single, ratio("blur pooling", "strided convolution"), scale="ratio")
        clean = over_seeds(single, ratio("filtered GELU", "GELU"), scale="ratio")
        found = [
            Verdict("the error of pointwise non-linearities is aliasing", yes(pointwise.above(0.9999)),
                    f"explained {pointwise}"),
            Verdict("the error of strided convolution and pooling is aliasing", yes(strided.above(0.9999)),
                    f"explained {strided}; max pooling {pooled}, whose spectrum ends slowly"),
            Verdict("blur pooling lowers it", yes(blur.below(0.5)), f"blur pooling / strided convolution {blur}"),
            Verdict("filtered non-linearities have little of it", yes(clean.below(0.1)),
                    f"filtered / plain GELU {clean}"),
        ]  # fmt: skip
        claim = "aliasing explains most of the error of trained networks"
        networks = table[table["what"] == "network"]
        if not len(networks):
            return [
                *found,
                Verdict(claim, "not testable here", "needs trained weights (--data), and not --quick"),
            ]
        for name in dict.fromkeys(networks["name"]):
            share = over_seeds(networks[networks["name"] == name], lambda rows: rows["explained"].mean())
            found.append(Verdict(f"{claim}: {name}", yes(share.above(0.5)), f"share of LEE {share}"))
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        single = table[table["what"] == "layer"]
        figure = Figure(figsize=(9.6, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        names = list(dict.fromkeys(single["name"]))
        for kind, colour, shift in (("noise", "#777777", -0.15), ("1/f", "#0072B2", 0.15)):
            rows = single[single["input"] == kind].groupby("name")
            y = np.arange(len(names)) + shift
            left.plot(rows["error"].mean()[names].clip(lower=1e-16), y, "o", color=colour, label=kind)
            right.plot(rows["misfit"].mean()[names].clip(lower=1e-16), y, "o", color=colour, label=kind)
        left.set_yticks(range(len(names)), names)
        for ax, words in (
            (left, "error: mean (L m)^2 / mean m^2"),
            (right, "misfit of the theorem, relative"),
        ):
            ax.set_xscale("log")
            ax.set_xlabel(words)
        left.legend()
        return figure


def _error(rows: Any, name: str) -> float:
    return float(rows[(rows["name"] == name) & (rows["input"] == "1/f")]["error"].iloc[0])


if __name__ == "__main__":
    sys.exit(main(Aliasing))
