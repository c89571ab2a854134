"""What goes into a paper: results find their figures and tables here, by name, for `report` lies above them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Looked up when something is drawn or set, as pandas finds its plotting backend: no import leads upwards.
_FIGURES, _TABLES = "symmeter.report.kinds", "symmeter.report.paper"


class Drawn:
    """Has a method `plot`."""

    def plot(
        self, kind: str | None = None, ax: "Axes | None" = None, *, width: int = 1, **choices: Any
    ) -> Any:
        """Draw it, in the first kind of figure that fits or in the one named; returns the Axes, and shows nothing.

        See `symmeter.plot` for the kinds and their choices: `result.plot("ratios")`, `profile.plot("worst", top=5)`.
        `overview` is a Figure of all panels that fit. SymmeterError, in one line, for a kind that does not fit.
        """
        return import_module(_FIGURES).plot(self, kind, ax, width=width, **choices)


class Published(Drawn):
    """Has a method `to_latex` too."""

    def to_latex(self, caption: str | None = None, label: str | None = None, *, top: int = 10) -> str:
        """A table for LaTeX with the package booktabs: values with 95 % intervals, controls, verdicts, a caption.

        `caption` and `label` are LaTeX, None for what the result says. `top`: of a profile, so many parts of each
        symmetry.
        """
        return import_module(_TABLES).to_latex(self, caption, label, top)
