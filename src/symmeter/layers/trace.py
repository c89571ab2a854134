"""One forward pass with every call of every module taken down: what went in, what came out, and their gradients.

Each tensor that crosses a module's boundary passes a `Tap`. A module gets its own alias of each input and hands an
alias of each output on, so that the gradient at a tap is the gradient through that module only. Where a tensor is
changed in place the alias is a copy; a first pass (the scout) finds out where that is.
"""

import enum
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from symmeter.autodiff.backward_rules import BackwardRules
from symmeter.models.pure_function import inputs_are_owned

Sink = Callable[["Tap", Tensor], None]
Structure = TypeVar("Structure")  # tensors in tuples and dictionaries, passed on as they came


class Slot(NamedTuple):
    """Where a tap sits: the n-th tensor into (or out of) the k-th call of a module. The same in every pass."""

    layer: str
    call: int
    outgoing: bool
    index: int


@dataclass(eq=False)
class Value:
    """The content of a tensor when it crossed a boundary; taps that saw the same tensor share it."""

    data: Tensor
    slots: list[Slot] = field(default_factory=list)


@dataclass(eq=False)
class Tap:
    """A tensor that depends on the input, at the boundary of a call."""

    slot: Slot
    value: Value


@dataclass(eq=False)
class Call:
    """One call of one module. `opaque` names what the taps cannot see: tensors inside foreign objects."""

    layer: str
    number: int
    module: nn.Module | None
    parent: "Call | None"
    order: int
    inputs: list[Tap] = field(default_factory=list)
    outputs: list[Tap] = field(default_factory=list)
    opaque: str = ""
    complete: bool = False

    @property
    def taps(self) -> list[Tap]:
        """Inputs and outputs."""
        return self.inputs + self.outputs


@dataclass(eq=False)
class _Line:
    """Where gradients go at present. Hooks hold this and not the trace, whose graph would then never be freed."""

    sink: Sink | None = None


class Copies(enum.Enum):
    """Which aliases are copies, when not only the slots that a scout found."""

    ALL = "all"


class Trace:
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
        self._copies = copies
        self._observe = observe
        self._known: dict[int, tuple[Tensor, int, Value]] = {}
        self._handed: list[tuple[Slot, Tensor, int]] = []
        self._counts: dict[str, int] = {}
        self._line = _Line()
        self.root = Call("", 0, None, None, 0, complete=True)
        self.calls = [self.root]
        self._stack = [self.root]
        self._x = x.detach().clone().requires_grad_()
        with torch.enable_grad(), self._hooks(model), BackwardRules(), inputs_are_owned():
            inside = self._pass(self.root, False, 0, self._x)
            output = function(inside)
            self._pass(self.root, True, 0, output)
        self.output = output
        changed = frozenset(slot for slot, tensor, version in self._handed if tensor._version != version)
        self.changed = changed if copies is Copies.ALL else changed - copies
        self._settle()

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

    def _settle(self) -> None:
        """Drop calls that did not come to their end, and hang their children on the call around them."""
        for call in self.calls:
            while call.parent is not None and not call.parent.complete:
                call.parent = call.parent.parent
        self.calls = [call for call in self.calls if call.complete]
        self._known.clear()
        self._handed.clear()

    @contextmanager
    def _hooks(self, model: nn.Module) -> Iterator[None]:
        with ExitStack() as stack:
            for name, module in model.named_modules():
                if name and not isinstance(module, torch.jit.ScriptModule):
                    before = module.register_forward_pre_hook(self._entering(name), with_kwargs=True)
                    stack.callback(before.remove)
                    after = module.register_forward_hook(self._leaving(name), with_kwargs=True)
                    stack.callback(after.remove)
            yield

    def _entering(self, name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
            number = self._counts.get(name, 0)
            self._counts[name] = number + 1
            call = Call(name, number, module, self._stack[-1], len(self.calls))
            self.calls.append(call)
            self._stack.append(call)
            return self._through(call, False, (args, kwargs))

        return hook

    def _leaving(self, name: str) -> Callable:
        def hook(module: nn.Module, args: tuple, kwargs: dict, output: object) -> object:
            while self._stack[-1].layer != name:  # calls inside that ended in an exception the model caught
                self._stack.pop()
            call = self._stack.pop()
            call.complete = True
            return self._through(call, True, output)

        return hook

    def _through(self, call: Call, outgoing: bool, values: Structure) -> Structure:
        """Values with every tensor passed through a tap."""
        leaves, structure = pytree.tree_flatten(values)
        for i, leaf in enumerate(leaves):
            if isinstance(leaf, Tensor):
                leaves[i] = self._pass(call, outgoing, i, leaf)
            elif not _plain(leaf):
                call.opaque = call.opaque or type(leaf).__name__
        return pytree.tree_unflatten(leaves, structure)

    def _pass(self, call: Call, outgoing: bool, index: int, tensor: Tensor) -> Tensor:
        """Take a tensor down and hand on an alias of it; one that does not depend on the input passes freely."""
        if not tensor.requires_grad or not tensor.is_floating_point():
            return tensor
        slot = Slot(call.layer, call.number, outgoing, index)
        tap = Tap(slot, self._value(slot, tensor))
        (call.outputs if outgoing else call.inputs).append(tap)
        if self._observe is not None:
            self._observe(tap, tensor)
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
            data = tensor.detach()
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
                line.sink(tap, gradient)

        tensor.register_hook(hook)


def _plain(leaf: object) -> bool:
    """Whether a value that is no tensor surely holds none."""
    plain = bool | int | float | complex | str | bytes | torch.dtype | torch.device | None
    return isinstance(leaf, plain)
