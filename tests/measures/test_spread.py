"""The variance over elements against its definition: of whole groups, of single draws, and of draws of blocks."""

import pytest
import torch

from symmeter.measures.orbit import Chunk
from symmeter.measures.spread import Distances, OrbitSpread
from symmeter.symmetry.representations.trivial import Trivial

Z = torch.randn(12, 2, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def chunk(sampled, block=1):
    return Chunk(torch.zeros(2, 5, dtype=torch.float64), Trivial(), len(Z), sampled, block)


def spread(sampled, block=1, z=Z):
    found = OrbitSpread(chunk(sampled, block))
    for one in z:
        found.add(one)
    return found.variance()


def between_blocks(z, block):
    """Half the mean squared distance of values in different blocks: without bias for blocks drawn independently."""
    number = torch.arange(len(z)) // block
    apart = number[:, None] != number
    return (z[:, None] - z).square()[apart].mean(0) / 2


def test_a_whole_group_has_the_plain_variance_and_single_draws_the_corrected_one():
    torch.testing.assert_close(spread(False), Z.var(0, correction=0))
    torch.testing.assert_close(spread(True), Z.var(0))
    torch.testing.assert_close(spread(True), between_blocks(Z, 1))


@pytest.mark.parametrize("block", [2, 3, 4, 6])
def test_blocks_have_the_mean_over_pairs_of_different_blocks(block):
    torch.testing.assert_close(spread(True, block), between_blocks(Z, block))
    means = Z.reshape(-1, block, 2, 5).mean(1)
    products = torch.stack([a * b for i, a in enumerate(means) for k, b in enumerate(means) if i != k])
    torch.testing.assert_close(spread(True, block), Z.square().mean(0) - products.mean(0))
    assert not torch.allclose(spread(True, block), Z.var(0))


def test_blocks_that_are_equal_inside_count_once():
    repeated = Z[:3].repeat_interleave(4, 0)
    torch.testing.assert_close(spread(True, 4, repeated), Z[:3].var(0))


def test_large_values_lose_no_digits():
    torch.testing.assert_close(spread(True, 3, Z + 1e8), spread(True, 3), rtol=1e-6, atol=0)
    assert bool((spread(True, 3, torch.ones_like(Z)) == 0).all())


def test_distances_are_of_the_samples_to_keep_and_of_what_is_valid():
    mask = torch.ones(5)
    mask[3:] = 0
    found = Distances(chunk(True))
    for one in Z:
        found.add(one, mask)
    expected = (Z[:, None, 1, :3] - Z[:, 1, :3]).square().sum(-1)
    torch.testing.assert_close(found.between(torch.tensor([False, True])), expected, rtol=1e-5, atol=1e-5)
