"""The spectrum: bars are shares, and what the design does not resolve is hatched."""

import pytest
from tests.helpers import check_refused
from tests.report.clouds import Far, Ripples, measured, pulled

spectra = pytest.importorskip("symmeter.report.spectra", exc_type=ImportError)
pytest.importorskip("matplotlib", exc_type=ImportError)


def heights(ax):
    """(place, height, hatched) of the bars that have a height."""
    return [
        (bar.get_x() + bar.get_width() / 2, bar.get_height(), bar.get_hatch())
        for bar in ax.patches
        if bar.get_height()
    ]


def test_bars_are_the_shares_of_the_header():
    result = pulled()
    ax = spectra.plot_spectrum(result)
    known = result.header["spec"]["spectrum"]["logits:node vectors"]["degrees"]
    found = {round(place): height for place, height, _ in heights(ax)}
    for one in known:
        assert found.get(one["degree"], 0.0) == pytest.approx(one["share"])
    assert found[1] == pytest.approx(1, abs=0.1)  # e_z is of degree 1
    assert not any(hatch for _, _, hatch in heights(ax)) and ax.get_legend() is None
    assert [label.get_text() for label in ax.get_xticklabels()][-1] == "> 8"


def test_what_is_beyond_the_design_is_hatched():
    result = measured(Ripples, "SO3")
    assert any("not resolved by this design" in warning for warning in result.warnings)
    ax = spectra.plot_spectrum(result)
    assert all(bool(hatch) == (place > 5.5) for place, _, hatch in heights(ax))
    assert sum(height for place, height, _ in heights(ax) if place > 5.5) > 0.5
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [spectra.NOT_RESOLVED]


def test_both_parities_stand_beside_one_another():
    ax = spectra.plot_spectrum(pulled("O3"))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "even under inversion",
        "odd under inversion",
    ]
    (bar,) = [bar for bar in heights(ax) if bar[1] > 0.5]
    assert bar[0] == pytest.approx(1.2)  # degree 1, odd: on the right


def test_mistakes():
    check_refused("no spectrum in this result", spectra.plot_spectrum, measured(Far, "C4(z)"))
    check_refused("output 'energy' is not in this result", spectra.plot_spectrum, pulled(), output="energy")
