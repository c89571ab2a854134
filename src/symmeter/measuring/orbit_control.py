"""The inputs of the control over a group: changed as far as each element changes them, but along no symmetry."""

import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.measuring.orbit_pass import Orbit
from symmeter.measuring.passes import Inputs
from symmeter.measuring.reference_samples import ReferenceSamples
from symmeter.symmetry.groups.group import Element


def displaced_inputs(
    orbit: Orbit, domain: Domain, x: Tensor, references: ReferenceSamples | None, positions: Tensor
) -> tuple[Inputs, Tensor]:
    """(g -> the samples x (b, ...) changed by as much as g changes them, `lacking` (b,)).

    The direction is that in which g changes a reference sample; `positions` (b,) are those of the samples in their
    batch. `lacking` becomes set, as inputs are made, for samples that no reference sample serves. Without `references`
    a kind of data knows directions of its own.
    """
    lacking = torch.zeros(len(x), dtype=torch.bool)
    if references is None:
        return domain.displaced(orbit.rho_in, x, x, orbit.still, lambda g, step, displacement: step), lacking

    def replaced(g: Element, step: Tensor, displacement: Tensor) -> Tensor:
        """The `step` (b, ...) of reference samples, that of the next one where g does not move the first."""
        move = lambda y: (orbit.rho_in.act(g, y)[0] - orbit.still(y))[None]
        found, without = references.directions(positions, displacement[None], move, step[None])
        lacking.logical_or_(without[0].to(lacking))
        return found[0]

    others = references.of(positions)
    return domain.displaced(orbit.rho_in, x, others, orbit.still, replaced), lacking
