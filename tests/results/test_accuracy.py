"""Accuracy and confidence of results, and differences in pairs."""

from types import SimpleNamespace

import numpy as np
import pytest

from symmeter.results.accuracy import change_of, of_scores

HEAD = {"accuracy": {"top1": 0.5, "interval_low": 0.3, "interval_high": 0.7}}


def made(hits, names, sure=(), header=HEAD):
    return SimpleNamespace(
        header=header, samples={"top1": np.array(hits), "confidence": np.array(sure)}, sample_names=names
    )


def test_the_change_is_over_images_of_both():
    before, after = made([1.0, 1, 0, 1], tuple("abcd")), made([1.0, 0, 0], tuple("dcb"))
    found = change_of(after, before)
    assert found["accuracy_change"] == pytest.approx(np.mean([1 - 1, 0 - 0, 0 - 1]))
    assert found["accuracy_change_low"] < found["accuracy_change"] < found["accuracy_change_high"]


def test_images_without_a_label_do_not_count():
    found = change_of(made([1.0, np.nan], tuple("ab")), made([0.0, 1.0], tuple("ab")))
    assert found["accuracy_change"] == 1.0 and found["accuracy_change_low"] is None
    assert change_of(made([1.0], ("a",), header={"accuracy": None}), made([1.0], ("a",))) == {}


def test_confidence_is_a_mean_over_what_is_known():
    found = of_scores(made([1.0] * 4, tuple("abcd"), [0.2, 0.4, np.nan, 0.9]))
    assert found["confidence"] == pytest.approx(0.5)
    assert (found["accuracy_low"], found["accuracy_high"]) == (0.3, 0.7)
    assert "confidence" not in of_scores(made([1.0], ("a",), [np.nan]))
