"""The one place where a user's model is called."""

import contextlib
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from symmeter.errors import SymmeterWarning, shortened
from symmeter.models.ambient import neutral
from symmeter.models.behind import Behind, unwrapped
from symmeter.models.state import State

Returned = Any  # what a model returns, of whatever form

_OWNED = threading.local()


@contextlib.contextmanager
def inputs_are_owned() -> Iterator[None]:
    """While it lasts, in this thread, inputs need no copy: whoever calls has made one and follows it."""
    before = getattr(_OWNED, "yes", False)
    _OWNED.yes = True
    try:
        yield
    finally:
        _OWNED.yes = before


class PureFunction:
    """A model as a function of its input alone, on `device` and with floating parameters in `dtype`.

    Every call gets a copy of its input and of what the model writes to, and leaves behind nothing: parameters, buffers,
    attributes and what these hold are what they were. What the model says of gradients has no effect (see `neutral`).
    Layers without weights yet (lazy ones) are filled by the first call, for good, as any first call does.

    >>> net = nn.Sequential(nn.ReLU(inplace=True))
    >>> x = torch.tensor([-1.0])
    >>> PureFunction(net, x.device, x.dtype)(x), x
    (tensor([0.]), tensor([-1.]))
    """

    def __init__(self, model: nn.Module, device: torch.device, dtype: torch.dtype):
        self._device, self._dtype, self._model = device, dtype, model
        self._compiled = any(hasattr(module, "_orig_mod") for module in model.modules())
        self._prepared: _Prepared | None = None

    def __call__(self, x: Tensor) -> Returned:
        """What the model makes of inputs x (B, ...)."""
        return self._run(self.prepare(x), x)

    @property
    def converts(self) -> bool:
        """Whether it has parameters or buffers that can be given another type."""
        return any(tensor.is_floating_point() for _, tensor in _all_tensors(self._model))

    def prepare(self, x: Tensor) -> "_Prepared":
        """What comes before the first call, on inputs x (B, ...), and what is known from then on."""
        if self._prepared is None:
            self._prepared, _ = self._begin(x)
        return self._prepared

    def first(self, x: Tensor) -> Returned:
        """The same as a call on inputs x (B, ...), and no second one where it is what `prepare` has to do anyway."""
        if self._prepared is not None:
            return self(x)
        self._prepared, returned = self._begin(x)
        return returned

    def twin(self, dtype: torch.dtype) -> "PureFunction":
        """The same model in another precision; what is known of it is shared."""
        other = PureFunction(self._model, self._device, dtype)
        known = self._prepared
        if known is not None:
            other._prepared = replace(known, tensors=other._gather(known.native))
        return other

    def _begin(self, x: Tensor) -> tuple["_Prepared", Returned]:
        """Fill lazy layers, take down the state, and find out how the model takes x (B, ...) and what a call writes to.

        A model that casts to a type of its own inside cannot be converted: its parameters then stay what they are.
        """
        model = self._model
        _fill(model, x)
        modules, functions = list(model.modules()), []
        for module in list(modules):
            if isinstance(module, Behind):
                modules += module.inner()
                functions.append(module.function)
        wrappers = [module for module in modules if unwrapped(module) is not module]
        state = State(modules, [*functions, *_functions(modules)])
        try:
            return self._tried(x, state, wrappers, native=False)
        except Exception as failed:
            if {parameter.dtype for parameter in _floating(model)} <= {self._dtype}:
                raise
            with contextlib.suppress(Exception):
                return self._tried(x, state, wrappers, native=True)
            raise failed

    def _tried(
        self, x: Tensor, state: State, wrappers: list[nn.Module], native: bool
    ) -> tuple["_Prepared", Returned]:
        """How the model is called, after a call on x (B, ...) with copies of all tensors: to see what it writes to.

        And what that call returned.
        """
        tensors = self._gather(native)
        clones = {name: tensor.clone() for name, tensor in tensors.items()}
        returned = self._run(_Prepared(state, wrappers, clones, native), x)
        written = {name for name, clone in clones.items() if clone._version > 0}  # each began with 0
        return _Prepared(state, wrappers, tensors, native, frozenset(written)), returned

    def _gather(self, native: bool) -> dict[str, Tensor]:
        """Parameters and buffers by name, detached; the model's own memory where nothing has to be converted."""
        found = {}
        for name, tensor in _all_tensors(self._model):
            if is_lazy(tensor):
                continue
            dtype = self._dtype if tensor.is_floating_point() and not native else None
            found[name] = tensor.detach().to(device=self._device, dtype=dtype)
            if tensor.is_inference():  # what inference mode made cannot be differentiated
                found[name] = found[name].clone()
        return found

    def _run(self, prepared: "_Prepared", x: Tensor) -> Returned:
        """One call on x (B, ...), after which everything is put back."""
        hooks = prepared.state.hooks()
        try:
            with neutral(), self._eager():
                owned = x if getattr(_OWNED, "yes", False) else x.clone()
                for wrapper in prepared.wrappers:  # not by setattr, which would make it a sub-module twice
                    wrapper.__dict__["forward"] = unwrapped(wrapper)
                return functional_call(self._model, prepared.own_tensors(), (owned,))
        except SystemExit as error:
            raise RuntimeError(f"SystemExit({error.code!r}): the model wanted to end the program") from error
        finally:
            for wrapper in prepared.wrappers:
                wrapper.__dict__.pop("forward", None)  # not there where the call failed before
            prepared.state.unhook(hooks)
            prepared.state.restore()

    def _eager(self) -> contextlib.AbstractContextManager:
        """A compiled network as it was written: what is compiled knows of no hooks and of no modes."""
        return torch.compiler.set_stance("force_eager") if self._compiled else contextlib.nullcontext()


@dataclass(frozen=True)
class _Prepared:
    """What is known of a model that has been called once.

    `tensors`, of any shape, take the place of its parameters and buffers; with `native` they are in the model's own
    types, for it casts by itself. `written` names those that a call writes to. `wrappers` are the modules that only
    pass on to another.
    """

    state: State
    wrappers: list[nn.Module]
    tensors: dict[str, Tensor]
    native: bool
    written: frozenset[str] = frozenset()

    def own_tensors(self) -> dict[str, Tensor]:
        """The tensors for one call: copies of those that it writes to."""
        copies = {name: self.tensors[name].clone() for name in self.written}
        return self.tensors | copies


def _all_tensors(model: nn.Module) -> list[tuple[str, Tensor]]:
    """Parameters and buffers with their names."""
    return [*model.named_parameters(), *model.named_buffers()]


def _floating(model: nn.Module) -> list[Tensor]:
    """The parameters in floating point that have values, of any shape."""
    return [p for p in model.parameters() if not is_lazy(p) and p.is_floating_point()]


def _functions(modules: Iterable[nn.Module]) -> list[Callable]:
    """Callables without modules that a module around them calls: they may keep something too."""
    held = [vars(module).get("model") for module in modules]
    return [function for function in held if not isinstance(function, nn.Module | None)]


def _fill(model: nn.Module, x: Tensor) -> None:
    """Give lazy layers their weights, by a pass of one of the inputs x (B, ...) in the model's own precision."""
    names = [name for name, tensor in _all_tensors(model) if is_lazy(tensor)]
    if not names:
        return
    default = torch.empty(0, device=x.device, dtype=torch.get_default_dtype())
    like = next(iter(_floating(model)), default)
    model(x[:1].detach().clone().to(like))
    warnings.warn(
        f"{len(names)} parameters had no values yet and were filled by a first pass of one image: {shortened(names)}",
        SymmeterWarning,
        stacklevel=2,
    )
