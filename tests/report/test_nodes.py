"""The histogram of single atoms: every atom is in a bar, in the colour of its element."""

from dataclasses import replace

import numpy as np
import pytest
from tests.helpers import check_refused
from tests.report.clouds import Far, measured, pulled

from symmeter.results.nodes import NodeErrors

nodes = pytest.importorskip("symmeter.report.nodes", exc_type=ImportError)
pytest.importorskip("matplotlib", exc_type=ImportError)


def of(values, kinds, unit="eV/angstrom"):
    """A result with these errors of single atoms."""
    count = len(values)
    one = NodeErrors(
        "equivariance_error", "SO3", "forces", unit, np.array(["frame"] * count, object), np.arange(count),
        np.array(kinds, object), np.array(values, float),
    )  # fmt: skip
    return replace(pulled(), nodes=(one,))


def test_bars_count_the_points_of_each_bin():
    ax = nodes.plot_nodes(pulled())
    values = pulled().nodes[0].value
    for bar in ax.patches:
        low, high = bar.get_x(), bar.get_x() + bar.get_width()
        assert bar.get_height() == ((values >= low) & (values < high)).sum()
    assert sum(bar.get_height() for bar in ax.patches) == len(values)
    assert ax.get_ylabel() == "points" and ax.get_legend() is None


def test_elements_are_stacked_in_their_colours_and_units_are_those_of_tables():
    ax = nodes.plot_nodes(of([0.1, 0.1, 0.1, 0.05], ["H", "H", "O", "Xe"]))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["H (2)", "O (1)", "Xe (1)"]
    colours = [container[0].get_facecolor() for container in ax.containers]
    assert len(set(colours)) == 3
    assert [sum(bar.get_height() for bar in container) for container in ax.containers] == [2, 1, 1]
    assert ax.get_xlabel() == "equivariance error of forces (meV/angstrom)" and ax.get_ylabel() == "atoms"
    (full,) = [bar for bar in ax.containers[1] if bar.get_height()]
    assert full.get_x() < 100 <= full.get_x() + full.get_width() and full.get_y() == 2


def test_a_logarithmic_axis_where_errors_differ_much_and_nothing_is_left_out():
    ax = nodes.plot_nodes(of([0.0, 1e-6, 1e-3, 1.0], ["H"] * 4))
    assert ax.get_xscale() == "log"
    assert ax.patches[0].get_height() == 2 and sum(bar.get_height() for bar in ax.patches) == 4
    assert sum(bar.get_height() for bar in nodes.plot_nodes(of([0.0, 0.0], ["H", "C"])).patches) == 2


def test_many_elements_are_put_together():
    kinds = [*"HCNOFPSKI", "Cl"]
    ax = nodes.plot_nodes(of(np.linspace(1, 2, 10), kinds))
    assert [text.get_text() for text in ax.get_legend().get_texts()][-1] == "others (2)"


def test_mistakes():
    check_refused("no errors of single atoms or points", nodes.plot_nodes, measured(Far, "octahedral"))
    check_refused("output 'force' is not in this result", nodes.plot_nodes, of([1], ["H"]), output="force")
