"""A store that a preset filled stands beside what was published: its points, and the regression on both."""

import json

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from tests.report.stores import fill, made_up, quick_frame

from symmeter.report.store.page import report
from symmeter.report.store.study import backdrop, points_of, repetition
from symmeter.report.store.table import tables
from symmeter.sweeps.presets.points import published_points
from symmeter.sweeps.store import Store

POINTS = published_points("gruver2023")


def of_preset(frame, name="gruver2023"):
    found = tables(frame.assign(tag_preset=name))
    return found, found.values[found.values["metric"] == found.metrics[0].key]


def test_the_published_effects_are_those_of_a_plain_regression():
    _, values = of_preset(quick_frame(30))
    found = repetition(values, POINTS)
    design = pd.DataFrame({
        "10 points more accuracy": [p.accuracy / 10 for p in POINTS],
        "transformer instead of CNN": [float(p.family == "ViT") for p in POINTS],
        "mixer instead of CNN": [float(p.family == "Mixer") for p in POINTS],
    })  # fmt: skip
    fitted = sm.OLS(np.log([p.error for p in POINTS]), sm.add_constant(design)).fit(
        cov_type="HC3", use_t=True
    )
    ends = np.exp(fitted.conf_int())
    assert found.published == 401 and found.here == 30
    for one in found.terms:
        expected = (np.exp(fitted.params[one.term]), *ends.loc[one.term])
        assert (one.published.factor, one.published.low, one.published.high) == pytest.approx(expected)


def test_what_was_put_in_is_found_and_compared():
    """Made-up errors fall by 10^-0.3 for ten points of accuracy; their roots by 10^-0.15."""
    _, values = of_preset(quick_frame(90))
    term = {one.term: one for one in repetition(values, POINTS).terms}["10 points more accuracy"]
    assert term.here.low < 10**-0.15 < term.here.high
    ratio = term.difference
    assert ratio.factor == pytest.approx(term.here.factor / term.published.factor)
    halves = [np.log(one.high / one.factor) for one in (term.here, term.published)]
    assert np.log(ratio.high / ratio.factor) == pytest.approx(np.hypot(*halves), rel=1e-6)
    assert term.verdict == "no difference shown"


def test_another_slope_is_different_and_few_models_are_too_few():
    _, values = of_preset(quick_frame(90, slope=1.0))
    assert repetition(values, POINTS).terms[0].verdict == "different"
    _, values = of_preset(quick_frame(6))
    assert {one.verdict for one in repetition(values, POINTS).terms} == {"too few models here"}


def test_only_a_store_of_one_preset_has_points():
    frame = quick_frame(9)
    assert points_of(tables(frame).models) == ()
    assert points_of(of_preset(frame, "zoo2026")[0].models) == ()
    mixed = ["gruver2023" if i % 2 else "zoo2026" for i in range(len(frame))]
    assert points_of(of_preset(frame, mixed)[0].models) == ()
    assert points_of(of_preset(frame)[0].models) == POINTS
    assert backdrop(()) is None and len(backdrop(POINTS)) == 401
    assert repetition(of_preset(frame)[1], ()) is None


@pytest.mark.slow
def test_the_page_has_the_points_and_both_regressions(tmp_path):
    cells = list(made_up(30))
    for task, _ in cells:
        task["entry"]["tags"]["preset"] = "gruver2023"
    fill(Store(tmp_path / "s", create=True), cells)
    text = report(tmp_path / "s", tmp_path / "r.html", charts_to=tmp_path / "charts").read_text()
    assert "The published regression again" in text and "401 published points, 30 models here" in text
    assert text.count("in their own unit") == 1  # of translation_x, and not of rotation
    svg = next((tmp_path / "charts").glob("*error-against-accuracy-lee-translation-x.svg")).read_text()
    assert "Gruver et al. 2023" in svg
    assert json.dumps(POINTS[0].error) in text
