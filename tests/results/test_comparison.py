"""Models compared image by image: ratios that are known, what is refused, and how often chance is taken for more."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from tests.helpers import check_refused
from tests.results.compared import IMAGES, made_result, row_of, values_of

from symmeter.results.comparison import compared
from symmeter.results.row import Row

FACTOR = 0.37


def test_a_model_scaled_on_every_image_by_one_factor_has_just_that_ratio():
    values = values_of(0)
    comparison = compared(
        [made_result({"rotation": values}), made_result({"rotation": FACTOR * values}, model="B")]
    )
    row = row_of(comparison)
    assert row.ratio == pytest.approx(FACTOR, rel=1e-12)
    assert row.ratio_low == pytest.approx(FACTOR, rel=1e-9) and row.ratio_high == pytest.approx(
        FACTOR, rel=1e-9
    )
    assert (row.pairs, row.verdict, row.model, row.reference) == (16, "smaller error", "B", "net")
    assert row.value == pytest.approx(FACTOR * row.reference_value) == pytest.approx(FACTOR * values.mean())


def test_a_ratio_that_varies_has_the_interval_of_its_logarithms():
    values, factors = values_of(0), np.exp(np.random.default_rng(1).normal(0.5, 0.3, 16))
    row = row_of(compared([made_result({"rotation": values}), made_result({"rotation": factors * values})]))
    test = stats.ttest_1samp(np.log(factors), 0.0)
    low, high = test.confidence_interval()
    assert row.ratio == pytest.approx(stats.gmean(factors))
    assert (row.ratio_low, row.ratio_high) == pytest.approx((math.exp(low), math.exp(high)))
    assert row.p == row.p_corrected == pytest.approx(test.pvalue)
    assert row.verdict == "larger error"


def test_images_are_matched_by_name_in_whatever_order():
    values, order = values_of(0), np.random.default_rng(2).permutation(16)
    shuffled = made_result({"rotation": FACTOR * values[order]}, [IMAGES[i] for i in order])
    row = row_of(compared([made_result({"rotation": values}), shuffled]))
    assert row.ratio_low == pytest.approx(FACTOR) == pytest.approx(row.ratio_high)


def test_only_the_images_of_both_count():
    values = values_of(0)
    first = made_result({"rotation": values[:12]}, IMAGES[:12])
    second = made_result({"rotation": np.r_[FACTOR * values[4:12], 1e6 * values[12:]]}, IMAGES[4:], "B")
    comparison = compared([first, second])
    row = row_of(comparison)
    assert row.ratio == pytest.approx(FACTOR) and row.pairs == 8
    assert row.reference_value == pytest.approx(values[4:12].mean())
    assert comparison.images == (8,) and "8 of 12" in comparison.notes[0]


def test_stability_and_specificity_are_ratios_of_ratios():
    v, c, s = values_of(0), values_of(1), values_of(2)
    both = {"rotation": v, "rotation:control": c, "rotation:specificity_control": s}
    other = {"rotation": 6 * v, "rotation:control": 2 * c, "rotation:specificity_control": 12 * s}
    comparison = compared([made_result(both), made_result(other)])
    ratios = {
        quantity: row_of(comparison, quantity=quantity).ratio
        for quantity in ("value", "stability", "specificity")
    }
    assert ratios == pytest.approx({"value": 6, "stability": 3, "specificity": 0.5})
    row = row_of(comparison, quantity="stability")
    assert row.reference_value == pytest.approx(stats.gmean(v / c))


def test_a_quantity_needs_the_control_of_both():
    with_control = {"rotation": values_of(0), "rotation:control": values_of(1)}
    comparison = compared([made_result(with_control), made_result({"rotation": values_of(2)})])
    assert {row.quantity for row in comparison.rows} == {"value"}


def test_errors_are_compared_in_units_of_their_scale():
    values, scales = values_of(0), values_of(1)
    first, second = orbit_result(values, scales), orbit_result(values, 5 * scales)
    assert row_of(compared([first, second]), "C4").ratio == pytest.approx(1 / 5)


def orbit_result(values, scales):
    """Relative errors over C4, reported as similarities that are made of errors."""
    made = made_result({"C4": values})
    own = {
        **made.rows[0],
        "measure": "relative_error",
        "value": -1.0,
        "error": made.rows[0].value,
        "elements": 4,
    }
    return type(made)(
        (Row(**own),), made.header, (), {**made.samples, "lee:C4:scale": scales}, made.sample_names
    )


def test_every_other_model_is_compared_with_the_first_and_corrected_by_holm():
    random = np.random.default_rng(0)
    base = {name: values_of(i) for i, name in enumerate(("rotation", "scale"))}
    others = [
        {name: v * np.exp(random.normal(shift, 1, 16)) for name, v in base.items()} for shift in (0.5, 0.6)
    ]
    comparison = compared([made_result(columns) for columns in [base, *others]], ["A", "B", "C"])
    assert comparison.models == ("A", "B", "C") and comparison.images == (16, 16)
    rows = sorted(comparison.rows, key=lambda row: row.p)
    assert [row.reference for row in rows] == ["A"] * 4 and {row.model for row in rows} == {"B", "C"}
    least = 0.0
    for factor, row in zip((4, 3, 2, 1), rows, strict=True):
        least = max(least, min(1.0, factor * row.p))
        assert row.p_corrected == pytest.approx(least)
        excludes_one = not row.ratio_low <= 1 <= row.ratio_high
        assert (row.verdict != "no clear difference") == (least < 0.05 and excludes_one)
    assert any(row.p < 0.05 <= row.p_corrected for row in rows)  # the correction matters here


def test_equal_results_are_no_clear_difference():
    result = made_result({"rotation": values_of(0)})
    row = row_of(compared([result, result]))
    assert (row.ratio, row.p, row.verdict) == (1.0, 1.0, "no clear difference")
    assert (row.reference, row.model) == ("net", "net #2")


@pytest.mark.parametrize("which", [0, 1])
def test_what_either_did_not_resolve_is_not_compared(which):
    values = values_of(0)
    floors = [0.0, 0.0]
    floors[which] = float(values.mean())
    results = [made_result({"rotation": (1 + 9 * i) * values}, floor=(1 + 9 * i) * floors[i]) for i in (0, 1)]
    assert row_of(compared(results)).verdict == "not resolved"


def test_below_eight_images_there_is_no_verdict():
    values = values_of(0)
    for n, verdict in [(7, "too few"), (8, "smaller error")]:
        results = [made_result({"rotation": f * values[:n]}, IMAGES[:n]) for f in (1, FACTOR)]
        assert row_of(compared(results)).verdict == verdict


def test_zeros_are_dropped_with_their_pair():
    values, other = values_of(0), FACTOR * values_of(0)
    other[3] = 0.0
    row = row_of(compared([made_result({"rotation": values}), made_result({"rotation": other})]))
    assert row.ratio == pytest.approx(FACTOR) and row.pairs == 15


# what is refused


def test_what_cannot_be_compared_is_refused():
    v = values_of(0)
    usual = made_result({"rotation": v})
    other_images = made_result({"rotation": v}, [f"x{i}" for i in range(16)], data="other")
    check_refused("other samples", compared, [usual, other_images])
    check_refused("definition: bandlimited in net, but bicubic", compared, [usual, made_result({"rotation": v}, definition="bicubic")])  # fmt: skip
    check_refused("unit of lee rotation: 1 in net, but probability", compared, [usual, made_result({"rotation": v}, unit="probability")])  # fmt: skip
    check_refused("output: logits in net, but softmax", compared, [usual, made_result({"rotation": v}, output="softmax")])  # fmt: skip
    check_refused("symmetry: rotation in net, but scale", compared, [usual, made_result({"scale": v})])
    without = type(usual)(usual.rows, usual.header)
    check_refused("values of single samples are not there", compared, [usual, without])
    check_refused("give two or more", compared, [usual])


def test_numbered_images_of_other_data_are_other_images():
    v, numbers = values_of(0), list(map(str, range(16)))
    mnist, cifar = (made_result({"rotation": v}, numbers, data=name) for name in ("mnist", "cifar"))
    check_refused("other samples", compared, [mnist, cifar])
    names = tuple(f"image[{number}]" for number in range(16))  # as those of tensors are called
    mnist, cifar = (replace(one, sample_names=names) for one in (mnist, cifar))
    check_refused("other samples", compared, [mnist, cifar])
    one, two = (made_result({"rotation": v}, numbers) for _ in range(2))
    one.samples["label"], two.samples["label"] = np.arange(16.0), np.arange(16.0)
    assert compared([one, two]).images == (16,)
    two.samples["label"] = np.arange(16.0)[::-1]
    check_refused("other samples", compared, [one, two])


def test_measures_of_all_images_together_are_left_out_by_name():
    v = values_of(0)
    results = []
    for factor in (1, 2):
        made = made_result({"rotation": factor * v})
        pooled = Row(**{**made.rows[0], "measure": "normalised_variance", "column": None})
        results.append(type(made)((*made.rows, pooled), made.header, (), made.samples, made.sample_names))
    comparison = compared(results)
    assert len(comparison.rows) == 1 and "normalised_variance is left out" in comparison.notes[0]


# what is shown


def three():
    random = np.random.default_rng(0)
    columns = [
        {f"{name}{kind}": random.lognormal(size=16) for name in ("translation_x", "perspective_horizontal") for kind in ("", ":control")}
        for _ in range(3)
    ]  # fmt: skip
    return [made_result(one, model=f"timm:a_model_with_a_long_name_{i}") for i, one in enumerate(columns)]


@pytest.mark.parametrize("count", [2, 3])
def test_it_prints_a_table_of_80_columns(count):
    comparison = compared(three()[:count])
    text = str(comparison)
    assert max(map(len, text.splitlines())) <= 80
    for word in (
        "translation_x",
        "verdict",
        "no clear difference",
        "16 images of both",
        "ratio",
        "corrected",
    ):
        assert word in text


def test_json_and_pandas_have_every_row(tmp_path):
    comparison = compared(three())
    comparison.to_json(tmp_path / "c.json")
    content = json.loads((tmp_path / "c.json").read_text())
    assert content["reference"] == comparison.models[0] and len(content["rows"]) == len(comparison.rows) == 8
    assert content["rows"][0] == dict(comparison.rows[0])
    assert list(comparison.to_pandas()["ratio"]) == [row.ratio for row in comparison.rows]


def test_a_result_compares_itself_with_another():
    first, second = made_result({"rotation": values_of(0)}), made_result({"rotation": FACTOR * values_of(0)})
    row = row_of(second.compare(first))
    assert row.ratio == pytest.approx(FACTOR) and row.verdict == "smaller error"
    check_refused("other is 3", first.compare, 3)


# how often chance is taken for a difference


@pytest.mark.parametrize("n", [8, 64])
def test_pairs_swapped_at_random_are_seldom_called_different(n):
    """Along two generators, as of the usual translations. In at most 3 % of the rows, and in 5 % of the comparisons."""
    random, draws = np.random.default_rng(n), 1000
    names = [str(i) for i in range(n)]
    rows = families = 0
    for _ in range(draws):
        pairs = {name: random.lognormal(sigma=2, size=(2, n)) for name in ("rotation", "scale")}
        swapped = {name: np.where(random.random(n) < 0.5, pair, pair[::-1]) for name, pair in pairs.items()}
        results = [
            made_result_quickly({name: pair[i] for name, pair in swapped.items()}, names) for i in (0, 1)
        ]
        wrong = sum(row.verdict != "no clear difference" for row in compared(results).rows)
        rows, families = rows + wrong, families + bool(wrong)
    assert stats.binomtest(rows, 2 * draws, 0.03, alternative="greater").pvalue > 0.01
    assert stats.binomtest(families, draws, 0.05, alternative="greater").pvalue > 0.01


def made_result_quickly(columns, names):
    """A result whose rows have no intervals of their own."""
    made = made_result({name: [1.0, 2.0, 3.0] for name in columns}, names)
    samples = {f"lee:{name}": values for name, values in columns.items()}
    return type(made)(made.rows, made.header, (), samples, tuple(names))
