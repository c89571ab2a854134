"""The one style of all figures: colours, marks and strokes that can be told apart, sizes of type, widths of columns."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from symmeter.errors import SymmeterError
from symmeter.optional import require

INVARIANT_FILES = {  # text stays text, fonts are put in, and equal figures are equal files
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "symmeter",
}


@dataclass(frozen=True)
class Series:
    """How one of several lines or sets of marks looks; each differs from the others in grey too."""

    colour: str
    marker: str
    stroke: str | tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class Style:
    """Sizes are points, widths inches. The colours are those of Okabe and Ito, which the colour-blind can tell apart.

    Darker ones follow, for more lines than they have. `columns` are the widths of one and of two columns of a paper.
    """

    colours: tuple[str, ...] = (
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#555555", "#000000",
    )  # fmt: skip
    markers: tuple[str, ...] = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
    strokes: tuple[str | tuple[float, tuple[float, ...]], ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), "-.")
    columns: Mapping[int, float] = field(default_factory=lambda: {1: 3.35, 2: 6.9})
    type_size: float = 8.0
    small_size: float = 7.0
    quiet: str = "#777777"  # what stands behind: lines to compare with, remarks

    def series(self, number: int) -> Series:
        """That of one of several, from the beginning again where there are more of them than colours."""
        return Series(
            self.colours[number % len(self.colours)],
            self.markers[number % len(self.markers)],
            self.strokes[number % len(self.strokes)],
        )

    def column(self, width: int) -> float:
        """Inches of a figure of so many columns; SymmeterError for a number of columns that no paper has.

        >>> STYLE.column(2)
        6.9
        """
        if width not in self.columns:
            raise SymmeterError(f"width {width}: choose from {', '.join(map(str, self.columns))} columns")
        return self.columns[width]

    @property
    def settings(self) -> dict[str, object]:
        """What matplotlib calls rcParams."""
        return INVARIANT_FILES | {
            "font.size": self.type_size,
            "axes.titlesize": self.type_size,
            "axes.labelsize": self.type_size,
            "figure.titlesize": self.type_size + 1,
            "xtick.labelsize": self.small_size,
            "ytick.labelsize": self.small_size,
            "legend.fontsize": self.small_size,
            "legend.title_fontsize": self.small_size,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.linewidth": 0.7,
            "xtick.major.width": 0.7,
            "ytick.major.width": 0.7,
            "lines.linewidth": 1.2,
            "lines.markersize": 4.0,
            "errorbar.capsize": 2.0,
        }

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """What is drawn inside looks like this, whatever the user's own settings are, and leaves those as they were."""
        matplotlib = require("matplotlib", "plot")
        with matplotlib.rc_context():
            matplotlib.rcdefaults()
            matplotlib.rcParams.update(self.settings)
            yield


STYLE = Style()
