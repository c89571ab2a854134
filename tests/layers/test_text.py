"""A profile names its layers wherever it is shown."""

from html import unescape

import pytest
from tests.helpers import check_refused
from tests.layers.profiles import profile

from symmeter.layers.summaries import by_module
from symmeter.layers.text import View, shortened_name


@pytest.fixture(scope="module")
def found():
    return profile()


def test_print_names_the_layers_worst_first(found):
    text = str(found)
    for symmetry in found.symmetries:
        part = text[text.index(f"\n{symmetry} ") :]
        places = [part.index(f"\n{share.label or '(whole)'} ") for share in by_module(found, symmetry)[:15]]
        assert places == sorted(places)
    assert all(len(line) <= 80 for line in text.splitlines())


def test_a_notebook_has_the_same_words(found):
    html = unescape(found._repr_html_())
    for share in by_module(found, "translation_x"):
        assert f"<td>{share.label}</td>" in html
    assert "whole, stability" in html and 'class="symmeter-section"' in html


def test_a_view_shows_what_was_asked_for(found):
    text = found.sheet(80, View(by="kind")).text()
    assert "by kind" in text and "convolution" in text
    few = found.sheet(80, View(top=2)).text()
    assert f"{len(by_module(found, 'translation_x')) - 2} more" in few


def test_a_part_by_its_name_and_the_whole_by_that_of_the_symmetry(found):
    row = found["0", "translation_y"]
    assert (row.layer, row.symmetry) == ("0", "translation_y") and row in found.rows
    assert found["translation_x"].whole and found["translation_x"].layer == ""
    check_refused("2 rows have '0'; add the symmetry: 'translation_x', 'translation_y'", lambda: found["0"])
    assert profile(symmetry="rotation")["0"].layer == "0"
    assert row.words()["share [95 %]"] in str(found) and row.words()["contribution"] in str(found)
    assert "3.0.conv" in found._ipython_key_completions_() and "18" not in found


def test_a_layer_may_be_called_as_a_symmetry_is(found):
    from dataclasses import replace

    rows = tuple(replace(row, layer="translation_x") if row.layer == "0" else row for row in found.rows)
    other = replace(found, rows=rows)
    assert other["translation_x"].whole
    assert other["translation_x", "translation_x"].layer == "translation_x"


def test_names_keep_both_ends():
    assert shortened_name("a.very.long.name.of.a.layer", 11) == "a.ver…layer"
