"""`plot`: which figure fits, axes of one's own, several results, saved ones, and nothing global is touched."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers import check_refused
from tests.layers.profiles import profile
from tests.report.made import made
from tests.report.test_elements import crossing

import symmeter
from symmeter.results.comparison import compared
from symmeter.results.intervals import of_ratios

kinds = pytest.importorskip("symmeter.report.kinds", exc_type=ImportError)
matplotlib = pytest.importorskip("matplotlib", exc_type=ImportError)

OF_RESULTS = {"errors", "ratios", "stability", "specificity", "overview"}
OF_PROFILES = {"stacked", "cumulative", "worst", "fraction", "tree"}


@pytest.fixture(scope="module")
def parts():
    return profile()


def test_which_kinds_fit(parts):
    assert set(kinds.fitting({"": made()})) == OF_RESULTS
    assert set(kinds.fitting({"a": made(), "b": made(1)})) == OF_RESULTS - {"ratios"} | {"pairs"}
    assert set(kinds.fitting({"": crossing(4)})) >= {"elements", "errors", "overview"}
    assert set(kinds.fitting({"": parts})) >= OF_PROFILES
    assert kinds.fitting({"": compared([made(), made(1)], ["a", "b"])}) == ["forest"]


def test_a_wrong_kind_names_those_that_fit():
    check_refused("unknown kind of figure 'erors'; did you mean 'errors'", made().plot, "erors")
    check_refused("kind 'tree' does not fit this result; choose from errors, ratios", made().plot, "tree")
    check_refused(
        "kind 'ratios' does not fit these 2 results; choose from errors",
        symmeter.plot,
        [made(), made(1)],
        "ratios",
    )
    check_refused(
        "overview is a figure of several panels: leave out ax, symmetry",
        made().plot,
        "overview",
        1,
        symmetry="C4",
    )
    check_refused(
        "kind 'overview' does not fit this; choose from forest",
        compared([made(), made(1)], ["a", "b"]).plot,
        "overview",
    )
    check_refused("ax is 'a.png'; give Axes of matplotlib", made().plot, "errors", "a.png")
    check_refused("width is 3; give 1 or 2", made().plot, width=3)
    check_refused("results: 5 cannot be drawn; give a result", symmeter.plot, 5)
    check_refused("there are no results to draw", symmeter.plot, [])


def test_a_result_draws_what_fits_first(parts):
    assert "LEE" in made().plot().get_xlabel()
    assert "relative error" in " ".join(crossing(4).plot().get_ylabel().split())
    assert "contribution" in parts.plot().get_ylabel()
    assert "share of LEE" in parts.plot("worst", top=2).get_xlabel()
    assert "times the reference" in " ".join(
        compared([made(), made(1)], ["a", "b"]).plot().get_xlabel().split()
    )


@pytest.mark.parametrize("kind", ["errors", "ratios", "stability"])
def test_axes_of_ones_own_in_ones_own_style(kind):
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"font.size": 20.0, "axes.spines.top": True}):
        before = dict(matplotlib.rcParams)
        own = Figure(figsize=(5, 4)).subplots()
        assert made().plot(kind, ax=own) is own
        assert dict(matplotlib.rcParams) == before
        new = made().plot(kind)
    assert own.figure.get_figwidth() == 5 and new.figure.get_figwidth() == 3.35
    assert new.xaxis.label.get_size() == 8


@pytest.mark.slow
@pytest.mark.parametrize(("width", "inches"), [(1, 3.35), (2, 6.9)])
@pytest.mark.parametrize("kind", sorted(OF_RESULTS | OF_PROFILES))
def test_both_widths_and_all_formats_the_same_twice(kind, width, inches, parts, tmp_path):
    from symmeter.report.figures import save_figure

    found = parts if kind in OF_PROFILES else made(floor=1e9)
    before = dict(matplotlib.rcParams)
    drawn = found.plot(kind, width=width)
    assert getattr(drawn, "figure", drawn).get_figwidth() == inches
    for ending in ("png", "svg", "pdf") if kind in ("errors", "overview") else ():
        pictures = {name: found.plot(kind, width=width) for name in ("a", "b")}
        one, other = (save_figure(p, tmp_path / f"{n}.{ending}").read_bytes() for n, p in pictures.items())
        assert one == other and len(one) > 1000
        assert (ending != "svg") or b"<text" in one  # text that can be searched and edited
    assert dict(matplotlib.rcParams) == before
    if "matplotlib.pyplot" in sys.modules:
        assert sys.modules["matplotlib.pyplot"].get_fignums() == []


@pytest.mark.parametrize("kind", sorted(OF_RESULTS))
def test_no_text_is_cut_off(kind):
    for width in (1, 2):
        drawn = made(
            floor=1e9, model="a_network_of_a_very_long_name_that_does_not_fit_into_a_line.in1k"
        ).plot(kind, width=width)
        figure = getattr(drawn, "figure", drawn)
        figure.draw_without_rendering()
        inside, whole = figure.get_tightbbox(), figure.bbox_inches
        assert inside.x0 > -0.05 and inside.y0 > -0.05
        assert inside.x1 < whole.x1 + 0.05 and inside.y1 < whole.y1 + 0.05


def test_two_models_image_by_image():
    one, other = made(0), made(1, times=0.5)
    ax = symmeter.plot({"one": one, "other": other}, "pairs", symmetry="rotation")
    (points,) = (line for line in ax.lines if line.get_linestyle() == "None")
    assert points.get_xdata().tolist() == one.samples["lee:rotation"].tolist()
    assert points.get_ydata().tolist() == other.samples["lee:rotation"].tolist()
    (equal,) = (line for line in ax.lines if line.get_label() == "_equal")
    assert list(equal.get_xdata()) == list(equal.get_ydata()) and ax.get_xlim() == ax.get_ylim()
    ratio = of_ratios(other.samples["lee:rotation"], one.samples["lee:rotation"])
    assert f"rotation: {ratio.value:.3g}"[:13] in points.get_label()
    assert (
        len([line for line in symmeter.plot([one, other], "pairs").lines if line.get_linestyle() == "None"])
        == 3
    )
    lost = {**other.samples, "lee:rotation": np.r_[0.0, other.samples["lee:rotation"][1:]]}
    ax = symmeter.plot([one, replace(other, samples=lost)], "pairs", symmetry="rotation")
    assert "(without 1)" in ax.get_legend().get_texts()[0].get_text()
    check_refused(
        "unknown quantity 'size'; choose from value", symmeter.plot, [one, other], "pairs", quantity="size"
    )


def test_saved_results_and_the_names_of_models(tmp_path):
    for name, result in (("before", made(0)), ("after", made(1)), ("third", made(2, model="other"))):
        result.save(tmp_path / name)

    def names(ax):
        return [text.get_text() for text in ax.get_legend().get_texts()]

    places = [tmp_path / "before", str(tmp_path / "after")]
    assert names(symmeter.plot(places, "stability")) == ["net (before)", "net (after)"]
    assert names(symmeter.plot([places[0], tmp_path / "third"], "stability")) == ["net", "other"]
    assert names(symmeter.plot([made(), made(1)], "stability")) == ["net", "net #2"]
    assert names(symmeter.plot({"A": places[0], "B": made(1)}, "stability")) == ["A", "B"]
    check_refused("no result there", symmeter.plot, tmp_path / "nothing")


def test_every_drawing_has_a_name_of_its_own_and_words():
    assert len(set(kinds.NAMES)) == len(kinds.NAMES)
    for kind in kinds.KINDS:
        assert kind.words and kind.__doc__
