"""A user's model, borrowed as a pure function of its input and given back exactly as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from symmeter.errors import SymmeterError

MAIN_KEYS = (
    "logits",
    "out",
    "prediction_logits",
    "last_hidden_state",
)  # what a dict of outputs calls its main one


@contextmanager
def borrowed(model: Any, seed: int = 0) -> Iterator[list[str]]:
    """Eval mode and a private random state while inside; yields the names of modules found in train mode.

    Training flags and the global random state are restored on the way out, after an exception too.
    """
    flags = [(module, module.training) for module in model.modules()] if isinstance(model, nn.Module) else []
    named = model.named_modules() if isinstance(model, nn.Module) else ()
    in_train_mode = [name or type(model).__name__ for name, module in named if module.training]
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    try:
        for module, _ in flags:
            module.training = False
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            torch.default_generator.manual_seed(
                seed
            )  # not torch.manual_seed: it would reach a GPU not yet in use
            if devices:
                torch.cuda.manual_seed_all(seed)
            yield in_train_mode
    finally:
        for module, training in flags:
            module.training = training


@contextmanager
def uncheckpointed(model: nn.Module) -> Iterator[None]:
    """Activation checkpointing off while inside: it would run forward passes again in the backward pass."""
    changed = []
    try:
        for module in model.modules():
            for name, value in list(vars(module).items()):
                if value is True and ("checkpoint" in name or name in ("memory_efficient", "with_cp")):
                    setattr(module, name, False)
                    changed.append((module, name))
        yield
    finally:
        for module, name in changed:
            setattr(module, name, True)


def pure(model: Callable, device: torch.device, dtype: torch.dtype) -> Callable[[Tensor], Any]:
    """The model as a function whose parameters are detached copies on `device`, floating ones in `dtype`.

    The model's own parameters, gradients, dtype and device are not touched. A callable that is no module, and a
    scripted one, is used as it is.
    """
    if not isinstance(model, nn.Module) or isinstance(model, torch.jit.ScriptModule):
        return model
    state = {
        name: tensor.detach().to(device=device, dtype=dtype if tensor.is_floating_point() else None)
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]
    }
    for name, buffer in model.named_buffers():
        if state[name].data_ptr() == buffer.data_ptr():
            state[name] = state[name].clone()  # a forward pass may write to its buffers
    return lambda x: functional_call(model, state, (x,))


def home(model: Any) -> tuple[torch.device, torch.dtype | None]:
    """Device and floating dtype of a model's parameters; CPU and None where it has none."""
    if isinstance(model, nn.Module):
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                return tensor.device, tensor.dtype
    return torch.device("cpu"), getattr(model, "dtype", None)


def usable_device(device: Any, model: Any = None) -> torch.device:
    """A device by name, that of the model for None. SymmeterError where it cannot be used.

    >>> usable_device("cpu")
    device(type='cpu')
    """
    if device is None:
        return home(model)[0]
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError) as error:
        raise SymmeterError(f"device {str(device)!r} cannot be used here; choose cpu" + (
            ", cuda" if torch.cuda.is_available() else "")) from error  # fmt: skip
    return chosen


def main_tensor(output: Any) -> Tensor:
    """The tensor to measure in what a model returned: itself, the main entry of a dict, the first of a tuple.

    TypeError when there is none.

    >>> main_tensor({"aux": torch.zeros(1), "out": torch.ones(1)})
    tensor([1.])
    """
    if isinstance(output, Tensor):
        return output
    if isinstance(output, dict):
        for key in MAIN_KEYS:
            if isinstance(output.get(key), Tensor):
                return output[key]
        output = tuple(output.values())
    if isinstance(output, tuple | list):
        for item in output:
            if isinstance(item, Tensor | tuple | list | dict):
                return main_tensor(item)
    raise TypeError(f"the model returned {type(output).__name__}, which holds no tensor")
