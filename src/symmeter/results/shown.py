"""What public functions return shows itself: a line, a text that fits a terminal, a table in a notebook."""

from abc import ABC, abstractmethod

from rich.console import Console

from symmeter.results.html import as_html
from symmeter.results.sheet import ANY_WIDTH, WIDTH, Sheet


class Shown(ABC):
    """Has one sheet, which is all that is ever shown of it."""

    @property
    @abstractmethod
    def heading(self) -> str:
        """What it is about, in a few words."""

    @abstractmethod
    def sheet(self, width: int = WIDTH) -> Sheet:
        """What there is to see, for that many columns."""

    def show(self, console: Console) -> None:
        """Print it on a terminal."""
        self.sheet(console.width).show(console)

    def __str__(self) -> str:
        return self.sheet().text()

    def __repr__(self) -> str:
        try:
            about = self.heading
        except LookupError:  # made by hand, without the header that says it
            about = "of unknown origin"
        return f"<{type(self).__name__}: {about}{self._extent()}>"

    def _repr_html_(self) -> str:
        return as_html(self.sheet(ANY_WIDTH))

    def _extent(self) -> str:
        """How much there is, behind the heading."""
        return ""
