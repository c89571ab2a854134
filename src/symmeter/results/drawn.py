"""What can be drawn: results find their drawing here, by name, for `report` lies above them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DRAWING = (
    "symmeter.report.kinds"  # looked up when something is drawn, as pandas does with its plotting backend
)


class Drawn:
    """Has a method `plot`."""

    def plot(
        self, kind: str | None = None, ax: "Axes | None" = None, *, width: int = 1, **choices: Any
    ) -> Any:
        """Draw it, in the first kind of figure that fits or in the one named; returns the Axes, and shows nothing.

        See `symmeter.plot` for the kinds and their choices: `result.plot("ratios")`, `profile.plot("worst", top=5)`.
        `overview` is a Figure of all panels that fit. SymmeterError, in one line, for a kind that does not fit.
        """
        return import_module(_DRAWING).plot(self, kind, ax, width=width, **choices)
