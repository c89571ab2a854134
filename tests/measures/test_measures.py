"""What measures say of themselves."""

import numpy as np
import pytest

from symmeter.measures import known_measures, parse_measures
from symmeter.measures.normalised_variance import jackknife_error
from symmeter.results.row import HIGHER
from symmeter.results.standard_errors import standard_error


def test_every_measure_says_whether_it_is_a_square():
    squares = {m.name for m in known_measures().values() if m.power == 2}
    assert squares == {"lee", "geed", "twirled_variance", "equivariance_error", "loss_split", "kl_consistency", "js_consistency", "eq_t",
                       "eq_t_frac", "eq_r"}  # fmt: skip
    distances = {
        m.name: m.power for m in parse_measures("geed(l2),geed(euclidean),geed(cosine),geed(01),geed(kl)")
    }
    assert list(distances.values()) == [2, 1, 2, 1, 2]


def test_words_on_how_to_read_a_measure_agree_with_what_it_is():
    higher = {"consistency", "same_prediction", "effective_invariance", "orbit_accuracy", "worst_accuracy", "mask_consistency",
              "eq_t", "eq_t_frac", "eq_r"}  # fmt: skip
    for name, m in known_measures().items():
        assert m.direction.startswith(HIGHER if name in higher else "lower"), name


def test_the_jackknife_is_exact_for_means():
    values = np.random.default_rng(0).normal(size=10)
    left_out = [np.delete(values, i).mean() for i in range(10)]
    assert jackknife_error(left_out) == pytest.approx(standard_error(values))
    assert jackknife_error([1.0, 2.0]) is None
