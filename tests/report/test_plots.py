"""Pictures: what they draw is what the profile says, and nothing global is touched."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.layers.profiles import images, net, profile

from symmeter.domains.grids.maps import Maps
from symmeter.errors import SymmeterError
from symmeter.layers import summaries as views

figures = pytest.importorskip("symmeter.report.figures", exc_type=ImportError)
maps = pytest.importorskip("symmeter.report.maps", exc_type=ImportError)
picture = pytest.importorskip("symmeter.report.picture", exc_type=ImportError).picture
plots = pytest.importorskip("symmeter.report.plots", exc_type=ImportError)
matplotlib = pytest.importorskip("matplotlib", exc_type=ImportError)


@pytest.fixture(scope="module")
def found():
    return profile()


def test_stacked_bars_add_up_to_lee(found):
    ax = plots.plot_stacked(found)
    heights = [bar.get_height() for container in ax.containers[:-1] for bar in container]
    whole = sum(found.contributions(symmetry)[0].mean() for symmetry in found.symmetries)
    assert sum(heights) == pytest.approx(whole, rel=0.01)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["translation x", "translation y"]
    assert "output²" in ax.get_ylabel()


def test_bars_are_the_intervals_of_the_rows(found):
    ax = plots.plot_stacked(found)
    (lee,) = (c for c in ax.containers if c.get_label() == "LEE, 95 % interval")
    roots = [row for row in found.rows if row.whole]
    for row, line in zip(roots, lee.lines[2][0].get_segments(), strict=True):
        assert line[:, 1].tolist() == pytest.approx([row.interval_low, row.interval_high])
        assert row.interval_high - row.value != pytest.approx(row.value - row.interval_low, rel=0.01)
    worst = plots.plot_worst(found, symmetry="translation_x", top=1)
    share = views.by_module(found, "translation_x")[0]
    row = next(row for row in found.rows if (row.symmetry, row.layer) == ("translation_x", share.label))
    (line,) = worst.containers[0].lines[2][0].get_segments()
    assert line[:, 0].tolist() == pytest.approx([100 * row.share_low, 100 * row.share_high])


def test_an_interval_that_is_not_there_has_no_bar_and_an_infinite_one_ends_at_the_edge():
    found = figures.bars([1.0, 2.0, 3.0], [0.5, None, -np.inf], [1.5, None, np.inf])
    np.testing.assert_array_equal(found, [[0.5, np.nan, 2.5], [0.5, np.nan, 0.0]])


def test_an_interval_that_is_far_longer_than_the_values_does_not_hide_them(found):
    wide = replace(found, rows=tuple(replace(r, share_low=-1e7, share_high=1e7) for r in found.rows))
    shares = [100 * (line.share or 0.0) for line in views.by_module(found, "translation_x")[:12]]
    span = max(*shares, 0.0) - min(*shares, 0.0)
    left, right = plots.plot_worst(wide, symmetry="translation_x").get_xlim()
    assert left <= min(shares) and max(shares) <= right and right - left < 3.2 * span
    low, high = plots.plot_cumulative(wide).get_ylim()
    assert low <= 0 and 1 <= high < 10


def test_cumulative_ends_at_one(found):
    ax = plots.plot_cumulative(found)
    assert ax.lines[0].get_ydata()[-1] == pytest.approx(1, rel=1e-5)


def test_other_pictures_show_the_views(found):
    assert len(plots.plot_tree(found).get_yticklabels()) == len(found.parts)
    assert "collapsed" in plots.plot_tree(found, depth=1).get_title()
    worst = plots.plot_worst(found, top=3)
    shares = [100 * share.share for share in views.by_module(found, "translation_x")[:3]]
    assert [bar.get_width() for bar in worst.patches][::-1] == pytest.approx(shares)
    widths = sum(bar.get_width() for bar in plots.plot_fraction(found).patches)
    assert widths == pytest.approx(2, rel=0.02)


def test_comparison_of_models(found):
    ax = plots.plot_stacked({"one": found, "other $x$": found}, symmetry="translation_y")
    assert len(ax.get_xticklabels()) == 2


def test_files_of_every_format_and_no_global_state(found, tmp_path):
    before = dict(matplotlib.rcParams)
    figure = picture(found)
    for name in ("a.png", "b.svg", "c.pdf"):
        assert figures.save_figure(figure, tmp_path / name).stat().st_size > 1000
    assert matplotlib.rcParams == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []
    with pytest.raises(SymmeterError, match=r"ends in \.png, \.svg, \.pdf"):
        figures.save_figure(figure, tmp_path / "a.gif")
    with pytest.raises(SymmeterError, match="cannot write"):
        figures.save_figure(figure, tmp_path / "a.png" / "b.png")


def test_no_text_is_cut_off(found):
    figure = picture(found)
    figure.draw_without_rendering()
    inside, whole = figure.get_tightbbox(), figure.bbox_inches
    assert inside.x0 > -0.1 and inside.y0 > -0.1
    assert inside.x1 < whole.x1 + 0.1 and inside.y1 < whole.y1 + 0.1


@pytest.mark.filterwarnings("ignore:no interval for")
def test_maps_of_one_image(tmp_path):
    import symmeter

    found = symmeter.maps(net(), images(1), "rotation", layers=["2", "3.0"], output="logits")
    whole = symmeter.measure(net(), images(1), "rotation", output="logits", control=False)
    assert found.density["rotation"].sum() == pytest.approx(whole.rows[0].value, rel=1e-4)
    inner = symmeter.measure(net(), images(1), "rotation", output="2", control=False)
    assert np.square(found.features["2"]["rotation"]).mean() == pytest.approx(inner.rows[0].value, rel=1e-4)
    figures.save_figure(maps.plot_density(found), tmp_path / "d.png")
    figures.save_figure(maps.plot_feature(found, layer="3.0"), tmp_path / "f.png")
    with pytest.raises(SymmeterError, match="unknown output 'nowhere'"):
        symmeter.maps(net(), images(1), layers=["nowhere"])
    with pytest.raises(SymmeterError, match="only a grid makes a picture"):
        symmeter.maps(net(), images(1), layers=["6"], output="logits")


def test_maps_of_a_volume_show_the_slice_with_the_most(tmp_path):
    image, density, inner = np.full((3, 4, 5, 1), 0.5), np.zeros((3, 4, 5)), np.ones((2, 4, 5))
    density[2, 1, 1] = -1.0
    found = Maps("scan", image, {"rotation_z": density}, {"0": {"rotation_z": inner}}, "1")
    ax = maps.plot_density(found)
    assert ax.get_title() == "z = 2" and ax.images[1].get_array().min() == -1
    assert maps.plot_density(found, z=0).images[1].get_array().min() == 0
    assert maps.plot_feature(found, layer="0").images[0].get_array().shape == (4, 5)
    figures.save_figure(ax, tmp_path / "v.png")
