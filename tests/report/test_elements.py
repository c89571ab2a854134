"""Pictures of elements: what they draw is what the table of elements says."""

from dataclasses import replace

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning

elements = pytest.importorskip("symmeter.report.elements", exc_type=ImportError)
pytest.importorskip("matplotlib", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")


def result(symmetry="C8", measure="relative_error,consistency"):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(200, 3)).eval()
    return symmeter.measure(net, torch.rand(4, 1, 12, 12), symmetry, measure, elements=8, progress=False)


def test_the_line_is_the_table_of_elements():
    found = result()
    ax = elements.plot_elements(found)
    rows = [row for row in found.elements if row.measure == "relative_error"]
    assert ax.lines[0].get_xdata().tolist() == pytest.approx([*(row.parameter for row in rows), 360])
    assert ax.lines[0].get_ydata().tolist() == pytest.approx([*(row.value for row in rows), 0])
    assert "degrees" in ax.get_xlabel() and "relative error" in " ".join(ax.get_ylabel().split())
    other = elements.plot_elements(found, measure="consistency")
    assert (
        "consistency" in other.get_ylabel()
        and other.lines[0].get_ydata()[-1] == other.lines[0].get_ydata()[0]
    )


def crossing(images, measure="relative_error", symmetry="shift(4,x)"):
    """One that is exact under shifts by even numbers of pixels."""
    x = torch.rand(images, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    return symmeter.measure(
        lambda x: x[..., ::2].mean(-1).flatten(1), x, symmetry, measure, "logits:invariant", progress=False
    )


def band(ax):
    """Lowest and highest of the band at every place where it is."""
    found = {}
    for path in ax.collections[0].get_paths():
        for x, y in path.vertices:
            low, high = found.get(round(x, 6), (y, y))
            found[round(x, 6)] = min(low, y), max(high, y)
    return found


def test_the_band_is_the_intervals_of_the_table():
    found = crossing(24)
    ax = elements.plot_elements(found)
    drawn = band(ax)
    assert " ".join(ax.get_ylabel().split()).endswith("95 % interval")
    told = [row for row in found.elements if row.has_interval]
    assert {int(row.parameter) for row in told} >= {-3, -1, 1, 3}
    for row in told:
        assert row.interval_low < row.value < row.interval_high
        assert drawn[row.parameter] == pytest.approx((row.interval_low, row.interval_high))
    assert drawn[0] == (0, 0)
    assert "relative error [95 %]" in str(found) and "± s.e." not in str(found)


def test_too_few_images_have_bands_of_standard_errors():
    found = crossing(2)
    assert not any(row.has_interval for row in found.elements)
    ax = elements.plot_elements(found)
    assert ax.get_ylabel().endswith("± s.e.") and "relative error ± s.e." in str(found)
    drawn = band(ax)
    for row in found.elements:
        ends = row.value - row.standard_error, row.value + row.standard_error
        assert drawn[row.parameter] == pytest.approx(ends)


def test_where_values_set_no_bound_the_band_has_a_gap():
    found = crossing(24)
    rows = list(found.elements)
    lost = next(k for k, row in enumerate(rows) if row.parameter == 1)
    rows[lost] = replace(rows[lost], interval_low=None, interval_high=None)
    drawn = band(elements.plot_elements(replace(found, elements=tuple(rows))))
    assert 1 not in drawn and 3 in drawn


def test_the_circle_closes():
    ax = elements.plot_polar(result())
    y = ax.lines[0].get_ydata()
    assert y[0] == y[-1] and len(y) == 9


def test_scales_have_a_line_and_no_circle(tmp_path):
    found = result("scale(0.8,1.25)")
    assert "factor" in elements.plot_elements(found).get_xlabel()
    check_refused("needs rotations", elements.plot_polar, found)


def test_the_identity_is_on_every_curve_and_units_are_not_mixed():
    turned = elements.plot_elements(result("D4"))
    assert turned.lines[0].get_xdata().tolist() == pytest.approx([0, 90, 180, 270, 360])
    found = result("scale(0.8,1.25),C4", "relative_error")
    (line,) = elements.plot_elements(found).lines
    assert (
        line.get_label().startswith("scale")
        and 0.8 <= line.get_xdata().min() <= line.get_xdata().max() <= 1.25
    )
    assert "degrees" in elements.plot_elements(found, symmetry="C4").get_xlabel()


def test_mistakes():
    check_refused(
        "no element of this result has an angle", elements.plot_elements, result("hflip", "same_prediction")
    )
    check_refused(
        "no elements of 'geed'; there is relative_error over C8",
        elements.plot_elements,
        result(),
        measure="geed",
    )


def test_nothing_global_is_touched():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    elements.plot_elements(result())
    assert plt.get_fignums() == before


@pytest.mark.parametrize("measure", ["geed", "consistency", "twirled_variance", "geed(l2),geed(cosine)"])
@pytest.mark.parametrize(("symmetry", "sampling"), [("C8", "haar"), ("SO2", "quadrature")])
def test_the_curve_is_the_distance_to_the_image_as_it_is(measure, symmetry, sampling):
    """Not to the mean over the orbit, from which the image as it is may be furthest of all."""

    class Upright(nn.Module):  # sees one direction only
        def forward(self, x):
            return torch.stack(
                [(x * torch.linspace(-1, 1, 12)).mean((1, 2, 3)) * 40, 1 + 0 * x.mean((1, 2, 3))], 1
            )

    line = torch.linspace(-1, 1, 12)
    x = (torch.exp(-3 * (line**2 + line[:, None] ** 2)) * (1 + line)).expand(3, 1, 12, 12) * torch.rand(
        3, 1, 1, 1
    )
    found = symmeter.measure(
        Upright().eval(), x, symmetry, measure, elements=8, sampling=sampling, progress=False
    )
    ax = elements.plot_elements(found)
    angles, values = ax.lines[0].get_xdata(), ax.lines[0].get_ydata()
    assert angles[0] == 0 and values[0] == pytest.approx(0, abs=1e-6)
    assert abs(angles[values.argmax()] - 180) <= 45 and "relative error" in " ".join(ax.get_ylabel().split())
    for row in found.rows:
        assert row.worst_element.startswith("rotate")
    assert "worst by relative_error: rotate" in str(found)
    names = {e.measure for e in found.elements}
    assert not names & {"geed(kl)", "geed(l2)", "geed(cosine)", "twirled_variance"}


def test_shifts_along_an_axis_are_a_curve():
    """An output on every second pixel is exact under shifts by an even number of pixels."""
    (line,) = elements.plot_elements(crossing(4)).lines
    assert line.get_xdata().tolist() == list(range(-4, 5))
    odd = line.get_ydata()[1::2]
    assert min(odd) > 0.01 > 1e-5 > max(line.get_ydata()[::2])


@pytest.mark.parametrize("symmetry", ["C8", "SO2"])
def test_a_curve_over_rotations_begins_and_ends_at_zero(symmetry):
    """The identity changes nothing, whether it is among the elements that were drawn or not."""
    found = result(symmetry, "relative_error")
    rows = tuple(row for row in found.elements if row.value)
    for known in (found, replace(found, elements=rows)):
        (line,) = elements.plot_elements(known).lines
        angles, values = line.get_xdata(), line.get_ydata()
        assert (angles[0], values[0], angles[-1], values[-1]) == (0, 0, 360, 0)
        inner = {row.parameter: row.value for row in rows}
        assert dict(zip(angles[1:-1], values[1:-1], strict=True)) == pytest.approx(inner)


def test_several_models_on_one_axis():
    found = crossing(24)
    low = replace(found, elements=tuple(replace(row, value=row.value / 2) for row in found.elements))
    ax = elements.plot_elements({"one": found, "half": low}, stride=2)
    one, half = (line for line in ax.lines if line.get_label() in ("one", "half"))
    assert (half.get_ydata() * 2).tolist() == pytest.approx(one.get_ydata().tolist())
    assert one.get_marker() != half.get_marker() and one.get_linestyle() != half.get_linestyle()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "half"]
    multiples = {line.get_xdata()[0] for line in ax.lines if line.get_label().startswith("_")}
    assert multiples == {-4, -2, 0, 2, 4}
    assert (
        max(value for x, value in zip(one.get_xdata(), one.get_ydata(), strict=True) if x in multiples) < 1e-5
    )
