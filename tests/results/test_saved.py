"""Kinds of rows and results register themselves, and are read back as what they were."""

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest
from tests.helpers import check_refused

from symmeter.domains.grids.aliasing.attribute import AliasRow
from symmeter.layers.profile import LayerRow, Profile
from symmeter.results import saved
from symmeter.results.result import Result
from symmeter.results.row import ElementRow, Row

LABELS = {
    "measure": "lee", "symmetry": "rotation", "output": "logits", "layer": "", "value": 1.0, "standard_error": None,
    "n": 1, "floor": None, "control": None, "selectivity": None, "unit": "1", "direction": "", "definition": "",
    "verdict": "no control",
}  # fmt: skip


@pytest.fixture
def registry(monkeypatch):
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(saved, "_RESULTS", dict(saved._RESULTS))
    monkeypatch.setattr(saved, "_ROWS", {kind: list(rows) for kind, rows in saved._ROWS.items()})


def read_back(result):
    return saved.from_parts(json.loads(json.dumps(result.to_dict())))


@pytest.mark.parametrize(
    ("kind", "row"), [(Result, Row), (Profile, LayerRow), (Profile, AliasRow)], ids=lambda c: c.__name__
)
def test_rows_come_back_as_what_they_were(kind, row):
    element = ElementRow("geed", "C4", "logits", "", "rotate 90", 90.0, 0.5, None, 1, "degree")
    result = kind((row(**LABELS),), {"status": "complete"}, ("a note",), elements=(element,))
    again = read_back(result)
    assert type(again) is kind and type(again.rows[0]) is row
    assert again.rows == result.rows and again.elements == result.elements
    assert again.header == result.header and again.warnings == result.warnings


def test_a_kind_from_elsewhere(registry):
    @dataclass(frozen=True)
    class Sung(Row):
        pitch: float = 0.0

    class Song(Result):
        kind: ClassVar[str] = "song"

    song = Song((Sung(**LABELS, pitch=440.0),), {"status": "complete"})
    check_refused("unknown kind of result 'song'; known are result, ", read_back, song)
    saved.register(Song, Sung)
    again = read_back(song)
    assert type(again) is Song and again.rows == song.rows


def test_two_results_cannot_be_saved_as_one_kind(registry):
    class Other(Result):
        kind: ClassVar[str] = "profile"

    with pytest.raises(ValueError, match="Profile and Other are both saved as 'profile'"):
        saved.register(Other, Row)


def test_elements_keep_their_intervals_and_older_ones_have_none():
    labels = ("relative_error", "shift(4,x)", "logits", "", "shift 1 0", 1.0, 0.5, 0.1, 9, "pixel")
    element = ElementRow(*labels, interval_low=0.3, interval_high=None)
    result = Result((Row(**LABELS),), {"status": "complete"}, elements=(element,))
    assert read_back(result).elements == (element,) and element.has_interval
    content = result.to_dict()
    for end in ("interval_low", "interval_high"):
        del content["elements"][0][end]
    (old,) = saved.from_parts(content).elements
    assert old == ElementRow(*labels) and not old.has_interval


def test_rows_of_an_older_version_lack_columns_and_have_others():
    content = Result((Row(**LABELS),), {"status": "complete"}).to_dict()
    content["rows"] = [{**LABELS, "colour": "red"}]
    assert saved.from_parts(content).rows == (Row(**LABELS),)
