"""Measures by name, and how new ones become known."""

import pytest
from tests.helpers import check_refused

from symmeter.measures import known_measures, parse_measures, registry
from symmeter.measures.lee import LEE


class Own(LEE):
    """A measure that somebody adds."""

    name = "own"
    arguments = "one word"

    def __init__(self, word="none"):
        self.word = word


@pytest.fixture
def _registered(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))
    registry.register(Own)


@pytest.mark.usefixtures("_registered")
def test_a_registered_measure_is_found_by_its_name_with_its_arguments():
    plain, named = parse_measures("own"), parse_measures("lee,own(word)")[1]
    assert plain[0].word == "none" and named.word == "word"
    assert "own" in known_measures()
    check_refused(
        r"'own\(a,b\)' has arguments that do not fit; own takes one word", parse_measures, "own(a,b)"
    )


def test_measures_of_images_only_come_from_their_domain():
    (peak,) = parse_measures("eq_t(3)")
    assert peak.peak == 3 and peak.name == "eq_t"
    assert {"eq_t", "eq_t_frac", "eq_r"} <= set(known_measures())
    assert list(known_measures())[:2] == ["lee", "geed"]


def test_measures_are_named_once():
    assert (
        [m.name for m in parse_measures("lee, LEE")] == [m.name for m in parse_measures(["lee"])] == ["lee"]
    )
    lee = LEE()
    assert parse_measures(lee) == [lee]


@pytest.mark.parametrize(("text", "words"), [
    ("le", "unknown measure 'le'; did you mean 'lee'"), ("", "unknown measure ''; choose from"), ([], "no measure given"),
    ("lee(3)", r"'lee\(3\)' has arguments that do not fit; lee takes nothing"),
    ("geed(kl,l2)", r"geed\(kl,l2\) has two distances"), ("geed(cosin)", "unknown distance 'cosin'"),
    ("eq_t(a)", r"'eq_t\(a\)' has arguments that do not fit; eq_t takes the range of the output"),
    ("eq_r(0)", "a peak of 0; give the range of the output"),
])  # fmt: skip
def test_mistakes_are_named_in_one_line(text, words):
    check_refused(words, parse_measures, text)
