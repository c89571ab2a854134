"""Progress bars: on a terminal, in a notebook below the cell, and nowhere else unless asked for."""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm.std import tqdm


def shell() -> Any:
    """The IPython shell of a notebook's kernel, None outside of notebooks; imports nothing."""
    found = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return found if hasattr(found, "kernel") else None


def bar(progress: bool | None, *, total: int | None, title: str, unit: str) -> "tqdm":
    """A bar that goes away when it is closed: shown if `progress` is True, or None and somebody looks.

    >>> with bar(None, total=3, title="photos", unit="image") as one:  # piped
    ...     one.update(3)
    """
    from tqdm.std import tqdm

    words: dict[str, Any] = {"total": total, "desc": title, "unit": unit, "leave": False}
    if progress is not False and shell():
        return tqdm(**words, file=_Cell(), ncols=100, disable=False)
    return tqdm(**words, disable=None if progress is None else not progress)


class _Cell:
    """A stream to below the cell that runs, where each line takes the place of the one before.

    The kernel's own streams would keep all of them, and mark them as errors. It needs no widgets, which would be
    missing when the notebook is opened again.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        self._handle: Any = None
        self._line = ""

    def write(self, text: str) -> None:
        """Show the line."""
        from IPython.display import display  # type: ignore[import-not-found]

        line = text.strip("\r\n ")
        if line == self._line:
            return
        self._line, shown = line, {"text/plain": line}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)

    def flush(self) -> None:
        """Lines are shown when they are written."""
