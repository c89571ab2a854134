"""What is printed, and where it goes."""

import io
import sys

import pytest

from symmeter.cli import terminal


def test_a_reader_that_leaves_is_no_end_of_the_process(monkeypatch):
    """rich raises SystemExit there, which looked like one of the model's."""

    class Left(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Left())
    with pytest.raises(BrokenPipeError):
        terminal.console().print("words")
