"""How much of an error passes through each layer, from one more pass of forward mode.

The deviation of a layer's output h_m (x) is d_m = dh_m (X x) - X h_m: the error that the layer makes, and what came in
from those before it, as it leaves the layer. With g_m the gradient of <z, f(x)> at that output, z = L_X f / dim,
<g_m, d_m> is the part of LEE that passes there. In a chain of layers it is all that was made up to it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from symmeter.autodiff.strategies import OneByOne
from symmeter.layers.contributions import Attribution
from symmeter.layers.patches import Function
from symmeter.layers.walk import Slot, Tap
from symmeter.symmetry.conjugate import lie_derivative, stack
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation


@dataclass(frozen=True)
class Passage:
    """What a layer was first called with, x (b, ...), how that moves with the samples, `pushed` (T, b, ...), and `rho`.

    `deviation` (T, b, ...) is that of its output.
    """

    layer: nn.Module
    x: Tensor
    pushed: Tensor
    rho_in: Representation
    rho_out: Representation
    deviation: Tensor

    def left(self, other: nn.Module, generators: Sequence[Generator]) -> Tensor:
        """What is left of the mean square of its deviation, (T,), where another layer takes its place."""
        function = lambda h: other(h.clone())  # it may change its input in place
        _, deviation = lie_derivative(
            function, self.x, generators, self.rho_in, self.rho_out, tangents=list(self.pushed)
        )
        own, others = (d.double().square().flatten(1).mean(1) for d in (self.deviation, deviation))
        return torch.where(own > 0, others / own, torch.ones_like(own))


class Passages:
    """Those of some layers, for samples x (b, ...) that `f`, which runs `model`, takes."""

    def __init__(
        self,
        model: nn.Module,
        f: Function,
        x: Tensor,
        layers: Mapping[str, nn.Module],
        generators: Sequence[Generator],
        attribution: Attribution,
        rho_in: Representation,
    ):
        self.by_layer: dict[str, Passage] = {}
        self.amounts: dict[str, Tensor] = {}  # of LEE, (T, b), that passes through a layer
        ends = _Ends(layers)

        def inside(x: Tensor) -> dict[str, Tensor]:
            with ends.watched() as found:
                f(x)
            return found

        values, pushed = OneByOne()(inside, x, stack(rho_in.differentiate_all(generators, x)))
        for name, layer in layers.items():
            entry, leaving = Slot(name, 0, False, 0), Slot(name, 0, True, 0)
            rho_before, rho_after = attribution.representation(entry), attribution.representation(leaving)
            if rho_before is None or rho_after is None or f"{name} out" not in values:
                continue
            out = values[f"{name} out"]
            deviation = pushed[f"{name} out"] - stack(rho_after.differentiate_all(generators, out))
            before = values[f"{name} in"], pushed[f"{name} in"]
            self.by_layer[name] = Passage(layer, *before, rho_before, rho_after, deviation)
            self.amounts[name] = torch.zeros(len(generators), len(x), dtype=torch.float64)

    def watch(self, t: int, tap: Tap, gradient: Tensor) -> None:
        """Add up what passes along generator t, from the gradient (b, ...) at a tap."""
        passage = self.by_layer.get(tap.slot.layer)
        if passage is None or not tap.slot.outgoing or tap.slot.call or tap.slot.index:
            return
        products = (gradient.double() * passage.deviation[t]).flatten(1).sum(1)
        self.amounts[tap.slot.layer][t] += products.cpu()


class _Ends:
    """What goes into the first call of some layers, and what comes out of it."""

    def __init__(self, layers: Mapping[str, nn.Module]):
        self._layers = layers

    @contextmanager
    def watched(self) -> Iterator[dict[str, Tensor]]:
        """Yields a dictionary that fills while layers run, with `NAME in` and `NAME out`: copies, for some change."""
        found: dict[str, Tensor] = {}
        with ExitStack() as stack:
            for name, layer in self._layers.items():
                for handle in (
                    layer.register_forward_pre_hook(_keeping(found, f"{name} in")),
                    layer.register_forward_hook(_keeping(found, f"{name} out")),
                ):
                    stack.callback(handle.remove)
            yield found


def _keeping(found: dict[str, Tensor], name: str) -> Callable[..., None]:
    """A hook that keeps the last tensor that it is shown, the first time."""

    def hook(layer: nn.Module, *shown: object) -> None:
        last = shown[-1]
        tensor = last[0] if isinstance(last, tuple) and len(last) == 1 else last
        if name not in found and isinstance(tensor, Tensor):
            found[name] = tensor.clone()

    return hook
