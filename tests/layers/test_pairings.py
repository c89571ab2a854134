"""What pairings keep between backward passes, and that nothing hangs on it."""

import pytest
import torch
from tests.layers.test_contributions import AFFINE, attributed, small_net

from symmeter.domains.grids.densities import Densities
from symmeter.domains.grids.grid import CHANNELS_FIRST, CHANNELS_LAST, Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.layers import contributions
from symmeter.layers.pairings import Pairings
from symmeter.layers.walk import Value
from symmeter.symmetry.representations.trivial import Trivial

X = torch.randn(2, 3, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_a_pairing_is_kept_for_its_tensor_and_action_while_there_is_room():
    between = Bandlimited()
    value, other, rho = Value(X), Value(2 * X), Grid(between)
    size = rho.pairing(X).bytes
    assert size == 2 * X.numel() * 8
    pairings = Pairings(1.5 * size)
    first = pairings.of(value, rho)
    assert pairings.of(value, Grid(between)) is first
    assert pairings.of(value, Grid(between, CHANNELS_LAST)) is not first
    assert isinstance(pairings.of(value, rho), Densities)
    assert pairings.of(other, rho) is not pairings.of(other, rho)  # no room is left
    assert pairings.of(other, Trivial()) is pairings.of(other, Trivial())  # which takes none
    assert Pairings(0).of(value, rho) is not first


@pytest.mark.parametrize("probes", [0, 4])
def test_the_numbers_do_not_hang_on_the_room(probes, monkeypatch):
    net, counts = small_net(), []
    slope = Bandlimited.differentiate

    def counted(self, x, axis):
        counts.append(axis)
        return slope(self, x, axis)

    monkeypatch.setattr(Bandlimited, "differentiate", counted)
    found = []
    for free in (2**30, 0, None):
        counts.clear()
        monkeypatch.setattr(contributions, "available_bytes", lambda device, free=free: free)
        torch.manual_seed(0)
        found.append((attributed(net, X, AFFINE, probes=probes)[1], len(counts)))
    (kept, few), (anew, many), (unknown, same) = found
    assert 3 * few < many == same
    assert torch.equal(kept.values, anew.values) and torch.equal(kept.values, unknown.values)
    if probes:
        assert torch.equal(kept.norms, anew.norms)


def test_moments_are_the_sums_over_velocity_fields():
    """<w, X x> by the fields at every position, on grids of one to three axes, channels first and last."""
    line, block = X[:, :, 0], X.reshape(2, 3, 4, 4, 4)
    for axes, x in ((2, X), (1, line), (3, block)):
        for layout in (CHANNELS_FIRST, CHANNELS_LAST):
            rho, w = Grid(Bandlimited(), layout, axes=axes), torch.randn_like(x)
            expected = torch.stack([(w * one).flatten(1).sum(1) for one in rho.differentiate_all(AFFINE, x)])
            torch.testing.assert_close(rho.pairing(x)(AFFINE, w), expected, rtol=1e-12, atol=1e-12)
