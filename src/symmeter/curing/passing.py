"""How much of an error passes through each layer, and how much would with another layer in its place.

The deviation of a layer's output h_m (x) is d_m = dh_m (X x) - X h_m: the error that the layer makes, and what came in
from those before it, as it leaves the layer. With g_m the gradient of <z, f(x)> at that output, z = L_X f / dim,
<g_m, d_m> is the part of LEE that passes there. In a chain of layers it is all that was made up to it. Another layer
makes d'_m of what comes in, of which <g_m, d'_m> would pass: as much as the network behind makes of it, which may
hear little of what a low pass takes away.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from symmeter.autodiff.memory import out_of_memory
from symmeter.autodiff.strategies import OneByOne
from symmeter.errors import first_line
from symmeter.layers.contributions import Attribution
from symmeter.layers.patches import Function
from symmeter.layers.walk import Slot, Tap
from symmeter.symmetry.conjugate import lie_derivative, stack
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation

_LEAST = 0.1  # correlation of outputs with what they were, below which first order says nothing
# What may take a layer's place, by the layer and a remedy's text.
Others = Mapping[str, Mapping[str, nn.Module]]


@dataclass(frozen=True)
class Passage:
    """What a layer was first called with, x (b, ...), how that moves with the samples, `pushed` (T, b, ...), and `rho`.

    `out` (b, ...) is its output and `deviation` (T, b, ...) that of it; `norm` takes it as it is.
    """

    x: Tensor
    pushed: Tensor
    rho_in: Representation
    rho_out: Representation
    out: Tensor
    deviation: Tensor
    norm: nn.Module | None

    def through(self, other: nn.Module, generator: Generator, t: int, gradient: Tensor) -> Tensor:
        """What of LEE (b,) passes along generator number t where another layer is here: (s^2 / k) <g, d'>.

        Outputs h' are a part of what they were, h = k h' + u with u not correlated: k = cov(h, h') / var h', channel by
        channel. With deviations it is taken to be so too, d = k d' + u, of which <g, d'> = k |J d'|^2. A norm behind it
        makes h' as wide as h was, s^2 = var h / var h', of what it takes together; without one s = 1. So half of a
        layer passes a quarter, or all of it with a norm behind, and a low pass before one s^2 |J d'|^2.
        """
        function = lambda h: other(h.clone())  # it may change its input in place
        out, (deviation,) = lie_derivative(
            function, self.x, [generator], self.rho_in, self.rho_out, tangents=[self.pushed[t]]
        )
        axes = _together(out, self.norm)
        before, after = (h.double() - h.double().mean(axes, keepdim=True) for h in (self.out, out))
        wide, narrow, common = ((a * b).mean(axes, keepdim=True) for a, b in (
            (before, before), (after, after), (before, after)
        ))  # fmt: skip
        common = common.clamp(min=_LEAST * (wide * narrow).sqrt())
        weight = torch.where(common > 0, (narrow if self.norm is None else wide) / common, 1.0)
        return _products(gradient * weight, deviation)


def _together(h: Tensor, norm: nn.Module | None) -> tuple[int, ...]:
    """The axes of h (b, ...) over which a norm takes the spread: those of a layer norm, else all but the channels."""
    if isinstance(norm, nn.LayerNorm):
        count = len(norm.normalized_shape)
        last = tuple(range(h.ndim - count, h.ndim))
        return last if tuple(h.shape[-count:]) == tuple(norm.normalized_shape) else (1,)  # of maps, timm's
    return tuple(axis for axis in range(h.ndim) if axis != 1)


def _products(gradient: Tensor, deviation: Tensor) -> Tensor:
    """<g, d> for every sample, (b,), of tensors (b, ...)."""
    return (gradient.double() * deviation).flatten(1).sum(1).cpu()


@dataclass
class Passages:
    """Those of some layers, by name, for samples x (b, ...).

    `amounts` (T, b) of LEE pass through a layer, and `kept` (T, b) through what a remedy puts there, by layer and the
    remedy's text. `others` may be set once the layers have been seen; `failed` says what could not be found.
    """

    generators: Sequence[Generator]
    by_layer: dict[str, Passage] = field(default_factory=dict)
    amounts: dict[str, Tensor] = field(default_factory=dict)
    others: Others = field(default_factory=dict)
    kept: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: nn.Module,
        f: Function,
        x: Tensor,
        layers: Mapping[str, nn.Module],
        generators: Sequence[Generator],
        attribution: Attribution,
        rho_in: Representation,
        recalibrate: bool,
    ) -> "Passages":
        """From one pass of forward mode of `f`, which runs `model`; `recalibrate`: batch norm gets new statistics."""
        norms = (nn.LayerNorm, _BatchNorm) if recalibrate else nn.LayerNorm
        ends = _Ends(layers, [one for one in model.modules() if isinstance(one, norms)])

        def inside(x: Tensor) -> dict[str, Tensor]:
            with ends.watched() as found:
                f(x)
            return found

        made = cls(generators)
        values, pushed = OneByOne()(inside, x, stack(rho_in.differentiate_all(generators, x)))
        for name in layers:
            entry, leaving = Slot(name, 0, False, 0), Slot(name, 0, True, 0)
            rho_before, rho_after = attribution.representation(entry), attribution.representation(leaving)
            if rho_before is None or rho_after is None or f"{name} out" not in values:
                continue
            out = values[f"{name} out"]
            deviation = pushed[f"{name} out"] - stack(rho_after.differentiate_all(generators, out))
            before = values[f"{name} in"], pushed[f"{name} in"]
            norm = ends.behind.get(name)
            made.by_layer[name] = Passage(*before, rho_before, rho_after, out, deviation, norm)
            made.amounts[name] = torch.zeros(len(generators), len(x), dtype=torch.float64)
        return made

    def watch(self, t: int, tap: Tap, gradient: Tensor) -> None:
        """Add up what passes along generator t, from the gradient (b, ...) at a tap."""
        layer, passage = tap.slot.layer, self.by_layer.get(tap.slot.layer)
        if passage is None or not tap.slot.outgoing or tap.slot.call or tap.slot.index:
            return
        self.amounts[layer][t] += _products(gradient, passage.deviation[t])
        for text, other in self.others.get(layer, {}).items():
            if f"{text} at {layer}" in self.failed:
                continue
            try:
                amount = passage.through(other, self.generators[t], t, gradient)
            except Exception as error:  # a layer of the user's own
                if out_of_memory(error):
                    raise
                self.failed[f"{text} at {layer}"] = first_line(error)
            else:
                kept = self.kept.setdefault((layer, text), torch.zeros_like(self.amounts[layer]))
                kept[t] += amount


class _Ends:
    """What goes into the first call of some layers, what comes out of it, and which norms take that as it is."""

    def __init__(self, layers: Mapping[str, nn.Module], norms: Sequence[nn.Module]):
        self._layers, self._norms = layers, norms
        self.behind: dict[str, nn.Module] = {}

    @contextmanager
    def watched(self) -> Iterator[dict[str, Tensor]]:
        """Yields a dictionary that fills while layers run, with `NAME in` and `NAME out`: copies, for some change."""
        found: dict[str, Tensor] = {}
        outputs: dict[str, object] = {}
        with ExitStack() as stack:
            for name, layer in self._layers.items():
                for handle in (
                    layer.register_forward_pre_hook(_keeping(found, f"{name} in")),
                    layer.register_forward_hook(_keeping(found, f"{name} out")),
                    layer.register_forward_hook(_noting(outputs, name)),
                ):
                    stack.callback(handle.remove)
            for norm in self._norms:
                stack.callback(norm.register_forward_pre_hook(self._taking(outputs)).remove)
            yield found

    def _taking(self, outputs: Mapping[str, object]) -> Callable[..., None]:
        """A hook that knows the layer whose output a norm is given."""

        def hook(norm: nn.Module, given: tuple[object, ...]) -> None:
            self.behind |= {name: norm for name, out in outputs.items() if given and out is given[0]}

        return hook


def _noting(outputs: dict[str, object], name: str) -> Callable[..., None]:
    """A hook that takes down the very output that it is shown, the first time; what it returned would replace it."""

    def hook(layer: nn.Module, given: object, output: object) -> None:
        outputs.setdefault(name, output)

    return hook


def _keeping(found: dict[str, Tensor], name: str) -> Callable[..., None]:
    """A hook that keeps the last tensor that it is shown, the first time."""

    def hook(layer: nn.Module, *shown: object) -> None:
        last = shown[-1]
        tensor = last[0] if isinstance(last, tuple) and len(last) == 1 else last
        if name not in found and isinstance(tensor, Tensor):
            found[name] = tensor.clone()

    return hook
