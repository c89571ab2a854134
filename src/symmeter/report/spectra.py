"""The picture of a spectrum: how much of a response is of which degree."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from symmeter.report.chosen import chosen
from symmeter.report.drawing import drawing
from symmeter.report.figures import line_colours, unframed
from symmeter.report.style import STYLE
from symmeter.results.result import Result
from symmeter.results.spectrum import Spectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOT_RESOLVED = "not resolved by this design"
_LACKING = "no spectrum in this result: measure over SO3 or O3"
_INTERVAL = 1.96  # standard errors on each side
_PARITIES = {None: "", 1: "even under inversion", -1: "odd under inversion"}
_WIDTH = 0.8  # of all bars of one degree


@drawing("spectrum", "how much of the response is of which degree", Result, lambda one: spectra_of(one))
def plot_spectrum(result: Result, ax: "Axes", symmetry: str | None = None, output: str | None = None) -> None:
    """Bars of the share of A^2 that each degree has, with 95 % intervals.

    The last bar is what is beyond all degrees that are told apart. Where much is beyond what the elements integrate
    without error, those bars are hatched: this design does not resolve them. Without an `output` it is the one with the
    largest error. SymmeterError where the result has no spectrum.
    """
    found = chosen(spectra_of(result), symmetry, output, _LACKING)
    group, name = _worst(result, list(found))
    _draw(ax, found[group, name])
    ax.set_ylabel("share of the squared error A², 95 % interval")
    ax.set_title(f"{group}, {name}", parse_math=False)
    unframed(ax)


def spectra_of(result: Result) -> dict[tuple[str, str], Spectrum]:
    """The spectra of a result by symmetry and output."""
    spec = result.header["spec"]
    return {
        (run["symmetry"], name): Spectrum.from_dict(saved)
        for run in spec.get("runs", [spec])
        for name, saved in run.get("spectrum", {}).items()
    }


def _worst(result: Result, keys: list[tuple[str, str]]) -> tuple[str, str]:
    """Of the first symmetry the output whose error is the most floors."""
    errors: Mapping[tuple[str, str], float] = {
        (row.symmetry, row.output): row.asymmetry / row.floor if row.floor else 0.0 for row in result.rows
    }
    return max((key for key in keys if key[0] == keys[0][0]), key=lambda key: errors.get(key, 0.0))


def _draw(ax: "Axes", spectrum: Spectrum) -> None:
    """The bars of one spectrum, those of both parities side by side."""
    parities = sorted({one.parity for one in spectrum.degrees}, key=lambda parity: -(parity or 0))
    unresolved = bool(spectrum.notes(""))
    width = _WIDTH / len(parities)
    top = max(one.degree for one in spectrum.degrees)
    hatched: dict[str, Any] = {"hatch": "////", "edgecolor": "white", "linewidth": 0}
    for i, (parity, colour) in enumerate(zip(parities, line_colours(len(parities)), strict=True)):
        label = _PARITIES[parity]
        for one in [one for one in spectrum.degrees if one.parity == parity]:
            beyond = unresolved and one.degree > (spectrum.exact or 0)
            place = one.degree + (i - (len(parities) - 1) / 2) * width
            ax.bar(place, one.share, width, color=colour, label=label, **(hatched if beyond else {}))
            _bar(ax, place, one.share, one.standard_error)
            label = ""  # once in the legend
    rest = 1 - sum(one.share for one in spectrum.degrees)
    ax.bar(top + 1, rest, width, color="#777777", **(hatched if unresolved else {}))
    if unresolved:
        ax.bar([0], [0], color="#777777", label=NOT_RESOLVED, **hatched)
    if spectrum.exact is not None:
        ax.axvline(spectrum.exact + 0.5, color="black", linestyle=":", linewidth=0.9)
        ax.text(
            spectrum.exact + 0.45,
            0.5,
            f"exact to degree {spectrum.exact}",
            transform=ax.get_xaxis_transform(),
            rotation=90,
            ha="right",
            va="center",
            fontsize=STYLE.small_size,
        )
    ax.set_xticks(range(top + 2), [*map(str, range(top + 1)), f"> {top}"])
    ax.set_xlabel("degree of the response")
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_ylim(0, 1.02)
    if len(parities) > 1 or unresolved:
        ax.set_ylim(0, 1.25)  # with room for the legend
        ax.legend(loc="upper right")


def _bar(ax: "Axes", place: float, share: float, error: float | None) -> None:
    """The interval of a share, which is between 0 and 1."""
    if not error:
        return
    low, high = np.clip([share - _INTERVAL * error, share + _INTERVAL * error], 0, 1)
    ax.plot([place, place], [low, high], color="black", linewidth=1.0, solid_capstyle="butt")
