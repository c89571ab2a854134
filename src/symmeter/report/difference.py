"""The picture of a difference of two networks: what its lines add to it, as bars with their intervals."""

from typing import TYPE_CHECKING

from symmeter.errors import SymmeterError
from symmeter.layers.difference import Difference
from symmeter.layers.difference_row import DifferenceRow
from symmeter.layers.difference_text import shown_lines
from symmeter.layers.text import shortened_name
from symmeter.report.drawing import drawing
from symmeter.report.figures import bars, focused, room, signs, unframed, words, wrapped
from symmeter.report.style import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE, _AROUND = 0.18, 1.1  # inches of height for a line, and around all of them
_ACROSS = 0.5  # of the place of axes with long names on their left: what words above and below them may take


def _height(
    found: Difference, width: float, symmetry: str | None = None, by: str | None = None, top: int = 12
) -> float:
    """That of all bars, of the title, and of the axis."""
    return _AROUND + _LINE * len(_chosen(found, symmetry, by, top))


@drawing(
    "difference",
    "what each part adds to the difference of two networks",
    Difference,
    lambda found: found.views,
    height=_height,
)
def plot_difference(
    found: Difference, ax: "Axes", symmetry: str | None = None, by: str | None = None, top: int = 12
) -> None:
    """What each line of a view adds to the difference of the errors, with 95 % intervals; the last bar is the whole.

    Right of 0 it makes the error of the model the larger one. A filled bar is a clear difference. Of a view by module
    the `top` lines with the largest differences. `symmetry` and `by` None: the first. SymmeterError for others than
    there are.
    """
    rows = _chosen(found, symmetry, by, top)
    differences = [row.difference for row in rows]
    errors = bars(differences, [row.difference_low for row in rows], [row.difference_high for row in rows])
    looks = [
        STYLE.quiet if row.whole else STYLE.series(0 if row.difference < 0 else 1).colour for row in rows
    ]
    fill = [look if row.clear else "white" for look, row in zip(looks, rows, strict=True)]
    places = range(len(rows))
    ax.barh(places, differences, 0.7, color=fill, edgecolor=looks, linewidth=1)
    ax.errorbar(differences, places, xerr=errors, fmt="none", ecolor="black", elinewidth=0.8)
    names = ["whole" if row.whole else shortened_name(row.layer, room(ax) * 2 // 5) for row in rows]
    ax.set_yticks(places, names, parse_math=False)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.axvline(0, color="black", linewidth=0.8)
    left, right = focused(differences, errors)
    if left < right:
        ax.set_xlim(1.05 * left, 1.05 * right)
    across = f"contribution less that in the reference, {words(rows[0].symmetry)} ({signs(rows[0].unit)})"
    ax.set_xlabel(wrapped(across, ax, _ACROSS))
    said = f"{found.models[1]} less {found.reference}, {found.images} {found.item}s"
    ax.set_title(wrapped(said, ax, _ACROSS), parse_math=False)
    unframed(ax)


def _chosen(found: Difference, symmetry: str | None, by: str | None, top: int) -> list[DifferenceRow]:
    """The lines of one view under one symmetry, and the whole."""
    symmetry = _known("symmetry", symmetry, found.symmetries)
    by = _known("view of layers", by, found.views)
    lines = shown_lines(found.lines(symmetry, by))
    return [*(lines[:top] if by == "module" else lines), found[symmetry]]


def _known(what: str, word: str | None, known: tuple[str, ...]) -> str:
    """The word, without one the first that there is."""
    if word not in (None, *known):
        raise SymmeterError(f"{what} {word!r} is not in this difference; choose from {', '.join(known)}")
    return word or known[0]
