"""symmeter measures the symmetries that trained neural networks have learned.

>>> import symmeter, torch
>>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2)).eval()
>>> result = symmeter.measure(net, torch.rand(4, 3, 4, 4), symmetry="rotation")
>>> [row.symmetry for row in result.rows]
['rotation']
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Names are imported when they are first used: `symmeter --help` must not wait for torch.
_HOME = {
    "measure": "measurement",
    "assert_equivariant": "assertion",
    "round_trip_error": "runs",
    "attribute": "layers.attribute",
    "aliasing": "layers.explained",
    "maps": "layers.maps",
    "Profile": "layers.profile",
    "load": "loading",
    "sweep": "sweeps",
    "Result": "result",
    "load_model": "models",
    "lie_derivative": "conjugate",
    "Symmetry": "symmetry",
    "parse_group": "groups",
    "GENERATORS": "groups",
    "SymmeterError": "errors",
    "SymmeterWarning": "errors",
}

if TYPE_CHECKING:
    from symmeter.assertion import assert_equivariant
    from symmeter.conjugate import lie_derivative
    from symmeter.errors import SymmeterError, SymmeterWarning
    from symmeter.groups import GENERATORS, parse_group
    from symmeter.layers.attribute import attribute
    from symmeter.layers.explained import aliasing
    from symmeter.layers.maps import maps
    from symmeter.layers.profile import Profile
    from symmeter.loading import load
    from symmeter.measurement import measure
    from symmeter.models import load_model
    from symmeter.result import Result
    from symmeter.runs import round_trip_error
    from symmeter.sweeps import sweep
    from symmeter.symmetry import Symmetry

__all__ = [
    "GENERATORS",
    "Profile",
    "Result",
    "SymmeterError",
    "SymmeterWarning",
    "Symmetry",
    "aliasing",
    "assert_equivariant",
    "attribute",
    "lie_derivative",
    "load",
    "load_model",
    "maps",
    "measure",
    "parse_group",
    "round_trip_error",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'symmeter' has no attribute {name!r}")
    return getattr(import_module(f"symmeter.{_HOME[name]}"), name)
