"""symmeter measures the symmetries that trained neural networks have learned.

>>> import symmeter, torch
>>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2)).eval()
>>> result = symmeter.measure(net, torch.rand(4, 3, 4, 4), symmetry="rotation")
>>> [row.symmetry for row in result.rows]
['rotation']
"""

# False, as in `typing`, which takes half of the time of an import; tools that complete words must not know that.
TYPE_CHECKING = bool()  # noqa: UP018

__version__ = "0.1.0"

# Names are imported when they are first used: `symmeter --help` must not wait for torch. By hand, for lazy_loader alone
# takes several times as long to import as all of this.
_HOME = {
    "measure": "measuring.measure",
    "assert_equivariant": "layers.assertion",
    "assert_more_equivariant": "measuring.regression",
    "round_trip_error": "domains.grids.round_trip",
    "attribute": "layers.attribute",
    "aliasing": "domains.grids.aliasing.attribute",
    "bands": "domains.grids.bands",
    "maps": "domains.grids.maps",
    "penalty": "training.penalty",
    "Averaged": "training.averaged",
    "prediction_range": "measuring.prediction",
    "plot": "report.kinds",
    "cite": "report.citations",
    "Profile": "layers.profile",
    "Comparison": "results.comparison",
    "Difference": "layers.difference",
    "compare": "sweeps.compare",
    "cure": "curing.cure",
    "remedied": "curing.remedied",
    "Cure": "curing.cured",
    "robustness": "corrupting.robustness",
    "Robustness": "results.robustness",
    "load": "sweeps.load",
    "sweep": "sweeps.sweep",
    "Result": "results.result",
    "load_model": "models",
    "Rollout": "models.rollout",
    "lie_derivative": "symmetry.conjugate",
    "Symmetry": "symmetry.hypothesis",
    "parse_group": "kinds_of_data",
    "GENERATORS": "domains.grids.generators",
    "SymmeterError": "errors",
    "SymmeterWarning": "errors",
}

if TYPE_CHECKING:
    from typing import Any

    from symmeter.corrupting.robustness import robustness
    from symmeter.curing.cure import cure
    from symmeter.curing.cured import Cure
    from symmeter.curing.remedied import remedied
    from symmeter.domains.grids.aliasing.attribute import aliasing
    from symmeter.domains.grids.bands import bands
    from symmeter.domains.grids.generators import GENERATORS
    from symmeter.domains.grids.maps import maps
    from symmeter.domains.grids.round_trip import round_trip_error
    from symmeter.errors import SymmeterError, SymmeterWarning
    from symmeter.kinds_of_data import parse_group
    from symmeter.layers.assertion import assert_equivariant
    from symmeter.layers.attribute import attribute
    from symmeter.layers.difference import Difference
    from symmeter.layers.profile import Profile
    from symmeter.measuring.measure import measure
    from symmeter.measuring.prediction import prediction_range
    from symmeter.measuring.regression import assert_more_equivariant
    from symmeter.models.load import load_model
    from symmeter.models.rollout import Rollout
    from symmeter.report.citations import cite
    from symmeter.report.kinds import plot
    from symmeter.results.comparison import Comparison
    from symmeter.results.result import Result
    from symmeter.results.robustness import Robustness
    from symmeter.sweeps.compare import compare
    from symmeter.sweeps.load import load
    from symmeter.sweeps.sweep import sweep
    from symmeter.symmetry.conjugate import lie_derivative
    from symmeter.symmetry.hypothesis import Symmetry
    from symmeter.training.averaged import Averaged
    from symmeter.training.penalty import penalty

__all__ = [
    "GENERATORS",
    "Averaged",
    "Comparison",
    "Cure",
    "Difference",
    "Profile",
    "Result",
    "Robustness",
    "Rollout",
    "SymmeterError",
    "SymmeterWarning",
    "Symmetry",
    "aliasing",
    "assert_equivariant",
    "assert_more_equivariant",
    "attribute",
    "bands",
    "cite",
    "compare",
    "cure",
    "lie_derivative",
    "load",
    "load_model",
    "maps",
    "measure",
    "parse_group",
    "penalty",
    "plot",
    "prediction_range",
    "remedied",
    "robustness",
    "round_trip_error",
    "sweep",
]


def __getattr__(name: str) -> "Any":
    if name not in _HOME:
        raise AttributeError(f"module 'symmeter' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"symmeter.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
