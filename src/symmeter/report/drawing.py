"""A kind of figure: for which results it is, and what draws one; every picture of the package is made through it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symmeter.errors import SymmeterError, nearest
from symmeter.optional import require
from symmeter.report.figures import new_figure
from symmeter.report.style import STYLE
from symmeter.verbs.arguments import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes

USUAL = 0.72  # of the width: the height of a figure of one column
Named = Mapping[str, Any]  # results by the names of their models


def usual_height(what: object, width: float, **choices: object) -> float:
    """Inches for a figure of so many: 2.4 for one column, 3.6 for two."""
    return USUAL * min(width, 5.0)


@dataclass(frozen=True)
class Drawing:
    """A function that draws a result, or several by name, on Axes.

    `of` is the class of those results, and `has` tells whether there is something to draw in one; `several` takes a
    mapping of results by name, in its `has` too. `height` is that of a new figure in inches, from its width.

    Called, it draws on `ax`, or on a figure of its own that is `width` columns wide, and returns the Axes. Settings of
    matplotlib are as they were before.
    """

    name: str
    words: str
    of: type
    draws: Callable[..., object]
    has: Callable[[Any], object]
    several: bool = False
    height: Callable[..., float] = usual_height
    projection: str | None = None

    def fits(self, named: Named) -> bool:
        """Whether these results can be drawn so."""
        if not named or not all(isinstance(one, self.of) for one in named.values()):
            return False
        if self.several:
            return bool(self.has(named))
        return len(named) == 1 and bool(self.has(*named.values()))

    @property
    def choices(self) -> list[str]:
        """The names of what may be chosen, such as a symmetry."""
        return list(inspect.signature(self.draws).parameters)[2:]

    def __call__(self, what: Any, ax: "Axes | None" = None, *, width: int = 1, **choices: Any) -> "Axes":
        """Draw; SymmeterError for a choice that this figure does not have."""
        for name in choices:
            if name not in self.choices:
                raise SymmeterError(f"{name} is no choice of the figure {self.name}{self._known(name)}")
        if self.several and not isinstance(what, Mapping):
            what = {"": what}
        with STYLE.active():
            if ax is None:
                inches = STYLE.column(width)
                figure = new_figure(inches, self.height(what, inches, **choices))
                ax = figure.add_subplot(projection=self.projection)
            elif not isinstance(ax, require("matplotlib.axes", "plot").Axes):
                raise SymmeterError(f"ax is {shown(ax)}; give Axes of matplotlib, or None for a new figure")
            self.draws(what, ax, **choices)
        return ax

    def of_named(self, named: Named, ax: "Axes | None" = None, **more: Any) -> "Axes":
        """The same of results by name, of which most figures take one."""
        (only, *_) = named.values()
        return self(named if self.several else only, ax, **more)

    def _known(self, name: str) -> str:
        return nearest(name, self.choices) or "; it has none"


def drawing(
    name: str, words: str, of: type, has: Callable[[Any], object] = lambda found: True, **more: Any
) -> Callable[[Callable[..., object]], Drawing]:
    """A decorator that makes a Drawing of a function `(what, ax, **choices)`; `more` are its other fields."""

    def decorate(function: Callable[..., object]) -> Drawing:
        made = Drawing(name, words, of, function, has, **more)
        object.__setattr__(made, "__doc__", function.__doc__)
        return made

    return decorate
