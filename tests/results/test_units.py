"""Tables show units that people compare; rows keep those of the data."""

from dataclasses import replace

import pytest
from tests.results.test_saved import LABELS

from symmeter.results.legend import by_unit, legend
from symmeter.results.row import Row

ROW = Row(
    **LABELS | {"value": 2e-3, "floor": 1e-6, "unit": "eV/atom", "interval_low": 1e-3, "interval_high": 3e-3}
)
FORCES = replace(ROW, output="forces", unit="eV/angstrom")


def test_energies_and_forces_in_thousandths():
    shown = ROW.as_shown()
    assert (shown.value, shown.floor, shown.unit) == pytest.approx((2.0, 1e-3, "meV/atom"))
    assert (shown.interval_low, shown.interval_high) == pytest.approx((1.0, 3.0))
    assert ROW.value == 2e-3 and FORCES.as_shown().unit == "meV/angstrom"


def test_stress_in_gigapascal():
    from ase import units

    shown = replace(ROW, unit="eV/angstrom^3").as_shown()
    assert shown.value == pytest.approx(2e-3 / units.GPa, rel=1e-8) and shown.unit == "GPa"


def test_other_units_stay():
    probability = replace(ROW, unit="probability")
    assert probability.as_shown() is probability
    squares = replace(ROW, unit="eV^2")
    assert squares.as_shown() is squares


def test_ratios_do_not_change():
    row = replace(ROW, stability=0.5, stability_low=0.4, stability_high=0.6, stability_pairs=1)
    assert row.as_shown().stability == 0.5 and row.as_shown().resolved == row.resolved


def test_each_unit_stands_with_its_outputs():
    rows = [ROW.as_shown(), FORCES.as_shown()]
    lines = legend(rows)
    assert any("meV/atom (logits), meV/angstrom (forces)" in line for line in lines)
    assert any("1.0e-03 meV/atom, 1.0e-03 meV/angstrom" in line for line in lines)
    assert by_unit([ROW, replace(ROW, unit="1")]) == {}  # one output, two units


def test_the_table_is_in_shown_units():
    head = {
        "model": {"name": "m"},
        "data": {"name": "d", "used": 1},
        "definition": "exact",
        "status": "complete",
    }
    spec = {"measure": "lee", "output": "logits", "rho_out": "invariant"}
    from symmeter.results.result import Result

    text = str(Result((ROW,), head | {"spec": spec}))
    assert "meV/atom" in text and "0.002" not in text
