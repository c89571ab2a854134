"""A sheet as HTML for notebooks: no script, nothing from outside, whatever it quotes escaped, and never long.

Letters and lines have the colour of the page that they are shown on, paler or not, and marks are of colours that stand
out from light and from dark: so it needs to know no theme, and is right in all of them.
"""

import html
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from rich.table import Column, Table
from rich.text import Text

from symmeter.results.sheet import Sheet

MOST_ROWS, MOST_LINES, MOST_LETTERS = 60, 20, 400  # of a table, of what stands below it, of one cell or line
_MARKS = {"green": "#2a9d4e", "yellow": "#c08a00", "red": "#dc4b46"}
_SIDES = {"right": "right", "center": "center"}
# Names of classes are those of this package only: in a notebook all cells share one page. The host styles tables too,
# by selectors of one class and one name, so these have more.
_STYLE = (
    """
.symmeter.symmeter { color: inherit; font-size: 13px; line-height: 1.45; margin: 4px 0; overflow-x: auto; }
.symmeter.symmeter table { border-collapse: collapse; border: 0; margin: 8px 0; font-size: 13px; color: inherit;
  background: transparent; table-layout: auto; width: auto; font-variant-numeric: tabular-nums; }
.symmeter.symmeter tr, .symmeter.symmeter tbody tr:nth-child(n) { background: transparent; border: 0; }
.symmeter.symmeter th, .symmeter.symmeter td { background: transparent; color: inherit; border: 0; max-width: none;
  padding: 2px 16px 2px 0; text-align: left; vertical-align: baseline; white-space: nowrap; }
.symmeter.symmeter thead th { font-weight: 600; border-bottom: 1px solid rgba(128, 128, 128, 0.6); }
.symmeter.symmeter tr.symmeter-section td { border-bottom: 1px solid rgba(128, 128, 128, 0.6); }
.symmeter.symmeter .symmeter-right { text-align: right; }
.symmeter.symmeter .symmeter-center { text-align: center; }
.symmeter.symmeter .symmeter-heading { font-weight: 600; }
.symmeter.symmeter .symmeter-dim { opacity: 0.72; }
"""
    + "".join(
        f'.symmeter.symmeter .symmeter-{name}::before {{ content: "\\25cf\\00a0"; color: {colour}; }}\n'
        for name, colour in _MARKS.items()
    )
).strip()


def as_html(sheet: Sheet) -> str:
    """One <div> with everything in it.

    >>> page = as_html(Sheet("LEE of <script>alert(1)</script>"))
    >>> "<script" in page, "&lt;script&gt;" in page
    (False, True)
    """
    parts = [f"<style>\n{_STYLE}\n</style>"]
    parts += [_line("heading", sheet.heading)] * bool(sheet.heading)
    parts += [_line("subheading", sheet.subheading)] * bool(sheet.subheading)
    parts += map(_table, sheet.tables[:MOST_LINES])
    if len(sheet.tables) > MOST_LINES:
        parts.append(_line("dim", f"and {len(sheet.tables) - MOST_LINES} more tables"))
    parts += [_line("dim", line) for line in _first(sheet.legend)]
    parts += [_line("yellow", f"warning: {line}") for line in _first(sheet.warnings)]
    # what lies between dollars stays text
    return '<div class="symmeter tex2jax_ignore mathjax_ignore">\n' + "\n".join(parts) + "\n</div>"


def plain(words: str) -> str:
    """Words as text of a page: in one line, of a length that can be looked at, without marks of control.

    >>> plain("a<b> & 'c'"), plain("two" + chr(10) + "lines" + chr(0))
    ('a&lt;b&gt; &amp; &#x27;c&#x27;', 'two lines?')
    """
    line = " ".join(words[: 2 * MOST_LETTERS].splitlines())
    if len(line) > MOST_LETTERS:
        line = f"{line[:MOST_LETTERS]} ..."
    return html.escape("".join(letter if letter.isprintable() else "?" for letter in line))


def _line(kind: str, words: str) -> str:
    return f'<div class="symmeter-{kind}">{plain(words)}</div>'


def _first(lines: Sequence[str]) -> list[str]:
    """The first of some lines, and how many more there are."""
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *[f"and {more} more"] * (more > 0)]


def _table(table: Table) -> str:
    heads = "".join(f'<th scope="col"{_side(one)}>{_cell(one.header)}</th>' for one in table.columns)
    head = f"<thead><tr>{heads}</tr></thead>\n" * table.show_header
    body = "\n".join(_rows(table))
    return f"<table>\n{head}<tbody>\n{body}\n</tbody>\n</table>"


def _rows(table: Table) -> Iterator[str]:
    """The first rows, and how many more there are."""
    sides = [_side(column) for column in table.columns]
    lines = zip(table.rows, zip(*(column.cells for column in table.columns), strict=True), strict=True)
    for row, cells in islice(lines, MOST_ROWS):
        kinds = [f"symmeter-{name}" for name in _names(row.style)] + ["symmeter-section"] * row.end_section
        words = f' class="{" ".join(kinds)}"' if kinds else ""
        yield (
            f"<tr{words}>"
            + "".join(f"<td{side}>{_cell(cell)}</td>" for side, cell in zip(sides, cells, strict=True))
            + "</tr>"
        )
    more = table.row_count - MOST_ROWS
    if more > 0:
        yield f'<tr class="symmeter-dim"><td colspan="{len(sides)}">and {more} more rows</td></tr>'


def _side(column: Column) -> str:
    side = _SIDES.get(column.justify)
    return f' class="symmeter-{side}"' if side else ""


def _cell(content: object) -> str:
    """A cell, which rich holds as text or in its mark-up."""
    text = content if isinstance(content, Text) else Text.from_markup(str(content), emoji=False)
    styles = [text.style, *(span.style for span in text.spans)]
    kinds = [f"symmeter-{name}" for style in styles for name in _names(style)]
    return f'<span class="{" ".join(kinds)}">{plain(text.plain)}</span>' if kinds else plain(text.plain)


def _names(style: object) -> Iterable[str]:
    """The words of a style that mean something here."""
    return [name for name in str(style or "").split() if name in (*_MARKS, "dim")]
