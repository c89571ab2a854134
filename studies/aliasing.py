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
from symmeter.domains.grids.aliasing.theorem import alias_derivative
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.symmetry.conjugate import lie_derivative

sys.path.insert(0, str(Path(__file__).resolve().parent))
from bandlimited import BlurPool, Filtered
from common import Study, Verdict, main, yes
from intervals import chosen, over_seeds, ratio
from published import MOBILENET, RESNET20, RESNET56, Published

SIZE = 16
NETWORKS = {RESNET20: 64, RESNET56: 64, MOBILENET: 4}  # how many images of each


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

    SEEDS = 5  # of images alone, and minutes each

    def rows(self) -> Iterable[dict[str, Any]]:
        for seed in self.seeds:
            for kind in ("noise", "1/f"):
                for name, module in layers(seed).items():
                    yield from self.step(
                        f"layer-{name}-{kind}-{seed}",
                        lambda n=name, m=module, k=kind, s=seed: [self._layer(n, m, k, s)],
                    )
            for network in self._networks():
                yield from self.step(
                    f"network-{network.name}-{seed}", lambda n=network, s=seed: [self._network(n, s)]
                )

    def _networks(self) -> tuple[Published, ...]:
        """Those whose weights are at hand."""
        if self.settings.data is None:
            return ()
        return (RESNET20,) if self.quick else tuple(NETWORKS)

    @staticmethod
    def _layer(name: str, module: nn.Module, kind: str, seed: int) -> dict[str, Any]:
        x, module = images(kind, seed, 4), module.double()
        grid, generator = Grid(Periodic()), [GENERATORS["translation_x"]]
        measured = lie_derivative(module, x, generator, grid, grid)[1].detach()
        size = float(measured.square().mean() / module(x).detach().square().mean())
        prediction = alias_derivative(module, x, generator, oversampling=16)
        left = (
            None if prediction is None else float((measured - prediction.derivative).norm() / measured.norm())
        )
        return {"what": "layer", "name": name, "input": kind, "seed": seed, "error": size, "misfit": left,
                "explained": None if left is None else 1 - left**2}  # fmt: skip

    def _network(self, network: Published, seed: int) -> dict[str, Any]:
        """A trained network on images of its own kind, or on the user's."""
        s = self.settings
        assert s.data is not None
        profile = symmeter.aliasing(
            network.load(s.data).to(s.device), s.images or network.place(s.data), "translation_x",
            samples=2 if s.quick else s.scale * NETWORKS[network], seed=seed, progress=False,
            preprocessing=network.preprocessing(),
        )  # fmt: skip
        return {"what": "network", "name": network.name, "input": str(profile.header["data"]["name"]), "seed": seed,
                "error": profile.rows[0].value,
                "explained": profile.header["spec"]["aliasing"]["translation_x"]}  # fmt: skip

    def judge(self, table: Any) -> list[Verdict]:
        single = chosen(table, what="layer")
        least = lambda *names: lambda rows: rows[rows["name"].isin(names)]["explained"].min()
        smooth = chosen(single, input="1/f")
        pointwise = over_seeds(single, least("ReLU", "GELU"))
        strided = over_seeds(single, least("strided convolution", "average pooling", "blur pooling"))
        pooled = over_seeds(single, least("max pooling"))
        blur = ratio(smooth, "error", {"name": "blur pooling"}, {"name": "strided convolution"})
        clean = ratio(smooth, "error", {"name": "filtered GELU"}, {"name": "GELU"})
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
        networks = chosen(table, what="network")
        if not len(networks):
            return [*found, Verdict(claim, "not testable here", "needs trained weights (--data)")]
        for name in dict.fromkeys(networks["name"]):
            share = over_seeds(chosen(networks, name=name), lambda rows: rows["explained"].mean())
            found.append(Verdict(f"{claim}: {name}", yes(share.above(0.5)), f"share of LEE {share}"))
        return found

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure

        single = chosen(table, what="layer")
        figure = Figure(figsize=(9.6, 3.8), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        names = list(dict.fromkeys(single["name"]))
        for kind, colour, shift in (("noise", "#777777", -0.15), ("1/f", "#0072B2", 0.15)):
            rows = chosen(single, input=kind).groupby("name")
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


if __name__ == "__main__":
    sys.exit(main(Aliasing))
