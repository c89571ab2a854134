"""Fuzzers over all parsers: no crash, no hang over a second, no exception but SymmeterError.

SYMMETER_FUZZ=1000000 feeds so many inputs in all, in one long run of some half an hour:
SYMMETER_FUZZ=1000000 pytest tests/hostile/test_fuzz.py -m slow -s
"""

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from tests.hostile.parsers import Parser, parsers

from symmeter.errors import SymmeterError

PARSERS = parsers()
QUICK = [parser for parser in PARSERS if parser.share == 1]  # in the fast suite
TOTAL = int(os.environ.get("SYMMETER_FUZZ", "4000"))  # inputs of the slow run
FAST = 40  # inputs for each parser in the fast one
SECONDS = 1.0  # of the processor


class Hang(BaseException):
    """A text took longer than a second."""


@contextmanager
def bounded() -> Iterator[None]:
    """Hang, after a second of the processor's time, for what runs inside."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def stop(*_: object) -> None:
    """What the timer calls."""
    raise Hang


@pytest.fixture(autouse=True)
def _timer() -> Iterator[None]:
    """Hear the timer during a test."""
    before = signal.signal(signal.SIGPROF, stop)
    yield
    signal.signal(signal.SIGPROF, before)


def variants(text: str) -> list[str]:
    """A text, and what becomes of it: cut at each place, a character left out, doubled or exchanged, turned, repeated."""
    found = [text, text[::-1], text.upper(), text.lower(), f" {text} ", text * 2, text * 40]
    for place in range(len(text)):
        head, here, tail = text[:place], text[place], text[place + 1 :]
        found += [
            head,
            here + tail,
            head + tail,
            head + here + here + tail,
            head + tail[:1] + here + tail[1:],
        ]
    return list(dict.fromkeys(found))


def check(read: Callable[[str], Any], text: str) -> None:
    """One input: read, or refused in one line."""
    with bounded():
        try:
            read(text)
        except SymmeterError as error:
            line = str(error)
        else:
            return
    assert line.strip()
    assert "\n" not in line


def fuzz(parser: Parser, inputs: int) -> int:
    """Feed a parser at least so many inputs, the same in every run; returns how many it was."""
    fed, rounds = 0, 0
    texts = st.lists(st.sampled_from(parser.words), max_size=8).map("".join) | st.text(max_size=12)
    settings = hypothesis.settings(
        max_examples=max(2, min(inputs, 20000) // 8),
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    def feed(text: str) -> None:
        nonlocal fed
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for one in variants(text):
                fed += 1
                check(parser.read, one)

    parser.read_first()
    while fed < inputs:
        hypothesis.seed(rounds)(settings(hypothesis.given(texts)(feed)))()
        rounds += 1
    return fed


@pytest.mark.parametrize("parser", QUICK, ids=lambda parser: parser.name)
def test_a_parser_reads_or_refuses(parser):
    assert fuzz(parser, FAST) >= FAST


@pytest.mark.slow
@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.name)
def test_a_parser_reads_or_refuses_a_great_many(parser):
    each = int(TOTAL * parser.share / sum(one.share for one in PARSERS)) + 1
    fed = fuzz(parser, each)
    print(f"{parser.name}: {fed} inputs")
    assert fed >= each


def test_a_parser_that_crashes_or_hangs_is_found():
    def crash(text: str) -> None:
        if "(((" in text:
            raise ValueError(text)

    def hang(text: str) -> None:
        while "))" in text:
            pass

    with pytest.raises(ValueError, match=r"\(\(\("):
        fuzz(Parser("crashes", ("(",), crash), 400)
    with pytest.raises(Hang):
        check(hang, "))")
