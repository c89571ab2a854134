"""Figures of errors and ratios: every mark and every interval is that of a row."""

from dataclasses import replace

import pytest
from tests.helpers import check_refused
from tests.report.made import SYMMETRIES, made

errors = pytest.importorskip("symmeter.report.errors", exc_type=ImportError)
pytest.importorskip("matplotlib", exc_type=ImportError)


def marks(ax):
    """What is drawn: (value, low, high, filled) by the line of the figure and the colour."""
    found = {}
    for container in ax.containers:
        line, _, (bars,) = container.lines
        for x, y, segment in zip(line.get_xdata(), line.get_ydata(), bars.get_segments(), strict=True):
            ends = segment[:, 0].tolist() if len(segment) else [None, None]
            found[round(y), line.get_color()] = x, *ends, line.get_markerfacecolor() != "white"
    return found


def colours(ax):
    """The colour of every name in the legend."""
    return {text.get_text(): handle.get_color() for handle, text in legend(ax)}


def legend(ax):
    return list(zip(ax.get_legend().legend_handles, ax.get_legend().get_texts(), strict=True))


def test_errors_are_the_rows_with_their_intervals_and_both_controls():
    result = made()
    ax = errors.plot_errors(result)
    found, looks = marks(ax), colours(ax)
    assert list(looks) == ["LEE", "along other images", "along deformations of the image"]
    for place, row in enumerate(result.rows):
        value, low, high, filled = found[place, looks["LEE"]]
        assert (value, low, high) == pytest.approx(
            (row.value, row.interval_low, row.interval_high)
        ) and filled
        assert found[place, looks["along other images"]][0] == pytest.approx(row.control)
        assert found[place, looks["along deformations of the image"]][0] == pytest.approx(
            row.specificity_control
        )
    assert [label.get_text() for label in ax.get_yticklabels()] == ["translation x", "rotation", "scale"]
    assert ax.get_xlabel() == "LEE (1 / unit²), 95 % interval" and ax.get_title() == "net"
    low, high = ax.get_ylim()
    assert low > high  # the first above


def test_what_is_below_its_floor_is_hollow_and_named():
    result = made(floor=1e9)
    ax = errors.plot_errors(result)
    look = colours(ax)["LEE"]
    assert [marks(ax)[place, look][3] for place in range(3)] == [True, False, True]
    assert "not resolved" in colours(ax)
    assert "not resolved" not in colours(errors.plot_errors(made()))
    handle = {text.get_text(): one for one, text in legend(ax)}["not resolved"]
    assert handle.get_markerfacecolor() == "white"


def test_an_exact_zero_stands_hollow_at_the_edge_of_a_logarithmic_axis():
    rows = [replace(row, value=value) for row, value in zip(made().rows, (0.0, 1e-9, 1.0), strict=True)]
    rows[0] = replace(rows[0], verdict="not resolved", control=None, specificity_control=None)
    ax = errors.plot_errors(replace(made(), rows=tuple(rows)))
    assert ax.get_xscale() == "log"
    value, *_, filled = marks(ax)[0, colours(ax)["LEE"]]
    assert value == ax.get_xlim()[0] > 0 and not filled


def test_an_interval_that_reaches_to_0_ends_at_the_edge_of_a_logarithmic_axis():
    values = zip(made().rows, (1e-3, 1e-2, 10.0), strict=True)
    rows = [replace(row, value=v, interval_low=0.0, interval_high=2 * v, control=None) for row, v in values]
    ax = errors.plot_errors(replace(made(), rows=tuple(rows)))
    left, right = ax.get_xlim()
    assert ax.get_xscale() == "log"
    ends = [mark[1:3] for (_, colour), mark in marks(ax).items() if colour == colours(ax)["LEE"]]
    assert len(ends) == 3 and all(left <= low * 1.001 and high <= right * 1.001 for low, high in ends)


@pytest.mark.parametrize(("times", "scale"), [(1.0, "linear"), (1e4, "log")])
def test_several_models_side_by_side_on_an_axis_that_is_logarithmic_where_it_must_be(times, scale):
    one = made(0, symmetries=SYMMETRIES[:1])
    named = {"first": one, "second $x$": replace(one, rows=tuple(replace(r, value=times * r.value, control=None, interval_low=None, interval_high=None) for r in one.rows))}  # fmt: skip
    ax = errors.plot_errors(named)
    looks = colours(ax)
    assert list(looks) == ["first", r"second \$x\$"] and ax.get_xscale() == scale
    first, second = (marks(ax)[0, colour] for colour in looks.values())
    assert second[0] == pytest.approx(times * first[0]) and second[1:3] == (None, None)
    assert len({handle.get_marker() for handle, _ in legend(ax)}) == 2
    assert ax.get_title() == ""


@pytest.mark.parametrize("name", ["stability", "specificity"])
def test_ratios_of_several_models_with_the_line_of_no_difference(name):
    named = {f"net {i}": made(i) for i in range(3)}
    ax = getattr(errors, f"plot_{name}")(named)
    for (label, colour), result in zip(colours(ax).items(), named.values(), strict=True):
        for place, row in enumerate(result.rows):
            expected = row[name], row[f"{name}_low"], row[f"{name}_high"]
            assert marks(ax)[place, colour][:3] == pytest.approx(expected), label
    lines = {
        line.get_xdata()[0]
        for line in ax.lines
        if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2
    }
    assert {0.5, 1} <= lines and ax.get_xlim()[1] > 1
    assert name in ax.get_xlabel() and "1: no different" in ax.get_xlabel()


def test_ratios_of_one_model_with_verdicts():
    result = made(floor=1e9)
    ax = errors.plot_ratios(result)
    assert [text.get_text() for text in ax.texts] == ["stable", "not resolved", "stable"]
    looks = colours(ax)
    for place, row in enumerate(result.rows):
        for name in ("stability", "specificity"):
            assert marks(ax)[place, looks[name]][0] == pytest.approx(row[name])
            assert marks(ax)[place, looks[name]][3] == (row.verdict != "not resolved")


def test_mistakes():
    check_refused(
        "symmetry 'rotate' is not in this result; did you mean 'rotation'",
        errors.plot_errors,
        made(),
        symmetry="rotate",
    )
    check_refused("colour is no choice of the figure errors", errors.plot_errors, made(), colour="red")
    other = replace(made(1), rows=tuple(replace(row, measure="geed") for row in made(1).rows))
    check_refused("b has nothing of measure 'lee'", errors.plot_errors, {"a": made(), "b": other})


def test_where_nothing_is_chosen_a_ratio_is_of_an_output_that_has_it():
    whole = made()
    bare = [replace(row, output="energy", stability=None, specificity=None) for row in whole.rows]
    result = replace(whole, rows=[*bare, *whole.rows])
    assert next(row.output for row in result.rows) == "energy"
    ax = errors.plot_stability({"net": result})
    assert sorted(mark[0] for mark in marks(ax).values()) == pytest.approx(
        sorted(row.stability for row in whole.rows)
    )
    assert marks(errors.plot_ratios(result)) == marks(errors.plot_ratios(whole))
