"""What there is to see of a result, before it is printed on a terminal or shown in a notebook."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

WIDTH = 80  # columns of text that goes to no terminal
ANY_WIDTH = 1000  # where nothing needs to be cut, as in a notebook


@dataclass(frozen=True)
class Sheet:
    """Tables between their heading and how to read them."""

    heading: str = ""
    subheading: str = ""
    tables: Sequence[Table] = ()
    legend: Sequence[str] = ()
    warnings: Sequence[str] = ()
    apart: bool = False  # whether the tables stand apart from the heading, where each has one of its own

    def show(self, console: Console) -> None:
        """Print it."""
        for line, style in ((self.heading, "bold"), (self.subheading, "")):
            if line:
                console.print(escape(line), style=style, highlight=False)
        for table in self.tables:
            if self.apart:
                console.print()
            console.print(table)
            console.print()
        for line in self.legend:
            console.print(escape(line), style="dim", highlight=False)
        for warning in self.warnings:
            console.print(f"[yellow]warning:[/yellow] {escape(warning)}", highlight=False)

    def text(self, width: int = WIDTH) -> str:
        """It as plain text."""
        stream = io.StringIO()
        self.show(Console(file=stream, width=width, color_system=None, emoji=False, force_jupyter=False))
        return stream.getvalue().rstrip() + "\n"


def pairs(words: Mapping[str, str]) -> Table:
    """A table of names and what they have, without those that have nothing."""
    table = Table(box=None, show_header=False)
    for name, word in words.items():
        if word:
            table.add_row(Text(name, "dim"), Text(word))
    return table


def new_table() -> Table:
    """An empty table as all of them look."""
    return Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
