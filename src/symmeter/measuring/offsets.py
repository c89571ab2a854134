"""The offset finder on a run: f(g x) of a few samples for the elements that turn a grid, output by output."""

from collections.abc import Sequence

from torch import Tensor

from symmeter.domain import Domain
from symmeter.measuring.orbit_pass import Orbit
from symmeter.measuring.passes import moved
from symmeter.measuring.targets import OrbitTarget
from symmeter.symmetry.offset import Offset
from symmeter.symmetry.representations.trivial import Trivial

_ELEMENTS, _SAMPLES, _ENTRIES = 3, 16, 2**20  # at most


def found_offsets(orbit: Orbit, domain: Domain, x: Tensor, asked: Sequence[OrbitTarget]) -> dict[str, Offset]:
    """By output, of those that are asked for and move, the offset that minimises its error over samples x (b, ...)."""
    asked = [target for target in asked if not isinstance(target.rho, Trivial)]
    elements = domain.turning(orbit.members)
    elements = elements[:: max(1, len(elements) // _ELEMENTS)][:_ELEMENTS]
    if not elements or not asked:
        return {}
    x = x[: min(_SAMPLES, orbit.at_once)]
    still, inputs = orbit.unmoved_outputs(x), moved(orbit.rho_in, x)
    outputs = {g: orbit.function(inputs(g)) for g in elements}
    found = {}
    for k, (target, y) in enumerate(zip(orbit.targets, still, strict=True)):
        few = max(2, _ENTRIES // y[0].numel())
        own = {g: ys[k][:few] for g, ys in outputs.items()}
        offset = domain.offset(target.rho, y[:few], own) if target in asked else None
        found |= {} if offset is None else {target.output.label: offset}
    return found
