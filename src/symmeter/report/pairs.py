"""The picture of two models, image by image: the errors of the one against those of the other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from symmeter.errors import SymmeterError, counted
from symmeter.report.chosen import chosen
from symmeter.report.drawing import drawing
from symmeter.report.figures import legend_below, unframed, words, wrapped
from symmeter.report.style import STYLE
from symmeter.results.comparable import common_images, matched_rows
from symmeter.results.intervals import of_ratios
from symmeter.results.numbers import with_interval
from symmeter.results.paired import QUANTITIES, VALUE, Images
from symmeter.results.result import Result
from symmeter.results.row import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Named = Mapping[str, Result]  # by the names of their models
_MANY = 2000  # points that a PDF or SVG has as a picture
_LACKING = "no symmetry of both models has values of single samples: save results to a folder (--out DIR)"


@drawing("pairs", "two models image by image", Result, lambda named: len(named) == 2 and _single(named), several=True,
         height=lambda what, width, **choices: 1.15 * min(width, 4.5))  # fmt: skip
def plot_pairs(
    named: Named,
    ax: "Axes",
    symmetry: str | None = None,
    output: str | None = None,
    quantity: str = VALUE,
) -> None:
    """A point for every image that both models have: the error of the first on it, and that of the second.

    On the line both are equal; below it the second is the less. The legend says how many times the first the second is,
    the geometric mean over images with its 95 % interval. `quantity` is `value`, `stability` or `specificity`, the last
    two over their control. Images on which one of them is 0 are left out, and counted. SymmeterError where the two
    cannot be compared.
    """
    if quantity not in QUANTITIES:
        raise SymmeterError(f"unknown quantity {quantity!r}; choose from {', '.join(QUANTITIES)}")
    (first, second), (one, other) = named, named.values()
    common = common_images(one, other, (first, second))
    reference, model = Images.of(one, common), Images.of(other, common)
    rows = matched_rows(one, other, (first, second))
    found = {(own.symmetry, own.output): (old, own) for own, old in reversed(rows) if model.known(own)}
    found = chosen(found, symmetry, output, _LACKING)
    for number, ((name, where), (old, own)) in enumerate(reversed(found.items())):
        label = words(name) if len({key[1] for key in found}) == 1 else f"{words(name)}, {where}"
        _draw(ax, _both(reference, model, (old, own), quantity), number, label)
    _add_line(ax)
    ax.set_xlabel(wrapped(f"{first}: {quantity}", ax), parse_math=False)
    ax.set_ylabel(wrapped(f"{second}: {quantity}", ax), parse_math=False)
    item = one.header["data"].get("item", "image")
    ax.set_title(f"{counted(len(common), item)} of both", parse_math=False)
    legend_below(ax)
    unframed(ax)


def _single(named: Named) -> bool:
    """Whether both results have values of single samples."""
    return all(result.sample_names for result in named.values())


def _both(reference: Images, model: Images, rows: tuple[Row, Row], quantity: str) -> np.ndarray:
    """The quantity of both models on every image (2, n)."""
    first, second = reference.ratios(rows[0], quantity), model.ratios(rows[1], quantity)
    if first is None or second is None:
        raise SymmeterError(
            f"{quantity} of {rows[1].symmetry} is not there for single samples in both results"
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.array([values / divisors for values, divisors in (first, second)])


def _draw(ax: "Axes", both: np.ndarray, number: int, label: str) -> None:
    """The points of one symmetry; those that have no place on logarithmic axes are counted in the legend."""
    look = STYLE.series(number)
    usable = (np.isfinite(both) & (both > 0)).all(axis=0)
    ratio = of_ratios(both[1], both[0])
    if ratio is not None:
        label += f": {with_interval(ratio.value, ratio.interval.low, ratio.interval.high)}"
    if not usable.all():
        label += f" (without {(~usable).sum()})"
    marks = {"color": look.colour, "alpha": 0.6, "markeredgewidth": 0, "markersize": 3.5}
    ax.plot(*both[:, usable], look.marker, label=label, rasterized=len(both.T) > _MANY, **marks)


def _add_line(ax: "Axes") -> None:
    """Logarithmic axes of equal length, and where both are equal on them."""
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.autoscale_view()
    low, high = min(ax.get_xlim()[0], ax.get_ylim()[0]), max(ax.get_xlim()[1], ax.get_ylim()[1])
    ax.plot([low, high], [low, high], color="black", linewidth=0.8, zorder=0, label="_equal")
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
