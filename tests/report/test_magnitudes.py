"""The sweep over lengths: what is drawn is what the elements say."""

import numpy as np
import pytest
from tests.helpers import check_refused
from tests.report.clouds import Far, measured, pulled

magnitudes = pytest.importorskip("symmeter.report.magnitudes", exc_type=ImportError)
pytest.importorskip("matplotlib", exc_type=ImportError)
SWEEP = "translation(0.1,10,1000)"


def test_dots_means_and_floor():
    result = measured(Far, SWEEP)
    rows = [row for row in result.elements if row.measure == "relative_error"]
    ax = magnitudes.plot_sweep(result)
    dots, means, floor = ax.lines
    assert ax.get_xscale() == ax.get_yscale() == "log"
    assert sorted(dots.get_ydata()) == pytest.approx(sorted(row.value for row in rows))
    assert means.get_xdata().tolist() == pytest.approx([0.1, 10, 1000])
    for length, value in zip(means.get_xdata(), means.get_ydata(), strict=True):
        assert value == pytest.approx(
            np.mean([row.value for row in rows if row.parameter == pytest.approx(length)])
        )
    assert means.get_ydata()[2] / means.get_ydata()[1] == pytest.approx(1e4, rel=0.1)  # some t^2
    known = [row.floor for row in rows if row.floor is not None and row.parameter == pytest.approx(1000)]
    assert known and floor.get_ydata()[-1] == pytest.approx(np.mean(known))
    assert floor.get_ydata()[-1] > 10 * floor.get_ydata()[0]  # far away numbers have fewer digits
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["logits", "floor of logits"]


def test_no_error_at_all_is_marked_at_the_edge():
    result = pulled(SWEEP)  # |x| changes; centred it does not
    assert len(magnitudes.plot_sweep(result).lines) == 3
    centred = measured(Still, SWEEP)
    *_, marks = [line for line in magnitudes.plot_sweep(centred).lines if line.get_marker() == "v"]
    assert len(marks.get_xdata()) == sum(row.value == 0 for row in centred.elements)


class Still(Far):
    def forward(self, x):
        return 1 + 0 * x.sum((1, 2))[:, None]


@pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
def test_the_unit_of_atoms():
    pytest.importorskip("ase")
    from ase.build import molecule

    import symmeter

    result = symmeter.measure(
        lambda atoms: {"energy": float(atoms.positions.sum() ** 2)}, [molecule("H2O")], "translation(1,10)", control=False,
        progress=False,
    )  # fmt: skip
    assert magnitudes.plot_sweep(result).get_xlabel() == "length of the translation (angstrom)"


def test_mistakes():
    check_refused("no translations in this result", magnitudes.plot_sweep, pulled())
