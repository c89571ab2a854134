"""The process and its surroundings: exit codes, standard output, threads."""

import contextlib
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from symmeter.errors import SymmeterError, WriteError, first_line

if TYPE_CHECKING:
    from rich.console import Console

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def console() -> "Console":
    """The terminal; where there is none, plain text of 80 columns to standard output."""
    from rich.console import Console

    class Output(Console):
        def on_broken_pipe(self) -> None:
            """As of `print`: rich would end the process here."""
            raise BrokenPipeError

    if sys.stdout.isatty():
        return Output(emoji=False)  # a name may hold what looks like the word of one
    return Output(file=sys.stdout, width=80, color_system=None, emoji=False)


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Lets `symmeter ... | head` end in silence; WriteError where standard output cannot be written."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
            raise  # not of what is printed, which has no name
        _close_output()
        raise WriteError(f"cannot write to standard output: {error.strerror or error}") from error


@contextlib.contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """While it lasts, what a queue or a closed terminal sends ends the work as Ctrl-C does, unless it is ignored.

    Acts in the main thread only, and on signals that nobody else handles.
    """
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    main = threading.current_thread() is threading.main_thread()
    ours = [number for number in numbers if main and signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _close_output() -> None:
    """What is left to be written goes nowhere: Python would try it again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def attempt(step: Callable[[], object]) -> bool:
    """Do what comes after the computing; whether it worked. What goes wrong is one line, and loses nothing else."""
    try:
        with reader_may_leave():
            step()
    except Exception as error:
        words = (
            str(error) if isinstance(error, SymmeterError) else f"{type(error).__name__}: {first_line(error)}"
        )
        complain(f"error: {words}")
        return False
    return True


def complain(message: str) -> None:
    """One line on stderr."""
    with contextlib.suppress(OSError):
        print("symmeter:", " ".join(message.split()), file=sys.stderr)


def prepare_process() -> None:
    """Settings that only a whole process can make, before torch is imported.

    OpenMP threads that wait go to sleep soon: spinning, they make a busy machine many times slower. Freed
    memory is kept for reuse.
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    from symmeter.autodiff.memory import reuse_freed_memory

    reuse_freed_memory()
