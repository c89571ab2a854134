"""Ctrl-C that is not lost: Python drops an exception that a signal raises inside a destructor or a callback."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def noticed_interrupts() -> Iterator[Callable[[], None]]:
    """Yields a function that raises KeyboardInterrupt when there was a Ctrl-C since, even one that was swallowed.

    Acts in the main thread and on Python's own handler only; whoever has another one keeps it.

    >>> with noticed_interrupts() as check:
    ...     check()
    """
    asked = False

    def handler(number: int, frame: Any) -> None:
        nonlocal asked
        asked = True
        signal.default_int_handler(number, frame)

    def check() -> None:
        if asked:
            raise KeyboardInterrupt

    main = threading.current_thread() is threading.main_thread()
    ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    try:
        if ours:
            signal.signal(signal.SIGINT, handler)
        yield check
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a measurement; `result` holds what was done until then, with status `partial`."""

    def __init__(self, result: Any):
        super().__init__("interrupted")
        self.result = result
