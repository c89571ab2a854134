"""A user's own code, `package.module:callable` or `FILE.py:callable`: a network, or what returns a model."""

import contextlib
import hashlib
import importlib
import operator
import sys
import traceback
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, TypeVar

from torch import nn

from symmeter.errors import SymmeterError, first_line
from symmeter.models.hub import is_model
from symmeter.models.loaded import LoadedModel, describe_object, finish
from symmeter.models.names import unknown_form
from symmeter.models.spec import ModelSpec

T = TypeVar("T")


def load_code(spec: ModelSpec) -> LoadedModel:
    """Import the code, build the network, and leave it in the mode that it comes in."""
    text = spec.text

    def built(target: Any) -> tuple[Any, bool]:
        """The network, and whether it was there already."""
        there = isinstance(target, nn.Module) or is_model(target)
        return (target, True) if there else (target(**spec.kwargs), False)

    model, there = run_code(text, built)
    if there and spec.kwargs:
        raise SymmeterError(f"{text}: it is a network already, so --model-kwargs cannot change it")
    where, _, attribute = text.rpartition(":")
    name = f"{Path(where).name}:{attribute}" if where.endswith(".py") else text
    if isinstance(model, nn.Module):
        return finish(spec, model, "as built", name)
    if spec.weights is not None:
        raise SymmeterError(f"{text}: weights go with an nn.Module, and it returns {type(model).__name__}")
    if not is_model(model) and not isinstance(model, FunctionType):
        raise SymmeterError(
            f"{text}: it must return an nn.Module, a function or a calculator, not {type(model).__name__}"
        )
    return describe_object(model, name, spec=text, weights="as built")


def run_code(text: str, use: Callable[[Any], T]) -> T:
    """What `use` makes of the object that `package.module:name` or `FILE.py:name` names, its imports at hand.

    SymmeterError, in one line with the place, for whatever the code raises.
    """
    where, attribute, *_ = (*text.rsplit(":", 1), "")
    from_file, path = where.endswith(".py"), Path(where).expanduser().resolve()
    if from_file and not path.is_file():
        raise SymmeterError(f"{text}: no such file {where}")
    folder = path.parent if from_file else Path.cwd()
    with _importable(folder, private=from_file), _own_errors(text):
        module = _import_file(path) if from_file else _import_module(where, text)
        try:
            target = operator.attrgetter(attribute)(module)
        except AttributeError:
            words = f"no {attribute!r} in {where}" if attribute else f"write {where}:CALLABLE"
            raise SymmeterError(f"{text}: {words}; {_callables_in(module)}") from None
        return use(target)


def _callables_in(module: ModuleType) -> str:
    """What a module has to call, in words: what it defines itself, or else what it imports."""
    public = {name: value for name, value in vars(module).items() if callable(value) and name[:1] != "_"}
    own = [name for name, value in public.items() if getattr(value, "__module__", "") == module.__name__]
    names = own or list(public)
    return f"it has {', '.join(names)}" if names else "it has no callable"


@contextlib.contextmanager
def _importable(folder: Path, private: bool) -> Iterator[None]:
    """`folder` is first on the import path, and last from then on (a forward pass may import).

    `private`: what is imported from it is forgotten, for two networks may each have their own helpers.py.
    """
    newest = next(reversed(sys.modules))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        if private:
            since = tuple(takewhile(lambda name: name != newest, reversed(sys.modules)))
            for name in since:  # not all names: workers share their pages
                _forget(name, folder)


def _forget(name: str, folder: Path) -> None:
    """Drop an imported module if its code lies in this folder."""
    first, _, _ = name.partition(".")
    top = folder / first
    if top.with_suffix(".py").is_file() or (top / "__init__.py").is_file():
        del sys.modules[name]


@contextlib.contextmanager
def _own_errors(spec: str) -> Iterator[None]:
    """Whatever a user's code raises becomes one line with the place it came from."""
    try:
        yield
    except SymmeterError:
        raise
    except (Exception, SystemExit) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        raise SymmeterError(f"{spec}: {type(error).__name__} at {where}: {first_line(error)}") from error


def _import_file(path: Path) -> ModuleType:
    """Run a source file as a module under a name of its own; never from a stale byte code cache."""
    module = ModuleType(f"symmeter_model_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _import_module(name: str, spec: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ModuleNotFoundError, TypeError, ValueError) as error:
        if isinstance(error, ModuleNotFoundError) and not f"{name}.".startswith(f"{error.name}."):
            raise  # an import inside the module
        raise unknown_form(spec) from error
