"""What every public function has in common: checked arguments, warnings that wait for the end, no exit from inside."""

import functools
import inspect
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from symmeter.errors import SymmeterError, first_line
from symmeter.verbs.arguments import Kind, Kinds
from symmeter.verbs.warned import recorded, repeat

P = ParamSpec("P")
R = TypeVar("R")


def verb(*tables: Kinds, **own: Kind) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator for public functions; every parameter needs a kind, its own or from the tables.

    The function gets values of these kinds in their plain form. What is warned in it is said at its end (see
    `symmeter.verbs.warned`). SystemExit, which a model, its data or a plug-in raises, is an error and ends no process.

    >>> from symmeter.verbs.arguments import whole
    >>> @verb(n=whole(0))
    ... def root(n):
    ...     return n**0.5
    >>> root(-4)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: n is -4; give a whole number, at least 0
    """
    kinds = {name: kind for table in (*tables, own) for name, kind in table.items()}

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)
        unknown = [name for name in signature.parameters if name not in kinds and name != "self"]
        if unknown:
            raise TypeError(f"{function.__name__} has parameters without a kind: {', '.join(unknown)}")

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            __tracebackhide__ = True
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            for name, value in given.arguments.items():
                if name in kinds:
                    given.arguments[name] = kinds[name].check(name, value)
            with recorded() as found:
                result = _staying(function, given)
            repeat(found, result)
            return result

        return checked

    return decorate


def constructor(**kinds: Kind) -> Callable[[type[R]], type[R]]:
    """A decorator for public classes, dataclasses among them, that checks what they are made of; see `verb`."""

    def decorate(made: type[R]) -> type[R]:
        made.__init__ = verb(**kinds)(made.__init__)  # type: ignore[method-assign, misc]
        return made

    return decorate


def _staying(function: Callable[..., R], given: inspect.BoundArguments) -> R:
    """The call, without a way out of the process."""
    __tracebackhide__ = True
    try:
        return function(*given.args, **given.kwargs)
    except SystemExit as error:
        raise SymmeterError(exited(error)) from error


def exited(error: SystemExit) -> str:
    """Where code that was called, such as a model's, wanted to end the process."""
    where = said = ""
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}"
    if str(error) and not isinstance(error.code, int):
        said = f" ({first_line(error)})"
    return f"SystemExit{where}{said}: a model, its data or a library wanted to end the program"
