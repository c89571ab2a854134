"""Warnings that wait: nothing is shown or raised while a measurement runs, and all of it is said once it is complete.

A filter such as `-W error` turns a warning into an exception at the line that warns: inside a strategy that would make
the strategy fail, inside a model the model. So verbs record, and repeat to the user's own filters at their end.
"""

import contextlib
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from symmeter.errors import SymmeterWarning
from symmeter.progress import shell

_HEAR_ALL = ("always", None, Warning, None, 0)  # what `simplefilter("always")` puts first
_PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class Warned:
    """One warning: its exception, and the line that it is about."""

    message: Warning
    filename: str
    lineno: int

    @property
    def ours(self) -> bool:
        """Whether it is a note of symmeter."""
        return isinstance(self.message, SymmeterWarning)


class _Listening(threading.local):
    """What each thread has recorded: a stack of its own, for verbs call verbs."""

    def __init__(self):
        self.stack: list[dict[tuple, Warned]] = []


_listening = _Listening()
_lock = threading.Lock()
_open = 0  # recordings in all threads
_filters = warnings.catch_warnings()  # keeps what was there before the first of them
_show = warnings.showwarning


@contextlib.contextmanager
def recorded() -> Iterator[list[Warned]]:
    """Yields a list that holds, at the end, what was warned inside, each text of a line once; none is shown or raised.

    After an exception they are said all the same. Python's filters belong to the whole process: the first recording of
    all threads opens them, the last one puts them back. A thread that records nothing shows its warnings as ever, but
    meanwhile its filters do not count.

    >>> with warnings.catch_warnings(), recorded() as found:
    ...     warnings.warn("twice")
    >>> [str(one.message) for one in found]
    ['twice']
    """
    found: list[Warned] = []
    own: dict[tuple, Warned] = {}
    _begin()
    _listening.stack.append(own)
    try:
        yield found
    except BaseException:
        _end()
        for one in own.values():
            with contextlib.suppress(Warning):  # the exception says more
                repeat([one])
        raise
    _end()
    found.extend(own.values())


def told_apart(found: Iterable[Warned]) -> tuple[list[str], list[Warned]]:
    """What symmeter itself said, as text, and the warnings of others."""
    ours, others = [], []
    for one in found:
        if one.ours:
            ours.append(str(one.message))
        else:
            others.append(one)
    return ours, others


def _begin() -> None:
    global _open, _filters, _show
    with _lock:
        if not _open:
            _filters, _show = warnings.catch_warnings(), warnings.showwarning
            _filters.__enter__()
            warnings.showwarning = _hear
        # Whatever has been set since, as by a verb's caller. Python takes a filter out before it puts it first, so one
        # that is first already is left there: another thread may be warning.
        if _HEAR_ALL not in warnings.filters[:1]:
            warnings.simplefilter("always")
        _open += 1


def _end() -> None:
    global _open
    _listening.stack.pop()
    with _lock:
        _open -= 1
        if not _open:
            warnings.showwarning = _show
            _filters.__exit__(None, None, None)


def _hear(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What Python calls for a warning while somebody records."""
    if not _listening.stack:
        _show(message, category, filename, lineno, file, line)
        return
    if isinstance(message, str):
        message = category(message)
    key = (str(message), category, filename, lineno)
    _listening.stack[-1].setdefault(key, Warned(message, filename, lineno))


def warn(note: str) -> None:
    """A SymmeterWarning about the line that called symmeter."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    repeat([Warned(SymmeterWarning(note), frame.f_code.co_filename, frame.f_lineno)])


def repeat(found: Iterable[Warned], result: object = None) -> None:
    """Say warnings to the filters that are in force, as the lines that they are about would.

    A filter that makes an error of one makes it here, when nothing can be lost any more: `result` is in the
    attribute `result` of the exception.
    """
    for one in found:
        place = _file(one), one.lineno, _module_at(one.filename)
        try:
            warnings.warn_explicit(one.message, type(one.message), *place)
        except Warning as raised:
            if result is not None and not hasattr(raised, "result"):
                raised.result = result  # type: ignore[attr-defined]
                raised.add_note(
                    "a warning filter made an error of this; the result is complete, in `.result`"
                )
            raise


def _file(one: Warned) -> str:
    """What to name as the file of a warning.

    Of a note about a cell of a notebook that is the cell, as tracebacks name it: its file is one that nobody has made,
    and the note would be followed by a line of code that stands above it already.
    """
    kernel = shell() if one.ours else None
    named = getattr(getattr(kernel, "compile", None), "format_code_name", lambda name: None)(one.filename)
    return " ".join(named) if isinstance(named, tuple) else one.filename


def _module_at(filename: str) -> str:
    """The name of the module that was imported from a file, by which filters tell warnings apart.

    What was typed in comes from no file: into a notebook, a console, `python -c`. Python drops a warning of no module.
    """
    for name, module in list(sys.modules.items()):
        contents = getattr(module, "__dict__", {})  # not module.__file__: some modules import at that
        if contents.get("__file__") == filename:
            return name
    return "__main__"
