"""Passes in which the tensors at the boundaries of modules are taken down, or exchanged for others."""

from collections.abc import Callable

from torch import Tensor, nn

from symmeter.layers.walk import Call, Slot, Tap, Value, Walk

Function = Callable[[Tensor], Tensor]
Exchange = Callable[[Call, Slot, Tensor], Tensor]


class Recorded(Walk):
    """A pass of which every tensor that crosses a boundary is kept: `values` by slot, `output` of the function."""

    def __init__(self, model: nn.Module, function: Function, x: Tensor):
        super().__init__()
        self.values: dict[Slot, Value] = {}
        self._known: dict[int, tuple[Tensor, int, Value]] = {}
        with self._hooks(model):
            self._pass(self.root, False, 0, x)
            output = function(x)
            self._pass(self.root, True, 0, output)
        self.output = output.detach()
        self._settle()
        self._known.clear()

    def _pass(self, call: Call, outgoing: bool, index: int, tensor: Tensor) -> Tensor:
        slot = Slot(call.layer, call.number, outgoing, index)
        seen, version, value = self._known.get(id(tensor), (None, 0, None))
        if value is None or seen is not tensor or version != tensor._version:
            value = Value(tensor.detach().clone())
            self._known[id(tensor)] = (tensor, tensor._version, value)
        value.slots.append(slot)
        call.end(outgoing).append(Tap(slot, value))
        self.values[slot] = value
        return tensor


class Exchanged(Walk):
    """A pass in which `exchange` says what every tensor at the boundary of a module is replaced by."""

    def __init__(self, model: nn.Module, function: Function, x: Tensor, exchange: Exchange):
        super().__init__()
        self._exchange = exchange
        with self._hooks(model):
            self.output = function(x).detach()

    def _pass(self, call: Call, outgoing: bool, index: int, tensor: Tensor) -> Tensor:
        other = self._exchange(call, Slot(call.layer, call.number, outgoing, index), tensor)
        if other is tensor:
            return tensor
        if tensor.requires_grad:  # a model that differentiates inside needs the way back
            return tensor + (other - tensor).detach()
        return other.clone()
