"""Rows by their words: one is meant, or the words that are missing are said."""

from dataclasses import replace

import pytest
from tests.helpers import check_refused
from tests.results.compared import made_result, values_of

from symmeter.errors import SymmeterError


@pytest.fixture(scope="module")
def result():
    made = made_result({"rotation": values_of(0), "scale": values_of(1)})
    others = tuple(replace(row, measure="geed", output=f"{row.output}.1") for row in made.rows)
    return replace(made, rows=(*made.rows, *others))


def test_it_is_a_sequence_of_its_rows(result):
    assert len(result) == 4 and list(result) == list(result.rows) and next(reversed(result)) is result.rows[3]
    assert result[0] is result.rows[0] and result[-1] is result.rows[3] and result[1:3] == result.rows[1:3]
    assert result.rows[2] in result and "rotation" in result and "hue" not in result


@pytest.mark.parametrize("words", [
    ("rotation", "geed"), ("geed", "rotation"), ("logits.1", "rotation"), ("rotation", "logits.1", "geed"),
])  # fmt: skip
def test_words_in_any_order(result, words):
    assert result[words] is result.rows[2]


def test_one_word_is_enough_where_it_tells_rows_apart():
    made = made_result({"rotation": values_of(0), "scale": values_of(1)})
    assert made["scale"] is made.rows[1] and made[("scale",)] is made.rows[1]


def test_several_rows_are_refused_with_what_tells_them_apart(result):
    words = "2 rows have 'rotation'; add the measure: 'lee', 'geed', or the output: 'logits', 'logits.1'"
    check_refused(words, lambda: result["rotation"])
    check_refused("4 rows have 'net'|no row has 'net'", lambda: result["net"])


@pytest.mark.parametrize(("key", "words"), [
    ("rotate", "no row has 'rotate'; did you mean 'rotation'?"), (("rotation", "gead"), "did you mean 'geed'"),
    (("lee", "geed"), "no row has 'lee' and 'geed' together"), (("rotation", "rotation"), "together"),
    (7, "row 7: there are 4"), (None, "by its number or its words, not by None"), (1.5, "no row has 1.5"),
    (("rotation", ["geed"]), "not by"), ("x" * 10_000, "no row has 'xxx"), ((), "4 rows have"),
])  # fmt: skip
def test_a_wrong_key_is_one_line_and_a_key_error(result, key, words):
    with pytest.raises(KeyError) as caught:
        result[key]
    said = str(caught.value)
    assert isinstance(caught.value, SymmeterError) and words in said and "\n" not in said and len(said) < 1300


def test_completion_has_the_words(result):
    assert result._ipython_key_completions_() == ["rotation", "scale", "lee", "geed", "logits", "logits.1"]
    assert "stability" in result.rows[0]._ipython_key_completions_()


def test_a_comparison_is_one_too(result):
    comparison = made_result({"rotation": values_of(0)}).compare(made_result({"rotation": values_of(5)}))
    assert comparison["rotation", "value"] is comparison.rows[0] and len(comparison) == len(comparison.rows)


def test_what_a_key_says_is_not_a_part_of_a_word(result):
    check_refused("no row has 'rot'", lambda: result["rot"])
