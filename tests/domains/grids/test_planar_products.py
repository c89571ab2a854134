"""Averages over the subgroups of a dihedral group."""

import pytest
import torch
from torch import nn

import symmeter
from symmeter.domains.grids.planar_products import dihedral
from symmeter.symmetry.groups.cosets import cosets_among

RANDOM = torch.Generator().manual_seed(0)
IMAGES = torch.rand(12, 1, 6, 6, generator=RANDOM, dtype=torch.float64)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_a_dihedral_group_divides_into_cosets_of_each_of_its_subgroups(n):
    members = dihedral(n).enumerate()
    subgroups = dihedral(n).subgroups
    assert {group.order for group in subgroups} >= {2 * n, *({n} - {1})}
    for group in subgroups:
        cosets = cosets_among(members, group.enumerate())
        assert sorted(i for coset in cosets for i in coset) == list(range(2 * n))


class Weighted(nn.Module):
    """One linear function of an image, with no symmetry."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weights", torch.randn(1, 6, 6, generator=RANDOM, dtype=torch.float64))

    def forward(self, x):
        return (x * self.weights).flatten(1).sum(1, keepdim=True)


def test_what_averages_over_subgroups_of_d4_gain_is_what_was_predicted():
    net = Weighted().eval()
    labels = {"logits": net(IMAGES) + 0.3}
    options = {"labels": labels, "average": (2, 4, 8), "control": False, "progress": False}
    result = symmeter.measure(net, IMAGES, "D4", output="logits:invariant", **options)
    split = result.splits[0]
    assert [row.over for row in result.averages] == ["cosets of C2", "cosets of C4", "cosets of D4"]
    for row, mean in zip(result.averages, _averaged(net), strict=True):
        by_hand = split.error - float((mean - labels["logits"][:, 0]).square().mean())
        assert row.predicted_gain == pytest.approx(by_hand, rel=1e-9)
        assert row.gain == pytest.approx(by_hand, rel=1e-9)
    assert result.averages[-1].gain == pytest.approx(split.asymmetry, rel=1e-9)


def _averaged(net):
    """The means over all cosets of C2, C4 and D4, (cosets, B) each."""
    turned = [torch.rot90(IMAGES, k, (2, 3)) for k in range(4)]
    values = torch.stack([net(x)[:, 0] for x in (*turned, *(x.flip(3) for x in turned))])
    by_turns = values.unflatten(0, (2, 2, 2)).mean(2 - 1)  # quarter turns k and k + 2 are a coset of C2
    return by_turns.flatten(0, 1), values.unflatten(0, (2, 4)).mean(1), values.mean(0, keepdim=True)
