"""The modules behind a callable: bound methods, `functools.partial`, closures, and wrappers for many devices."""

import contextlib
import dis
import functools
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType
from typing import Any

from torch import nn

from symmeter.errors import SymmeterError

Named = tuple[str, object]  # a value, and what it is called where it was found
_DEEPEST = 4  # functions that call functions that call the network
_INSTALLED = tuple({sysconfig.get_path(place) for place in ("stdlib", "purelib", "platlib")})


def as_module(model: Callable) -> Callable:
    """The network to measure: wrappers taken off, and a callable that hides networks as a module around them.

    What hides none is given back as it is.

    >>> net = nn.Sequential(nn.Linear(2, 3))
    >>> as_module(nn.DataParallel(net)) is net
    True
    >>> [name for name, _ in as_module(lambda x: net(x)[:, :1]).named_modules()]
    ['', '0']
    """
    if isinstance(model, nn.Module):
        return unwrapped(model)
    found = modules_behind(model)
    return Behind(model, found) if found else model


def unwrapped(module: nn.Module) -> nn.Module:
    """The network inside `DataParallel` and `DistributedDataParallel`, which only pass on."""
    while isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
        module = module.module
    return module


class Behind(nn.Module):
    """A callable as a module: what it calls are its sub-modules.

    A single network lends its own tree, so that names of layers are its own; several have the names that the callable
    has for them.
    """

    function: Callable

    def __init__(self, function: Callable, found: Mapping[str, nn.Module]):
        super().__init__()
        # Not by setattr: a module's method, or a holder of modules, does not become a sub-module.
        self.__dict__["function"] = function
        self.originals = tuple(found.values())
        if len(found) == 1:
            (network,) = self.originals
            # The very dictionaries: what is exchanged here for a call is exchanged there.
            self._parameters, self._buffers = network._parameters, network._buffers
            self._modules = network._modules
            self.training = network.training
        else:
            self.training = False  # it has nothing of its own to train
            for name, network in found.items():
                self.add_module(name.replace(".", "_"), network)

    def inner(self) -> list[nn.Module]:
        """The modules of the networks, from the networks down."""
        return [module for network in self.originals for module in network.modules()]

    def forward(self, *inputs: Any, **named: Any) -> object:
        """What the callable makes of inputs (B, ...)."""
        return self.function(*inputs, **named)

    def __deepcopy__(self, memo: dict) -> nn.Module:
        raise SymmeterError(
            f"{name_of(self)} is a function around a network, and a function cannot be copied: "
            "give the nn.Module itself"
        )


def name_of(model: object) -> str:
    """What a model is called: the name of its class, or of the function.

    >>> name_of(functools.partial(nn.functional.relu, inplace=False)), name_of(nn.ReLU().forward)
    ('relu', 'ReLU.forward')
    """
    if isinstance(model, Behind):
        model = model.function
    while isinstance(model, functools.partial):
        model = model.func
    if isinstance(model, nn.Module):
        return type(model).__name__
    name = str(getattr(model, "__name__", type(model).__name__))
    if isinstance(model, MethodType) and not isinstance(model.__self__, type):
        return f"{type(model.__self__).__name__}.{name}"
    return name


def modules_behind(function: object) -> dict[str, nn.Module]:
    """Every network that a callable reaches, by the name that it has there; parts of others are left out.

    >>> net = nn.Linear(2, 2)
    >>> modules_behind(net.forward)
    {'self': Linear(in_features=2, out_features=2, bias=True)}
    """
    found: dict[str, nn.Module] = {}
    seen: set[int] = set()
    for name, value in reached(function):
        if isinstance(value, nn.Module) and id(value) not in seen:
            seen.add(id(value))
            free = name if name not in found else f"{name}_{len(found)}"
            found[free] = value
    parts: set[int] = set()
    for module in found.values():
        _, *inner = module.modules()  # the first is itself
        parts.update(map(id, inner))
    return {name: module for name, module in found.items() if id(module) not in parts}


def reached(function: object, depth: int = 0, seen: set[int] | None = None) -> Iterator[Named]:
    """What a callable holds on to: its object, arguments, closure, defaults and globals by name."""
    seen = set() if seen is None else seen
    if id(function) in seen or depth > _DEEPEST:
        return
    seen.add(id(function))
    for name, value in _held(function):
        yield name, value
        if isinstance(value, dict):
            yield from _numbered(name, value.items())
        elif isinstance(value, list | tuple):
            yield from _numbered(name, enumerate(value))
        elif callable(value) and not isinstance(value, nn.Module | type):
            yield from reached(value, depth + 1, seen)


def _numbered(name: str, members: Iterable[tuple[object, object]]) -> Iterator[Named]:
    """Members of a container by the name of that and their own key or number."""
    for key, member in members:
        yield f"{name}_{key}", member


def _held(function: object) -> Iterator[Named]:
    """What a callable itself holds on to."""
    if isinstance(function, functools.partial):
        yield "func", function.func
        yield from _numbered("argument", enumerate(function.args))
        yield from function.keywords.items()
    elif isinstance(function, MethodType):
        yield "self", function.__self__
        yield from _attributes(function.__self__)
        yield "function", function.__func__
    elif isinstance(function, FunctionType):
        yield from _of_function(function)
    else:
        yield from _attributes(function)
        call = vars(type(function)).get("__call__")
        if isinstance(call, FunctionType):
            yield from _of_function(call)


def _attributes(holder: object) -> Iterator[Named]:
    """The attributes of an object that is no module and no class."""
    if not isinstance(holder, nn.Module | type) and hasattr(holder, "__dict__"):
        yield from vars(holder).items()


def _of_function(function: FunctionType) -> Iterator[Named]:
    """What a function sees from inside. Nothing of installed packages: no network hides there, and they are large."""
    if function.__code__.co_filename.startswith(_INSTALLED):
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with contextlib.suppress(ValueError):  # not yet filled
            yield name, cell.cell_contents
    yield from _numbered("default", enumerate(function.__defaults__ or ()))
    yield from (function.__kwdefaults__ or {}).items()
    known = function.__globals__
    for name in _names(function.__code__):
        if name in known:
            yield name, known[name]
    if hasattr(function, "__wrapped__"):
        yield "wrapped", function.__wrapped__


def _names(code: CodeType) -> Iterator[str]:
    """Global names in a function and in the functions written inside of it."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
