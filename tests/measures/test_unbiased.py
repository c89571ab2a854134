"""Over many seeds: estimates from 4, 10 and 24 sampled elements have the mean of the whole group, for every measure.

Every G-EED distance, twirled variance and consistency, over C24, D12 and S4, with the whole group, half of it and the
identity as the kernel of the output's representation: benchmarks/unbiased.py, which prints the table.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).resolve().parents[2] / "benchmarks" / "unbiased.py"
COUNTS, SEEDS = (4, 10, 24), 100


def loaded(path):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


unbiased = loaded(PATH)
CASES = list(unbiased.cases())
# One case with the whole group as kernel, for vectors and for maps, and one with the identity, are tests of every change.
OFTEN = {("C24", "full"), ("S4", "trivial")}
PARAMETERS = [
    pytest.param(
        case,
        id=f"{case.group}-{case.kernel}-{i}",
        marks=() if (case.group, case.kernel) in OFTEN else pytest.mark.long,
    )
    for i, case in enumerate(CASES)
]


@pytest.mark.slow
@pytest.mark.parametrize("case", PARAMETERS)
def test_estimates_from_sampled_elements_are_unbiased(case):
    """At most 4 standard errors from the truth, of some 200 comparisons, and 1.5 in the mean over those of a case."""
    found = list(unbiased.check(case, COUNTS, SEEDS))
    assert [f for f in found if abs(f.bias) > 4] == []
    assert np.mean([f.bias**2 for f in found]) < 1.5**2
    for count in (10, 24):
        assert 0.9 < np.median([f.error_over_spread for f in found if f.count == count]) < 1.1


@pytest.mark.slow
def test_a_bias_would_be_seen():
    """The plain mean over the sample in the place of fhat: too close by 1 / N."""
    case = next(c for c in CASES if c.kernel == "full")
    whole = unbiased.rows(case)["geed(l2)"].error
    plain = [unbiased.sampled(case, 4, seed)["twirled_variance"].error * 24 * 3 / 4 for seed in range(SEEDS)]
    assert abs(np.mean(plain) - whole) > 4 * np.std(plain) / SEEDS**0.5
    assert abs(np.mean(plain) * 4 / 3 - whole) < 4 * np.std(plain) / SEEDS**0.5
