"""The forest plot shows the ratios of the comparison, and their intervals as they are."""

import numpy as np
import pytest
from tests.helpers import check_refused
from tests.results.compared import made_result, values_of

from symmeter.results.comparison import compared

forest = pytest.importorskip("symmeter.report.forest", exc_type=ImportError).forest
pytest.importorskip("matplotlib", exc_type=ImportError)


@pytest.fixture(scope="module")
def comparison():
    random = np.random.default_rng(0)
    base = {
        f"{name}{kind}": values_of(i)
        for i, name in enumerate(("rotation", "scale"))
        for kind in ("", ":control")
    }
    columns = [base, *({n: v * random.lognormal(size=16) for n, v in base.items()} for _ in range(2))]
    return compared([made_result(one, model=f"net_{i}") for i, one in enumerate(columns)])


def test_every_row_is_a_mark_with_its_interval(comparison):
    ax = forest(comparison)
    assert ax.get_xscale() == "log"
    marks = {
        line.get_xdata()[0]: line
        for line in ax.lines
        if line.get_marker() != "None" and len(line.get_xdata()) == 1
    }
    bars = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    assert len(ax.get_yticks()) == len(comparison.rows) == 8
    for row in comparison.rows:
        assert row.ratio in marks and (row.ratio_low, row.ratio_high) in bars
        filled = marks[row.ratio].get_markerfacecolor() != "white"
        assert filled == (row.verdict not in ("no clear difference", "not resolved", "too few"))
    assert (1, 1) in bars  # the line of no difference
    low, high = ax.get_xlim()
    assert all(low < row.ratio_low and row.ratio_high < high for row in comparison.rows)


def test_one_quantity_in_axes_of_ones_own(comparison):
    from symmeter.report.figures import new_figure

    own = new_figure(4, 3).subplots()
    assert forest(comparison, own, quantity="stability") is own
    labels = [label.get_text() for label in own.get_yticklabels()]
    assert len(labels) == 4 and all(label.startswith("stability") for label in labels)
    check_refused(
        "quantity 'specificity': choose from value, stability", forest, comparison, quantity="specificity"
    )


def test_it_is_written(comparison, tmp_path):
    from symmeter.report.figures import save_figure

    assert save_figure(forest(comparison), tmp_path / "f.svg").stat().st_size > 1000
