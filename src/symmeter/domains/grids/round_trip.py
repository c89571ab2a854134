"""What moving grids there and back loses."""

from torch import Tensor

from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants import parse_interpolant
from symmeter.domains.grids.interpolants.interpolant import Interpolant
from symmeter.domains.grids.options import PADDING_WORDS
from symmeter.kinds_of_data import parse_group
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.symmetry.groups.group import Group, choose_elements
from symmeter.trees import is_dense
from symmeter.verbs.arguments import instance, passing
from symmeter.verbs.verb import verb


@verb(
    ARGUMENTS,
    x=passing(
        "a float tensor (B, C, H, W), or one of one or three axes",
        lambda x: is_dense(x) and x.is_floating_point() and 3 <= x.ndim <= 5,
    ),
    symmetry=instance("a group such as 'C8'", str, Group),
    padding=PADDING_WORDS,
)
def round_trip_error(
    x: Tensor,
    symmetry: str | Group = "C8",
    definition: str | Interpolant = "bandlimited",
    padding: str = "reflect",
    elements: int | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """||g^-1 g x - x|| / ||x|| for every element, by name: what moving images loses, 0 where it is exact.

    `x` are images (B, C, H, W), signals (B, C, L) or volumes (B, C, D, H, W). Positions that were outside the frame on
    the way do not count.

    >>> import torch
    >>> round_trip_error(torch.rand(1, 1, 6, 6), "C2")
    {'identity': 0.0, 'rotate 180': 0.0}
    """
    group = symmetry if isinstance(symmetry, Group) else parse_group(symmetry)
    chosen = choose_elements(group.bind(tuple(x.shape[1:]), padded=True), elements, seed)
    rho = Grid(parse_interpolant(definition), padding=padding, axes=x.ndim - 2)
    action = rho.action(x)
    found = {}
    for g in chosen.elements:
        there, mask = action(g)
        back, mask_back = rho.act(g.inverse(), there)
        inside = rho.act(g.inverse(), mask.expand_as(x[:1]))[0] > 1 - 1e-3
        found[g.name] = float(((back - x) * inside * mask_back).double().norm() / x.double().norm())
    return found
