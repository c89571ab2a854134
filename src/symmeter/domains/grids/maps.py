"""Where in an image or a volume the error comes from, and where in a feature map it sits, as pictures of one sample."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from rich.markup import escape
from torch import Tensor

from symmeter.autodiff.backward_rules import BackwardRules
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.gridded import Gridded
from symmeter.errors import SymmeterError
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.derivative import DerivativeRun
from symmeter.measuring.execution import announced, run_along
from symmeter.measuring.measure import named_options
from symmeter.measuring.observers import Observer
from symmeter.measuring.plan import Given, Settings, plan_along
from symmeter.models.outputs import Output, parse_output
from symmeter.results.columns import Key
from symmeter.results.numbers import short
from symmeter.results.published import Drawn
from symmeter.results.sheet import WIDTH, Sheet, new_table
from symmeter.results.shown import Shown
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.verbs.arguments import several, word
from symmeter.verbs.verb import verb

DENSITY = "density"


@dataclass(frozen=True, repr=False)
class Maps(Shown, Drawn):
    """Pictures of the error of one sample, an image or a volume, by generator.

    `density[symmetry]` (H, W), of volumes (D, H, W): sum over channels of g (X x), with g the gradient of <L_X f / dim,
    f(x)> at the positions. It adds up to <L_X f, df(X x)> / dim, which for an invariant output is LEE.
    `features[layer][symmetry]` (H', W') or (D', H', W'): root mean square over channels of the layer's Lie derivative.
    `image` (H, W, C) or (D, H, W, C) has values in [0, 1].
    """

    name: str
    image: np.ndarray
    density: Mapping[str, np.ndarray]
    features: Mapping[str, Mapping[str, np.ndarray]]
    unit: str

    @property
    def heading(self) -> str:
        return f"maps of {self.name}"

    def sheet(self, width: int = WIDTH) -> Sheet:
        """How large each picture is, and how bright at most."""
        table = new_table()
        for name in ("symmetry", "picture"):
            table.add_column(name, no_wrap=True)
        for name in ("size", "lowest", "highest"):
            table.add_column(name, justify="right", no_wrap=True)
        pictures = {DENSITY: self.density, **self.features}
        for name, own in pictures.items():
            for symmetry, values in own.items():
                size = "x".join(map(str, values.shape))
                table.add_row(
                    *map(
                        escape, (symmetry, name, size, short(float(values.min())), short(float(values.max())))
                    )
                )
        below = f"{DENSITY}: what each position adds to the error, unit {self.unit}"
        return Sheet(self.heading, tables=[table], legend=[below])


@verb(
    ARGUMENTS, layers=several("names of modules, such as ['layer1', 'layer2:tokens(1+14x14)']", word, least=0)
)
def maps(
    model: Any,
    data: Any,
    symmetry: Any = "translation_x",
    layers: Sequence[str] = (),
    output: str = "softmax",
    definition: Any = "bandlimited",
    device: str | torch.device | None = None,
    seed: int = 0,
    *,
    preprocessing: object = None,
    domain: Any = None,
    **options: Any,
) -> Maps:
    """The error of one sample on a grid as pictures (of many, one drawn under `seed`); `layers` are
    sub-modules, `NAME` or `NAME:ACTION`.

    Arguments as in `symmeter.measure`. Raises SymmeterError for a layer without a grid, and for mistakes as there.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(64, 2)).eval()
    >>> found = maps(net, torch.rand(1, 3, 6, 6), "rotation", layers=["1"], output="logits")
    >>> found.density["rotation"].shape, found.features["1"]["rotation"].shape
    ((6, 6), (4, 4))
    """
    drawn = MapsOfFirst(layers)
    given = Given(data, domain, options=named_options(definition, preprocessing) | options)
    settings = Settings(1, 1, device, seed, False, control=False)
    plan = plan_along(model, given, symmetry, output, settings, "a map")
    if not isinstance(plan.domain, Gridded):
        raise SymmeterError(f"maps are of samples on a grid, and {plan.domain.name} have none")
    done = run_along(plan, drawn)
    announced(done.result(()), done.run.interrupted)
    names = [generator.name for generator in done.run.generators]
    shown = plan.domain.shown(plan.loaded, drawn.x)
    return Maps(
        name=done.run.names[0],
        image=shown[0].movedim(0, -1).cpu().numpy(),
        density=dict(zip(names, drawn.density.cpu().numpy(), strict=True)),
        features={
            layer: dict(zip(names, values.cpu().numpy(), strict=True))
            for layer, values in drawn.features.items()
        },
        unit=done.run.measures[0].unit(done.run.targets[0].quantity, done.run.generators[0]),
    )


class MapsOfFirst(Observer):
    """Draws the maps of the first sample of a run."""

    def __init__(self, layers: Sequence[str]):
        self._outputs = [parse_output(layer) for layer in layers]
        self.features: dict[str, Tensor] = {}
        self.done = False

    def take(self, run: DerivativeRun, x: Tensor, y: Tensor, derivative: Tensor) -> dict[Key, Tensor]:
        """The maps of the first of inputs x (B, C, *sizes), once, from the `derivative` (T, B, ...)."""
        if self.done:
            return {}
        self.done, self.x = True, x[:1]
        self.density = self._density(run, self.x, derivative[:, :1])
        for output in self._outputs:
            self.features[str(output)] = self._feature(run, output, self.x)
        return {}

    @staticmethod
    def _density(run: DerivativeRun, x: Tensor, derivative: Tensor) -> Tensor:
        """(T, *sizes) of one sample x (1, C, *sizes) and its derivative (T, 1, ...)."""
        assert run.pushforward is not None
        tangents = run.rho_in.differentiate_all(run.generators, x)
        with torch.enable_grad(), BackwardRules():
            leaf = x.detach().clone().requires_grad_()
            y = run.pushforward.f(leaf)
        found = []
        for tangent, own in zip(tangents, derivative, strict=True):
            (gradient,) = torch.autograd.grad(y, leaf, own / own[0].numel(), retain_graph=True)
            found.append((gradient * tangent).double().sum((0, 1)))
        return torch.stack(found)

    @staticmethod
    def _feature(run: DerivativeRun, output: Output, x: Tensor) -> Tensor:
        """(T, *sizes) of a layer, for one sample x (1, C, *sizes)."""
        function = run.function_of([output])
        f = lambda z: function(z)[0]
        y = f(x)
        rho = output.representation(y, run.model, run.domain)
        if not isinstance(rho, Grid):
            raise SymmeterError(f"layer {str(output)!r} is {rho.describe()}: only a grid makes a picture")
        _, derivative = lie_derivative(f, x, run.generators, run.rho_in, rho)
        return derivative[:, 0].double().square().mean(rho.channel_axis).sqrt()
