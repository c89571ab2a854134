"""One line, a text, a table: all of one sheet."""

from dataclasses import replace

import pytest
from rich.console import Console
from tests.results.compared import made_result, values_of

import symmeter
from symmeter.results.sheet import Sheet, new_table, pairs


@pytest.fixture(scope="module")
def result():
    return made_result({"rotation": values_of(0), "scale": values_of(1)})


def test_a_line_says_what_it_is_and_no_values(result):
    assert repr(result) == "<Result: LEE of net on photos, 2 rows>"
    assert repr(result.compare(result)) == "<Comparison: net #2 against net, 2 rows>"
    assert repr(replace(result, header={})) == "<Result: of unknown origin, 2 rows>"


def test_a_terminal_prints_what_the_text_has(result, capsys):
    result.show(Console(width=80, color_system=None))
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [line.rstrip() for line in str(result).splitlines()]  # fmt: skip


def test_a_sheet_without_a_heading_begins_with_its_table():
    assert Sheet(tables=[pairs({"a": "1", "empty": ""})]).text().split() == ["a", "1"]


def test_names_that_look_like_pictures_are_text():
    table = new_table()
    table.add_column("name")
    table.add_row(":smile:")
    assert ":smile:" in Sheet(":boom:", tables=[table]).text() and ":boom:" in Sheet(":boom:").text()


def test_a_notebook_cuts_no_names_of_a_comparison():
    long = "a" * 90
    comparison = made_result({"rotation": values_of(0)}, model=long + "1").compare(
        made_result({"rotation": values_of(1)}, model=long + "2")
    )
    three = replace(
        comparison, rows=(*comparison.rows, *(replace(row, model=long) for row in comparison.rows))
    )
    assert f"<td>{long}1</td>" in three._repr_html_() and long not in str(three).split("ratio")[1]


def test_what_the_other_verbs_return_shows_itself():
    import torch

    x = torch.rand(8, 3, 6, 6, generator=torch.Generator().manual_seed(0))
    net = torch.nn.Conv2d(3, 4, 3, padding=1).eval()
    found = {
        "range": symmeter.prediction_range(net, x, "rotation", "logits:equivariant", progress=False),
        "bands": symmeter.bands(net, x, "translation_x", progress=False),
        "maps": symmeter.maps(net, x, "rotation", output="logits:equivariant"),
    }
    for one in found.values():
        assert "\n" not in repr(one) and len(repr(one)) < 120
        assert "rotation" in one._repr_html_() or "translation_x" in one._repr_html_()
        assert all(len(line) <= 80 for line in str(one).splitlines())
    assert found["range"]["rotation", 0.1].t == 0.1
    assert found["bands"]["translation_x", "y", 0.25].low == 0.25
    assert "6x6" in str(found["maps"])
