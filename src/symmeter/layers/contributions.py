"""Contributions of modules to the equivariance error, from ordinary backward passes.

With g_h the gradient of <z, f(x)> at activation h and phi(h) = <g_h, X h>, a module's contribution is

    c_m(z) = sum over inputs of phi, gradient through m only  -  sum over outputs of phi  =  <z, df_after L_X m>.

Neighbours share their tensors, so contributions add up: a parent is its children plus what lies between them (its
functional remainder, `glue` in a row), and the root is <z, L_X f(x)>. The gradient does not depend on X: one backward
pass serves every generator.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from symmeter.autodiff.memory import available_bytes
from symmeter.domain import Domain
from symmeter.layers.fitted import Fitted, Setting
from symmeter.layers.layouts import Layouts
from symmeter.layers.pairings import Pairings
from symmeter.layers.probes import SquaredNorm, probes
from symmeter.layers.trace import Copies, Trace
from symmeter.layers.tree import Tree, grow
from symmeter.layers.walk import Call, Slot, Tap
from symmeter.symmetry.groups.basis import Basis
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.tracker import Tracker
from symmeter.trees import unpacking_watched

Watch = Callable[[int, Tap, Tensor], None]
_FIRST, _STEP = 0.4, 0.2  # how far generators move what is inside of a network, to see how it is moved
_MEMORY_SHARE = 0.25  # of what is free, for what pairings keep from one backward pass to the next
_RECENT = 4  # gradients remembered: neighbouring taps get the very same one


@dataclass(frozen=True)
class Contributions:
    """What the parts contribute to the errors of some images; parts as in the tree, float64.

    `values` (T, parts, B): z = L_X f(x) / dim, in the unit of LEE. `norms` (T, parts, B): ||df_after L_X m||^2
    and `variances`, that of the estimate of each norm; None where none were asked for.
    """

    values: Tensor
    norms: Tensor | None
    variances: Tensor | None

    def first(self, count: int) -> "Contributions":
        """Of its images the first `count`."""
        cut = lambda tensor: None if tensor is None else tensor[..., :count]
        return Contributions(self.values[..., :count], cut(self.norms), cut(self.variances))

    @staticmethod
    def joined(chunks: Sequence["Contributions"]) -> "Contributions":
        """Several chunks as one."""
        join = lambda tensors: None if tensors[0] is None else torch.cat(tensors, -1)
        values = torch.cat([chunk.values for chunk in chunks], -1)
        norms = join([chunk.norms for chunk in chunks])
        variances = join([chunk.variances for chunk in chunks])
        return Contributions(values, norms, variances)


class Attribution:
    """Attributes the error of `function` (which runs `model`) to the calls of its modules.

    A first pass on `x` (B, ...), the scout, finds the calls, the layouts of their tensors, and what is changed in
    place. It is of two images, or as many as the model takes, and of the function `together` where `function` takes
    them one by one.
    """

    def __init__(
        self,
        model: nn.Module,
        function: Callable[[Tensor], Tensor],
        x: Tensor,
        symmetry: Symmetry,
        domain: Domain,
        layouts: Layouts,
        together: Callable[[Tensor], Tensor] | None = None,
    ):
        rho_in, rho_out = symmetry.rho_in, symmetry.rho_out
        assert rho_in is not None
        assert rho_out is not None
        self.model, self.function, self.generators = model, function, symmetry.generators
        self._basis = Basis.of(symmetry.generators)
        self._rho: dict[Slot, Representation] = {}
        self._calls: list[Call] = []  # those found by trying, with what does not depend on the inputs
        rho_in = rho_in.fitted(x)
        setting = Setting(model, together or function, rho_in, rho_out, domain, layouts)
        if domain.tracker(x) is not None:
            scout = self._follow(setting, x)
        else:
            scout = self._try(setting, x)
        self._copies = scout.changed
        for ends, rho in ((scout.root.inputs, rho_in), (scout.root.outputs, rho_out)):
            for tap in ends:
                self._rho.update(dict.fromkeys(tap.value.slots, rho))
        self.tree: Tree = grow(self._calls or scout.calls, set(self._rho))
        self.closed = bool(scout.root.outputs)  # False: torch sees no way from the output back to the input

    def _follow(self, setting: Setting, x: Tensor) -> Trace:
        """A pass over x (B, ...) in which axes are followed from the inputs on."""
        modules = dict(setting.model.named_modules())
        pair = x.clone().requires_grad_()
        own = setting.domain.tracker(pair)
        assert own is not None
        with torch.enable_grad(), own as tracker, _entering(setting.rho_in, tracker):

            def observe(tap: Tap, tensor: Tensor) -> None:
                slot = tap.slot
                module = modules.get(slot.layer)
                told = setting.layouts.representation(slot.layer, module, slot.outgoing, tensor)
                found = tracker.representation(tensor)
                if told is not None and found is None:
                    tracker.learn(tensor, told)
                rho = told or found
                if rho is not None:
                    self._rho[slot] = rho

            return Trace(setting.model, setting.function, pair, observe=observe)

    def _try(self, setting: Setting, x: Tensor) -> Trace:
        """A pass over x (B, ...), after it was seen what the generators together do to what is inside."""
        moved = [generator.exp(_FIRST + _STEP * i) for i, generator in enumerate(self.generators)]
        fitted = Fitted(setting, x, moved, by_sample=True)
        self._rho |= fitted.rho
        self._rho |= {tap.slot: setting.rho_in for tap in fitted.calls[0].inputs}
        self._rho |= {tap.slot: setting.rho_out for tap in fitted.calls[0].outputs}
        self._calls = fitted.calls
        return Trace(setting.model, setting.function, x)

    def __call__(
        self, x: Tensor, derivative: Tensor, probe_count: int, seed: int, watch: Watch | None = None
    ) -> Contributions:
        """Contributions (and norms) of images x (B, ...) whose Lie derivatives are (T, B, ...).

        `watch(t, tap, gradient)` sees every gradient that contributions along generator t are made of.
        """
        trace = self._trace(x)
        cotangents = derivative / derivative[0, 0].numel()
        passes = len(self._basis.generators) + probe_count
        pairings = Pairings(_MEMORY_SHARE * (available_bytes(x.device) or 0) if passes > 1 else 0)
        if watch is None:
            values = self._by_basis(trace, cotangents, pairings)
        else:
            columns = []
            for i, generator in enumerate(self.generators):
                columns.append(
                    self._backward(trace, cotangents[i], (generator,), pairings, partial(watch, i))[0]
                )
            values = torch.stack(columns)
        norms = variances = None
        if probe_count:
            norm = SquaredNorm()
            draw = torch.Generator().manual_seed(seed)
            for probe in probes(trace.output.detach(), probe_count, draw):
                found = self._backward(trace, probe.cotangent, self._basis.generators, pairings)
                norm.add(self._basis.combined(found), probe.random)
            norms, variances = norm.value, norm.variance
        return Contributions(values, norms, variances)

    def _by_basis(self, trace: Trace, cotangents: Tensor, pairings: Pairings) -> Tensor:
        """Contributions (T, parts, B) by cotangents (T, B, ...), from those c_kl of a basis along another: c a a."""
        generators, coefficients = self._basis.generators, self._basis.coefficients
        own = [self.generators.index(generator) for generator in generators]
        pairs = torch.stack([self._backward(trace, cotangents[i], generators, pairings) for i in own])
        weights = coefficients.to(pairs)
        return torch.einsum("tk,tl,kl...->t...", weights, weights, pairs)

    def representation(self, slot: Slot) -> Representation | None:
        """How the symmetry acts on what crosses there; None where that is not known."""
        return self._rho.get(slot)

    def representations(self, layer: str) -> list[Representation]:
        """How the symmetry acts on all that goes in and out of the first call of a module."""
        return [rho for slot, rho in self._rho.items() if slot.layer == layer and slot.call == 0]

    def _trace(self, x: Tensor) -> Trace:
        """A pass over images x (B, ...)."""
        trace = Trace(self.model, self.function, x, self._copies)
        if trace.changed:  # changed in place where the scout saw no change
            trace = Trace(self.model, self.function, x, Copies.ALL)
        return trace

    def _backward(
        self,
        trace: Trace,
        cotangent: Tensor,
        generators: Sequence[Generator],
        pairings: Pairings,
        watch: Callable[[Tap, Tensor], None] | None = None,
    ) -> Tensor:
        """c(z) of every part along some generators, (T', parts, B), for a cotangent z (B, ...)."""
        index = self.tree.index
        sums = torch.zeros(
            len(index), len(generators), len(cotangent), dtype=torch.float64, device=cotangent.device
        )
        recent: list[tuple[Tensor, Representation, Tensor, Tensor]] = []

        def sink(tap: Tap, gradient: Tensor) -> None:
            i = index.get((tap.slot.layer, tap.slot.call))
            rho = self._rho.get(tap.slot)
            if i is None or rho is None:
                return
            if watch is not None:
                watch(tap, gradient)
            data = tap.value.data
            phi = _find(recent, data, rho, gradient)
            if phi is None:
                phi = pairings.of(tap.value, rho)(generators, gradient)
                recent.append((data, rho, gradient, phi))
                del recent[:-_RECENT]
            if tap.slot.outgoing:
                sums[i] -= phi
            else:
                sums[i] += phi

        trace.backward(cotangent, sink)
        return self.tree.contributions(sums).transpose(0, 1)


def _find(
    recent: list[tuple[Tensor, Representation, Tensor, Tensor]],
    data: Tensor,
    rho: Representation,
    gradient: Tensor,
) -> Tensor | None:
    """phi (T, B) of the same tensor of any shape under the same gradient, where it was computed just now."""
    for seen, how, other, phi in recent:
        if seen is data and how == rho and _are_same(other, gradient):
            return phi
    return None


def _are_same(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors of any shape are the same piece of memory, unchanged."""
    if a is b:
        return True
    same_place = a.data_ptr() == b.data_ptr() and a.shape == b.shape and a.stride() == b.stride()
    return same_place and a._version == b._version


def _entering(rho: Representation, tracker: Tracker) -> AbstractContextManager:
    """While it lasts, the tracker knows each of several inputs where it is taken from the others."""
    if not isinstance(rho, Packed):
        return nullcontext()

    def learn(parts: list[Tensor]) -> None:
        for part, own in zip(parts, rho.representations, strict=True):
            tracker.learn(part, own)

    return unpacking_watched(learn)
