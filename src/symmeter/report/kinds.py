"""All kinds of figures, and `plot`, which draws one of a result or of several: the kind that is named, or the first."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from symmeter.errors import SymmeterError, nearest
from symmeter.report.bands import plot_bands
from symmeter.report.difference import plot_difference
from symmeter.report.drawing import Drawing, Named
from symmeter.report.elements import plot_elements, plot_polar
from symmeter.report.errors import plot_errors, plot_ratios, plot_specificity, plot_stability
from symmeter.report.forest import forest
from symmeter.report.magnitudes import plot_sweep
from symmeter.report.maps import plot_density, plot_feature
from symmeter.report.nodes import plot_nodes
from symmeter.report.pairs import plot_pairs
from symmeter.report.pareto import pareto
from symmeter.report.phases import plot_phases
from symmeter.report.picture import picture
from symmeter.report.plots import plot_cumulative, plot_fraction, plot_stacked, plot_tree, plot_worst
from symmeter.report.prediction import plot_prediction
from symmeter.report.robustness import plot_strength
from symmeter.report.rollout import plot_rollout
from symmeter.report.shown import named_results
from symmeter.report.spectra import plot_spectrum
from symmeter.report.sphere import plot_sphere
from symmeter.results.result import Result
from symmeter.verbs.arguments import Kind, anything, word
from symmeter.verbs.verb import verb

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Picture: TypeAlias = Union["Axes", "Figure"]

OVERVIEW = "overview"  # a figure of all panels that fit, and no Axes
# Where several fit and none is named, the first is drawn.
KINDS: tuple[Drawing, ...] = (
    forest, pareto, plot_difference, plot_prediction, plot_bands, plot_density, plot_feature,
    plot_stacked, plot_cumulative, plot_worst, plot_fraction, plot_tree, plot_strength,
    plot_sphere, plot_spectrum, plot_sweep, plot_rollout, plot_elements, plot_polar, plot_phases,
    plot_errors, plot_ratios, plot_stability, plot_specificity, plot_pairs, plot_nodes,
)  # fmt: skip
NAMES = (OVERVIEW, *(kind.name for kind in KINDS))


@verb(
    results=anything,
    kind=word.or_none("for the first kind that fits"),
    ax=anything,
    width=Kind("1 or 2, the columns of a paper", lambda value: (1, 2)[(1, 2).index(value)]),
    choices=Kind("choices of a figure", dict),
)
def plot(
    results: Any, kind: str | None = None, ax: "Axes | None" = None, *, width: int = 1, **choices: Any
) -> Picture:
    """Draw a result, or several on one axis; returns the Axes, shows nothing, leaves matplotlib's settings alone.

    Args:
        results: what `measure`, `attribute`, `robustness`, `compare`, `cure`, `bands`, `prediction_range` and `maps`
            return, the path of a saved result or of a store of a sweep, or several of them: a list, or a dictionary
            with a name for each.
        kind: `errors`, `ratios`, `stability`, `specificity`, `elements`, `polar`, `lengths`, `sphere`, `spectrum`,
            `rollout`, `phases`, `nodes`, `pairs` of results; `stacked`, `cumulative`, `worst`, `fraction`, `tree` of
            profiles; `strength` of `robustness`, `forest` of comparisons, `difference` of those by layers, `pareto` of
            cures, `bands`, `range`, `density` and `feature` of the others. None for the first that fits. `overview` is
            a Figure of all panels that fit.
        ax: where to draw; None for a new figure.
        width: of a new figure, in columns of a paper: 3.35 or 6.9 inches.
        choices: of that kind, such as `symmetry`, `output` or `measure`.

    Raises:
        SymmeterError: in one line, for a kind that does not fit, with those that do.

    >>> import torch, symmeter
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2)).eval()
    >>> x = torch.rand(8, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    >>> result = symmeter.measure(net, x, symmetry="translation", output="logits")
    >>> ax = symmeter.plot(result, "ratios")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['translation x', 'translation y']
    """
    named = named_results(results)
    if kind == OVERVIEW:
        return _overview(named, ax, width, choices)
    return _kind(named, kind).of_named(named, ax, width=width, **choices)


def fitting(named: Named) -> list[str]:
    """The names of the kinds that fit some results."""
    overview = [OVERVIEW] if all(isinstance(one, Result) for one in named.values()) else []
    return [kind.name for kind in KINDS if kind.fits(named)] + overview


def _kind(named: Named, name: str | None) -> Drawing:
    """The kind of this name, or the first that fits; SymmeterError where it does not fit."""
    if name not in (None, *NAMES):
        raise SymmeterError(f"unknown kind of figure {name!r}{nearest(str(name), NAMES)}")
    fits = fitting(named)
    found = [kind for kind in KINDS if kind.name in fits and name in (None, kind.name)]
    if not found:
        what = f"kind {name!r} does not fit" if name else "no figure fits"
        those = f"these {len(named)} results" if len(named) > 1 else "this result"
        raise SymmeterError(f"{what} {those}" + (f"; choose from {', '.join(fits)}" if fits else ""))
    return found[0]


def _overview(named: Named, ax: object, width: int, choices: Mapping[str, object]) -> "Figure":
    """All panels; SymmeterError for what only a single one can be asked for."""
    if OVERVIEW not in fitting(named):
        raise SymmeterError(f"kind {OVERVIEW!r} does not fit this; choose from {', '.join(fitting(named))}")
    if ax is not None or choices:
        asked = ", ".join(["ax"] * (ax is not None) + list(choices))
        raise SymmeterError(f"{OVERVIEW} is a figure of several panels: leave out {asked}, or choose a kind")
    return picture(named, width)
