"""How a difference shows itself: text, HTML, tables, JSON, and rows by their words."""

import json
from dataclasses import replace

import pytest
from tests.helpers import check_refused
from tests.layers.test_explain import explained, profile

from symmeter.layers.difference import SCHEMA
from symmeter.layers.difference_row import ROUND_OFF


@pytest.fixture(scope="module")
def found():
    return explained(profile(), profile(4, 1, 2), by="module,kind,stage")


def test_the_text_fits_and_says_how_to_read_it(found):
    text = str(found)
    assert max(map(len, text.splitlines())) <= 80
    for word in ("Sequential #2 less Sequential, by module and kind and stage", "12 images of both", "by stage",
                 "nit stride", "share of the whole difference", "whole", "verdict"):  # fmt: skip
        assert word in text
    assert ROUND_OFF not in text
    short = found.sheet(top=2).text()
    count = len(found.lines("rotation", "module"))
    assert f"{count - 3} more" in short or f"{count - 2} more" in short


def test_round_off_that_can_be_seen_is_shown(found):
    rows = [replace(row, difference=9.0) if row.layer == ROUND_OFF else row for row in found.rows]
    assert ROUND_OFF in str(replace(found, rows=tuple(rows)))


def test_it_is_a_sequence_of_rows_by_their_words(found):
    assert repr(found) == f"<Difference: {found.heading}, {len(found.rows)} rows>"
    assert found["rotation"].whole and found["rotation"].difference == found["rotation", "all"].difference
    assert found["convolution, strided", "rotation"].by == "kind"
    assert found["0", "rotation", "stage"].kind.startswith("convolution")
    check_refused("no row has 'rotatoin'; did you mean 'rotation'", found.__getitem__, "rotatoin")
    assert "rotation" in found and found["rotation"] in found


def test_in_a_notebook_what_others_wrote_is_escaped(found):
    html = replace(found, models=("<b>", "<script>"))._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html and "by stage" in html


def test_json_and_pandas_have_every_row(found, tmp_path):
    found.to_json(tmp_path / "d.json")
    content = json.loads((tmp_path / "d.json").read_text())
    assert content["schema"] == SCHEMA and content["models"] == list(found.models)
    assert len(content["rows"]) == len(found.rows) == len(found.to_pandas())
    assert content["rows"][0]["difference"] == found.rows[0].difference
    assert set(found.to_pandas()["by"]) == {"all", "module", "kind", "stage"}


def test_a_difference_draws_itself(found):
    pytest.importorskip("matplotlib", exc_type=ImportError)
    assert "less that in the reference" in " ".join(
        found.plot(symmetry="rotation", by="stage").get_xlabel().split()
    )
