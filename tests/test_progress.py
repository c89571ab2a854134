"""Bars: on a terminal, in a notebook, and nowhere else unless asked for."""

import io
import subprocess
import sys
from types import SimpleNamespace

import pytest

from symmeter import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def cell(monkeypatch):
    """A kernel made by hand: the lines that stand below its cell, one after the other."""
    pytest.importorskip("IPython")
    lines = []

    class Handle:
        def update(self, shown, raw):
            lines.append(shown["text/plain"])

    def display(shown, raw, display_id):
        lines.append(shown["text/plain"])
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    return lines


def run(progress_given):
    with progress.bar(progress_given, total=3, title="photos", unit="image") as one:
        for _ in range(3):
            one.update(1)


@pytest.mark.parametrize(("given", "terminal", "seen"), [
    (None, True, True), (None, False, False), (True, False, True), (True, True, True), (False, True, False),
])  # fmt: skip
def test_who_sees_it(given, terminal, seen, monkeypatch):
    stream = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    run(given)
    assert ("photos" in stream.getvalue()) == seen


@pytest.mark.parametrize("given", [None, True])
def test_a_notebook_shows_it_and_clears_it(given, cell, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr("tqdm.std.tqdm.mininterval", 0, raising=False)
    run(given)
    assert "photos" in cell[0] and "0/3" in cell[0] and "image" in cell[0]
    assert cell[-1] == "" and all("\r" not in line and "\n" not in line for line in cell)
    assert stream.getvalue() == ""


def test_a_notebook_is_quiet_where_that_was_asked_for(cell):
    run(False)
    assert cell == []


def test_a_console_of_ipython_is_no_notebook(monkeypatch):
    pytest.importorskip("IPython")
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace())
    assert progress.shell() is None


def test_looking_for_a_notebook_imports_nothing():
    code = "import sys; from symmeter.progress import shell; print(shell(), {'IPython', 'tqdm', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None set()"
