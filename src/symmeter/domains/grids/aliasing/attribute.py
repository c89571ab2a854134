"""How much of each layer's error is aliasing: what the theorem predicts from spectra, beside what is measured."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from symmeter.domains.grids.aliasing.sampled_layers import sampling
from symmeter.domains.grids.aliasing.theorem import alias_derivative
from symmeter.domains.grids.generators import AffineGenerator
from symmeter.domains.grids.grid import CHANNELS_FIRST, Grid
from symmeter.domains.grids.interpolants.series import Periodic
from symmeter.errors import SymmeterError
from symmeter.layers.attribute import profiled
from symmeter.layers.attributor import Attributor
from symmeter.layers.contributions import Attribution, Contributions
from symmeter.layers.profile import LayerRow, Profile
from symmeter.layers.walk import Tap
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.execution import Execution, run_along
from symmeter.measuring.measure import named_options
from symmeter.measuring.plan import Given, Settings, plan_along
from symmeter.results.columns import Key
from symmeter.results.saved import register
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.groups.generators import Generator
from symmeter.verbs.arguments import truth
from symmeter.verbs.verb import verb

_SAMPLED = 6000  # positions times channels of an activation whose spectrum is computed
_CAP = 8  # refinement of the grid on which the spectrum of an activation is found


@dataclass(frozen=True, repr=False)
class AliasRow(LayerRow):
    """A LayerRow with what aliasing says of it; None where the theorem says nothing of the layer.

    `measured` is the mean of (L_X m)^2 over the layer's own output, `predicted` that of the prediction, `explained` =
    1 - ||L_X m - prediction||^2 / ||L_X m||^2, pooled over images. `aliasing` is the part of `contribution` that is
    aliasing: the prediction pushed to the output, for layers that are linear; `explained` x contribution for others.
    """

    measured: float | None = None
    predicted: float | None = None
    explained: float | None = None
    aliasing: float | None = None


register(Profile, AliasRow)


@verb(ARGUMENTS, control=truth)
def aliasing(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    output: str = "softmax",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    control: bool = False,
    preprocessing: object = None,
    domain: str | None = None,
) -> Profile:
    """Attribute the error of translations to layers, and say how much of each part the aliasing theorem explains.

    `domain` is any kind of data on a grid, `signals` for one (default: images). Everything is under the definition
    `periodic`, for which the theorem holds; zero padding is left as what aliasing
    does not explain. Rows are `AliasRow`s; the share of the whole that is aliasing is in `header["spec"]["aliasing"]`.
    Strided convolutions and pooling are predicted exactly, on all channels. Of activations a few channels, drawn
    under `seed`, are predicted from a spectrum on a grid 8 times finer. Slow: some seconds an image and network.

    Raises SymmeterError for symmetries that are no translations. Source: Gruver et al. 2023, the aliasing theorem.

    >>> net = nn.Sequential(nn.Conv2d(3, 4, 4, stride=2, padding=1, padding_mode="circular"), nn.Flatten(2))
    >>> net = net.eval()
    >>> profile = aliasing(net, torch.rand(4, 3, 8, 8), "translation_x", output="logits:invariant")
    >>> round(profile.rows[1].explained, 6)
    1.0
    """
    observer = AliasAttributor(seed)
    given = Given(data, domain or "images", options=named_options(Periodic(), preprocessing))
    settings = Settings(samples, batch_size, device, seed, progress, control)
    plan = plan_along(model, given, symmetry, output, settings, "the aliasing theorem")
    for generator in plan.symmetry.generators:
        if not isinstance(generator, AffineGenerator) or any(map(any, generator.linear)):
            raise SymmeterError(f"the aliasing theorem is about translations, not {generator.name}")
    done = run_along(plan, observer)
    done.spec.update(probes=0, aliasing={g.name: observer.total(done.run, g) for g in done.run.generators})
    return profiled(done, observer)


class AliasAttributor(Attributor):
    """An Attributor that also compares every layer's own Lie derivative with what aliasing predicts for it."""

    def __init__(self, seed: int):
        super().__init__(0, None, seed)
        self._draw = torch.Generator().manual_seed(seed)
        self._comparing = True

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """The columns of an attribution, and of each layer `measured`, `predicted`, `left` and `pushed`."""
        self._found: dict[Key, Tensor] = {}
        self._generators = run.generators
        self._modules = dict(run.model.named_modules()) if isinstance(run.model, nn.Module) else {}
        columns = super().take(run, x, y, derivative)
        nothing = torch.full((len(x),), torch.nan, dtype=torch.float64)
        for part in self.parts:
            for generator in self._generators:
                for what in ("measured", "predicted", "left", "pushed"):
                    key = Key(what, generator.name, part.layer)
                    columns[key] = self._found.get(key, nothing)
        return columns

    def finish(self, run: DerivativeRun) -> None:
        self._comparing = False  # floors are of contributions alone
        super().finish(run)

    def _attribute(self, x: Tensor, derivative: Tensor, probes: int, seed: int) -> Contributions:
        """Of images x (B, ...) with derivatives (T, B, ...), while each layer's own is compared."""
        if not self._comparing:
            return super()._attribute(x, derivative, probes, seed)
        attribution, inputs = self._known(x), {}
        leaves = {part.layer for part in self.parts if part.terminal}

        def watch(t: int, tap: Tap, gradient: Tensor) -> None:
            slot = tap.slot
            if slot.outgoing and slot.call == 0 and slot.layer in leaves:
                inputs[t, slot.layer] = (tap.value.data, gradient)
            elif not slot.outgoing and (t, slot.layer) in inputs and slot.call == 0:
                self._compare(attribution, t, slot.layer, tap.value.data, *inputs.pop((t, slot.layer)))

        return attribution(x, derivative, 0, 0, watch)

    def _compare(
        self, attribution: Attribution, t: int, layer: str, h: Tensor, y: Tensor, gradient: Tensor
    ) -> None:
        """Measure and predict one layer's own Lie derivative; what it was given and gave are grids.

        It was given h (B, C, ...) and gave y (B, C', ...); `gradient` is that at y.
        """
        module, generator = self._modules[layer], self._generators[t]
        layout, plain = sampling(module), Grid(Periodic(), axes=h.ndim - 2)
        if layout is None or not _are_maps(attribution, layer):
            return
        channels = slice(None)
        if not layout.linear and not any(True for _ in module.parameters()) and h.shape == y.shape:
            count = max(1, _SAMPLED // math.prod(h.shape[2:]))
            channels = torch.randperm(h.shape[1], generator=self._draw)[:count].to(h.device)
        try:
            part = h[:, channels]
            prediction = alias_derivative(module, part, [generator], cap=_CAP)
            own = lie_derivative(lambda z: module(z.clone()), part, [generator], plain, plain)[1][0]
        except (RuntimeError, TypeError):  # a module that wants more than its input, or another precision
            return
        if prediction is None:
            return
        predicted = prediction.derivative[0]
        mean = lambda z: z.double().square().flatten(1).mean(1)
        name = generator.name
        self._found[Key("measured", name, layer)] = mean(own)
        self._found[Key("predicted", name, layer)] = mean(predicted)
        self._found[Key("left", name, layer)] = mean(own - predicted)
        if layout.linear:
            pushed = (gradient * predicted).flatten(1).sum(1, dtype=torch.float64)
            self._found[Key("pushed", name, layer)] = pushed

    def total(self, run: DerivativeRun, generator: Generator) -> float | None:
        """The share of LEE that is aliasing: the sum over leaves; what the theorem is silent about counts as none."""
        lee = float(run.columns[Key("lee", generator.name)].mean())
        found = [self._explained(run, generator.name, part.layer)[3] for part in self.parts if part.terminal]
        return sum(filter(None, found)) / lee if lee else None

    def rows(self, done: Execution) -> Iterator[LayerRow]:
        for row in super().rows(done):
            names = ("measured", "predicted", "explained", "aliasing")
            explained = self._explained(done.run, row.symmetry, row.layer)
            yield AliasRow(**asdict(row), **dict(zip(names, explained, strict=True)))

    @staticmethod
    def _explained(run: DerivativeRun, symmetry: str, layer: str) -> Sequence[float | None]:
        """(measured, predicted, explained, aliasing) of one layer and generator."""
        measured, predicted, left, pushed = (
            run.columns[Key(what, symmetry, layer)] for what in ("measured", "predicted", "left", "pushed")
        )
        known = ~np.isnan(measured)
        if not known.any():
            return None, None, None, None
        total = float(measured[known].sum())
        contribution = float(run.columns[Key("contribution", symmetry, layer)].mean())
        explained = 1 - float(left[known].sum()) / total if total else None
        if not np.isnan(pushed).any():
            part = float(pushed.mean())
        else:
            part = contribution * (explained or 0.0)
        return total / int(known.sum()), float(predicted[known].mean()), explained, part


def _are_maps(attribution: Attribution, layer: str) -> bool:
    """Whether all that goes in and out of the first call of a module is channels-first maps."""
    found = attribution.representations(layer)
    return all(isinstance(rho, Grid) and rho.layout == CHANNELS_FIRST for rho in found)
