"""The one place where a user's model is called."""

import contextlib
import threading
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.parameter import is_lazy

from symmeter.errors import SymmeterWarning, shortened
from symmeter.models.ambient import neutral
from symmeter.models.behind import Behind, unwrapped
from symmeter.models.state import State

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


class Call:
    """A model as a function of its input alone, on `device` and with floating parameters in `dtype`.

    Every call gets a copy of its input and of what the model writes to, and leaves behind nothing: parameters, buffers,
    attributes and what these hold are what they were. What the model says of gradients has no effect (see `neutral`).
    Layers without weights yet (lazy ones) are filled by the first call, for good, as any first call does.

    >>> net = nn.Sequential(nn.ReLU(inplace=True))
    >>> x = torch.tensor([-1.0])
    >>> Call(net, x.device, x.dtype)(x), x
    (tensor([0.]), tensor([-1.]))
    """

    def __init__(self, model: nn.Module, device: torch.device, dtype: torch.dtype):
        self._device, self._dtype, self._model = device, dtype, model
        self._tensors: dict[str, Tensor] | None = None
        self._written: frozenset[str] = frozenset()
        self._state: State | None = None
        self._wrappers: list[nn.Module] = []
        self._compiled = any(hasattr(module, "_orig_mod") for module in model.modules())
        self._native = False  # parameters stay in the model's own types, for it casts by itself

    def __call__(self, x: Tensor) -> Any:
        self.prepare(x)
        assert self._state is not None
        hooks = self._state.hooks()
        try:
            with neutral(), self._eager():
                return self._run(x if getattr(_OWNED, "yes", False) else x.clone())
        except SystemExit as error:
            raise RuntimeError(f"SystemExit({error.code!r}): the model wanted to end the program") from error
        finally:
            for wrapper in self._wrappers:
                wrapper.__dict__.pop("forward", None)  # not there where the call failed before
            self._state.unhook(hooks)
            self._state.restore()

    def _eager(self) -> contextlib.AbstractContextManager:
        """A compiled network as it was written: what is compiled knows of no hooks and of no modes."""
        return torch.compiler.set_stance("force_eager") if self._compiled else contextlib.nullcontext()

    def prepare(self, x: Tensor) -> None:
        """What comes before the first call; nothing afterwards."""
        if self._state is None:
            self._begin(x)

    def twin(self, dtype: torch.dtype) -> "Call":
        """The same model in another precision; what is known of it is shared."""
        other = Call(self._model, self._device, dtype)
        other._state, other._wrappers, other._written = self._state, self._wrappers, self._written
        other._native = self._native
        if self._state is not None:
            other._tensors = other._gather(self._native)
        return other

    def _begin(self, x: Tensor) -> None:
        """Fill lazy layers, take down the state, and find out how the model is called and what a call writes to.

        A model that casts to a type of its own inside cannot be converted: its parameters then stay what they are.
        """
        model = self._model
        _fill(model, x)
        modules = list(model.modules())
        hidden = [module for module in modules if isinstance(module, Behind)]
        modules += [part for behind in hidden for original in behind.originals for part in original.modules()]
        self._wrappers = [module for module in modules if unwrapped(module) is not module]
        self._state = State(modules, [*(behind.function for behind in hidden), *_functions(modules)])
        types = {t.dtype for t in model.parameters() if not is_lazy(t) and t.is_floating_point()}
        failed: Exception | None = None
        for native in (False, True) if types - {self._dtype} else (False,):
            tensors = self._gather(native)
            clones = {name: tensor.clone() for name, tensor in tensors.items()}
            versions = {name: tensor._version for name, tensor in clones.items()}
            self._tensors = clones
            try:
                self(x)
            except Exception as error:
                failed = failed or error
                continue
            self._tensors, self._native = tensors, native
            self._written = frozenset(n for n, tensor in clones.items() if tensor._version != versions[n])
            return
        self._state = self._tensors = None
        if failed is not None:
            raise failed

    def _gather(self, native: bool) -> dict[str, Tensor]:
        """Parameters and buffers by name, detached; the model's own memory where nothing has to be converted."""
        found = {}
        for name, tensor in [*self._model.named_parameters(), *self._model.named_buffers()]:
            if not is_lazy(tensor):
                dtype = self._dtype if tensor.is_floating_point() and not native else None
                found[name] = tensor.detach().to(device=self._device, dtype=dtype)
                if tensor.is_inference():  # what inference mode made cannot be differentiated
                    found[name] = found[name].clone()
        return found

    def _run(self, x: Tensor) -> Any:
        for wrapper in self._wrappers:  # not by setattr, which would make it a sub-module twice
            wrapper.__dict__["forward"] = unwrapped(wrapper)
        assert self._tensors is not None
        tensors = {name: t.clone() if name in self._written else t for name, t in self._tensors.items()}
        return functional_call(self._model, tensors, (x,))


def _functions(modules: Iterable[nn.Module]) -> list[Any]:
    """Callables without modules that a module around them calls: they may keep something too."""
    held = [vars(module).get("model") for module in modules]
    return [f for f in held if f is not None and not isinstance(f, nn.Module)]


def _fill(model: nn.Module, x: Tensor) -> None:
    """Give lazy layers their weights, by a pass of one image in the model's own precision."""
    names = [name for name, tensor in [*model.named_parameters(), *model.named_buffers()] if is_lazy(tensor)]
    if not names:
        return
    ready = [t for t in model.parameters() if not is_lazy(t) and t.is_floating_point()]
    like = ready[0] if ready else torch.empty(0, device=x.device, dtype=torch.get_default_dtype())
    model(x[:1].detach().clone().to(like))
    warnings.warn(f"{len(names)} parameters had no values yet and were filled by a first pass of one image: "
                  f"{shortened(names)}", SymmeterWarning, stacklevel=2)  # fmt: skip
