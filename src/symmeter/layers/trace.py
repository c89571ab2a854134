"""One forward pass with every call of every module taken down: what went in, what came out, and their gradients.

Each tensor that crosses a module's boundary passes a `Tap`. A module gets its own alias of each input and hands an
alias of each output on, so that the gradient at a tap is the gradient through that module only. Where a tensor is
changed in place the alias is a copy; a first pass (the scout) finds out where that is. A complex tensor is taken down
as its real and imaginary parts on a last axis.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from symmeter.autodiff.backward_rules import BackwardRules
from symmeter.layers.walk import Call, Slot, Tap, Value, Walk
from symmeter.models.pure_function import inputs_are_owned

Sink = Callable[[Tap, Tensor], None]


@dataclass(eq=False)
class _Line:
    """Where gradients go at present. Hooks hold this and not the trace, whose graph would then never be freed."""

    sink: Sink | None = None


class Copies(enum.Enum):
    """Which aliases are copies, when not only the slots that a scout found."""

    ALL = "all"


class Trace(Walk):
    """The calls of one forward pass of `function`, which runs `model`; `backward` sends gradients to a sink.

    `copies` are the slots whose tensors are changed in place later on: what `changed` holds after a pass with all
    copied. After a pass with some copied `changed` must be empty; else gradients are not to be trusted.
    The root call stands for the whole function: `x` in, its output out. `observe(tap, tensor)` sees every tensor as
    it passes. The graph lives as long as the trace.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> trace = Trace(net, net, torch.ones(1, 2))
    >>> [(call.layer, len(call.inputs), len(call.outputs)) for call in trace.calls]
    [('', 1, 1), ('0', 1, 1), ('1', 1, 1)]
    """

    def __init__(
        self,
        model: nn.Module,
        function: Callable[[Tensor], Tensor],
        x: Tensor,
        copies: Copies | frozenset[Slot] = Copies.ALL,
        observe: Callable[[Tap, Tensor], None] | None = None,
    ):
        super().__init__()
        self._copies = copies
        self._observe = observe
        self._known: dict[int, tuple[Tensor, int, Value]] = {}
        self._handed: list[tuple[Slot, Tensor, int]] = []
        self._line = _Line()
        self._x = x.detach().clone().requires_grad_()
        with torch.enable_grad(), self._hooks(model), BackwardRules(), inputs_are_owned():
            inside = self._pass(self.root, False, 0, self._x)
            output = function(inside)
            self._pass(self.root, True, 0, output)
        self.output = output
        changed = frozenset(slot for slot, tensor, version in self._handed if tensor._version != version)
        self.changed = changed if copies is Copies.ALL else changed - copies
        self._settle()
        self._known.clear()
        self._handed.clear()

    def backward(self, cotangent: Tensor, sink: Sink) -> None:
        """Send the gradient of <cotangent, output> at every tap to `sink(tap, gradient)`, from the last to the first.

        A tap that no gradient reaches is not sent; the graph is kept for the next cotangent.
        """
        self._line.sink = sink
        try:
            if self.output.requires_grad:
                self.output.backward(cotangent, retain_graph=True, inputs=[self._x])
        finally:
            self._line.sink = None
            self._x.grad = None

    def _pass(self, call: Call, outgoing: bool, index: int, tensor: Tensor) -> Tensor:
        """Take a tensor down and hand on an alias of it; one that does not depend on the input passes freely."""
        if not tensor.requires_grad or not (tensor.is_floating_point() or tensor.is_complex()):
            return tensor
        slot = Slot(call.layer, call.number, outgoing, index)
        tap = Tap(slot, self._value(slot, tensor))
        (call.outputs if outgoing else call.inputs).append(tap)
        if self._observe is not None:
            self._observe(tap, _parts(tensor))
        if outgoing:
            self._listen(tap, tensor)
        alias = tensor.clone() if self._copied(slot) else tensor.view_as(tensor)
        if not outgoing:
            self._listen(tap, alias)
        self._handed.append((slot, alias, alias._version))
        self._known[id(alias)] = (alias, alias._version, tap.value)
        return alias

    def _copied(self, slot: Slot) -> bool:
        return self._copies is Copies.ALL or slot in self._copies

    def _value(self, slot: Slot, tensor: Tensor) -> Value:
        """The content of a tensor of any shape, the same for all slots that see it unchanged."""
        value = self._known_value(tensor)
        if value is None:
            data = _parts(tensor.detach())
            # a pass that is only observed needs no contents afterwards
            value = Value(data.clone() if self._copied(slot) and self._observe is None else data)
            if self._copies is Copies.ALL or slot not in self._copies:
                self._handed.append((slot, tensor, tensor._version))
            self._known[id(tensor)] = (tensor, tensor._version, value)
        value.slots.append(slot)
        return value

    def _known_value(self, tensor: Tensor) -> Value | None:
        """What was taken down of a tensor of any shape that has not been changed since."""
        seen, version, value = self._known.get(id(tensor), (None, 0, None))
        return value if seen is tensor and version == tensor._version else None

    def _listen(self, tap: Tap, tensor: Tensor) -> None:
        line = self._line

        def hook(gradient: Tensor) -> None:
            if line.sink is not None:
                line.sink(tap, _parts(gradient))

        tensor.register_hook(hook)


def _parts(tensor: Tensor) -> Tensor:
    """A complex tensor (...) as (..., 2), for which <gradient, tangent> is the sum over both; any other as it is."""
    return torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor
