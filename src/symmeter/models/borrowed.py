"""A user's model, borrowed for a measurement and given back exactly as it was."""

import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from symmeter.errors import SymmeterError
from symmeter.models.ambient import own_surroundings
from symmeter.models.behind import Behind, name_of


@contextmanager
def borrowed(model: object, seed: int = 0) -> Iterator[list[str]]:
    """Eval mode, private random numbers, and nothing of the caller's surroundings while inside.

    Yields the names of modules that were found in train mode. Training flags and the global random states (torch's,
    NumPy's, Python's) are restored on the way out, after an exception too. What a single call of the model changes is
    put back by `PureFunction`.
    """
    named = dict(model.named_modules()) if isinstance(model, nn.Module) else {}
    behind = model.inner() if isinstance(model, Behind) else []
    modules = [*named.values(), *behind]
    flags = [(module, module.training) for module in modules]
    trained = [name or name_of(model) for name, module in named.items() if module.training]
    try:
        for module in modules:
            module.training = False
        with own_surroundings(), own_chance(modules, seed):
            yield trained
    finally:
        for module, mode in flags:
            module.training = mode


@contextmanager
def own_chance(modules: Iterable[nn.Module], seed: int) -> Iterator[None]:
    """Private random numbers while inside, those of this seed: torch's, NumPy's, Python's.

    All states are restored on the way out, and those of generators that the modules have as attributes.
    """
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    generators = _Generators(modules)
    try:
        with torch.random.fork_rng(devices=devices):
            _seed_everything(seed, on_gpus=bool(devices))
            yield
    finally:
        generators.restore()


def _seed_everything(seed: int, on_gpus: bool) -> None:
    """Seed the global random numbers of torch, NumPy and Python."""
    torch.default_generator.manual_seed(seed)  # not torch.manual_seed: it would reach a GPU not yet in use
    if on_gpus:
        torch.cuda.manual_seed_all(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002


class _Generators:
    """The states of Python's and NumPy's random numbers, and of generators that modules have as attributes."""

    def __init__(self, modules: Iterable[nn.Module]):
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
        self._back: list[Callable[[], object]] = [
            partial(random.setstate, python),
            partial(np.random.set_state, numpy),
        ]
        for module in modules:
            for value in vars(module).values():
                self._take(value)

    def _take(self, value: object) -> None:
        """Note the state of a generator of random numbers; nothing of anything else."""
        if isinstance(value, torch.Generator):
            self._back.append(partial(value.set_state, value.get_state()))
        elif isinstance(value, random.Random):
            self._back.append(partial(value.setstate, value.getstate()))
        elif isinstance(value, np.random.Generator):
            bits = value.bit_generator
            self._back.append(partial(setattr, bits, "state", bits.state))

    def restore(self) -> None:
        """Put all back."""
        for put_back in self._back:
            put_back()


def home(model: object) -> tuple[torch.device, torch.dtype | None]:
    """Device and floating dtype of a model's parameters; CPU and None where it has none."""
    tensors = [*model.parameters(), *model.buffers()] if isinstance(model, nn.Module) else []
    for tensor in tensors:
        if not is_lazy(tensor) and tensor.is_floating_point():
            return tensor.device, tensor.dtype
    return torch.device("cpu"), getattr(model, "dtype", None)


def usable_device(device: str | torch.device | None, model: object = None) -> torch.device:
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
        choices = "cpu, cuda" if torch.cuda.is_available() else "cpu"
        raise SymmeterError(f"device {str(device)!r} cannot be used here; choose {choices}") from error
    return chosen
