"""Sheets as HTML: the same words as on a terminal, nothing that runs, never long, legible on light and on dark."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from rich.text import Text
from tests.results.compared import made_result, values_of

from symmeter.results.html import MOST_LETTERS, MOST_LINES, MOST_ROWS, as_html
from symmeter.results.sheet import Sheet, new_table

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)> $x$ [red]a[/red] :smile:\x00'


class Page(HTMLParser):
    """The tags and the text of a page, without its style."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self._inside = [], [], [], ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._inside = tag

    def handle_data(self, data):
        if self._inside != "style" and data.strip():
            self.text.append(data.strip())

    def handle_endtag(self, tag):
        self._inside = ""


def hostile_result(seed=0):
    result = made_result({"rotation": values_of(seed), "scale": values_of(seed + 1)}, model=HOSTILE)
    rows = result.rows[0], replace(result.rows[1], symmetry=HOSTILE)
    return replace(result, rows=rows, warnings=(HOSTILE,))


def shown():
    result = hostile_result()
    return {
        "result": result,
        "comparison": result.compare(hostile_result(2)),
        "row": result[HOSTILE],
    }  # fmt: skip


@pytest.mark.parametrize("name", shown())
def test_names_are_text_and_nothing_runs_or_comes_from_outside(name):
    html = shown()[name]._repr_html_()
    page = Page(html)
    assert set(page.tags) <= {"div", "style", "table", "thead", "tbody", "tr", "th", "td", "span"}
    assert {key for key, _ in page.attributes} <= {"class", "scope", "colspan"}
    assert "url(" not in html and "@import" not in html and "http" not in html and "\x00" not in html
    assert any(
        '<script>alert("1")</script>' in words and "[red]a[/red] :smile:?" in words for words in page.text
    )


def test_every_cell_is_a_word_of_the_terminal():
    result = made_result({"rotation": values_of(0), "scale": values_of(1), "rotation:control": values_of(3)})
    words = Page(result._repr_html_()).text
    lines = str(result)
    assert "rotation" in words and "verdict" in words
    assert [word for word in words if word not in " ".join(lines.split())] == []


def test_a_row_says_what_its_table_says():
    result = made_result({"rotation": values_of(0), "scale": values_of(1)})
    row = result["rotation"]
    line = next(line for line in str(result).splitlines() if line.startswith("rotation"))
    assert row.words()["value [95 %]"] in line and row.verdict in line
    assert set(row.words().values()) - {""} <= set(Page(row._repr_html_()).text)
    assert row.words()["value [95 %]"] in str(row) and "\n" not in str(row)


def test_a_row_in_other_units_is_shown_in_those_of_tables():
    row = replace(made_result({"rotation": values_of(0)}).rows[0], unit="eV/atom", value=0.002, interval_low=0.001, interval_high=0.003)  # fmt: skip
    assert (row.words()["value [95 %]"], row.words()["unit"]) == ("2 [1 3]", "meV/atom")


def test_the_repr_of_a_row_leaves_out_what_it_has_not():
    row = made_result({"rotation": values_of(0)}).rows[0]
    assert repr(row).startswith("Row(measure='lee', symmetry='rotation'") and "specificity=" not in repr(row)
    scope = {type(row).__name__: type(row)}
    assert eval(repr(row), scope) == row  # it can be typed in again


def test_long_tables_lines_and_words_are_cut_and_say_so():
    table = new_table()
    table.add_column("n", justify="right")
    for i in range(5000):
        table.add_row(str(i))
    many = ["x" * 10**6] * 1000
    html = as_html(Sheet("a" * 10**6, tables=[table] * 100, legend=many, warnings=many))
    assert f"and {5000 - MOST_ROWS} more rows" in html and f"<td class=\"symmeter-right\">{MOST_ROWS - 1}</td>" in html  # fmt: skip
    assert f"and {100 - MOST_LINES} more tables" in html and f"and {1000 - MOST_LINES} more" in html
    assert len(html) < 10 * (MOST_LINES * MOST_ROWS * 10 + 3 * MOST_LINES * MOST_LETTERS)


def test_result_of_very_many_rows_stays_small():
    result = made_result({"rotation": values_of(0)})
    huge = replace(result, rows=tuple(replace(result.rows[0], symmetry=f"s{i}") for i in range(5000)))
    assert len(huge._repr_html_()) < 50_000


def test_sections_sides_and_marks():
    table = new_table()
    table.add_column("name")
    table.add_column("number", justify="right")
    table.add_row("a", Text("good", "green"), style="dim")
    table.add_section()
    table.add_row("sum", "2")
    html = as_html(Sheet("t", tables=[table]))
    assert '<tr class="symmeter-dim symmeter-section"><td>a</td>' in html
    assert '<td class="symmeter-right"><span class="symmeter-green">good</span></td>' in html
    assert '<tr><td>sum</td><td class="symmeter-right">2</td></tr>' in html


def test_colours_are_those_of_the_page_and_marks_stand_out_from_light_and_dark():
    from symmeter.results.html import _MARKS, _STYLE

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    def contrast(a, b):
        low, high = sorted((luminance(a), luminance(b)))
        return (high + 0.05) / (low + 0.05)

    for colour in _MARKS.values():
        assert (
            min(contrast(colour, page) for page in ("#ffffff", "#111111", "#1e1e1e")) >= 3
        )  # WCAG, of graphics
    own = [line for line in _STYLE.splitlines() if "color:" in line and "::before" not in line]
    assert own and all("color: inherit" in line for line in own)
