"""What a sweep says in a notebook; its lines elsewhere are tested with sweeps."""

import pytest
from tests.test_progress import cell  # noqa: F401

from symmeter.sweeps.executors.executor import Outcome
from symmeter.sweeps.progress import InNotebook, Plain, Quiet, progress_for


def outcome(label, **words):
    return Outcome({"key": label, "label": label}, **words)


@pytest.mark.usefixtures("cell")
def test_a_bar_in_a_notebook_and_a_line_for_what_fails(cell, capsys):  # noqa: F811
    with progress_for(2, None) as told:
        assert isinstance(told, InNotebook)
        told.started({"key": "a", "label": "net a"})
        assert "net a" in cell[-1] and "0/2" in cell[-1]
        told.ended(outcome("net a"))
        told.ended(outcome("net b", failure="refused", reason="no such file"))
        told.say("a word")
    assert cell[-1] == ""
    assert capsys.readouterr().out.splitlines() == ["net b: refused: no such file", "a word"]


def test_elsewhere_lines_or_nothing(monkeypatch):
    assert isinstance(progress_for(2, None), Plain) and isinstance(progress_for(2, False), Quiet)
