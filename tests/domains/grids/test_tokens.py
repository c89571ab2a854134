"""Tokens on grids of one and three axes move as the grid that they were flattened from (two: see test_grid)."""

import pytest
import torch
from tests.contracts.representation import RepresentationContract

from symmeter.domains.grids.affine_map import AffineMap, shifted_by
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.generators_in_space import FAMILIES_IN_SPACE, GENERATORS_IN_SPACE
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.tokens import Tokens, is_tokens, tokens_by
from symmeter.domains.space.point_groups import OCTAHEDRAL

TOKENS = torch.randn(2, 2 + 27, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


class TestTokensInSpace(RepresentationContract):
    representation = Tokens(Bandlimited(), (3, 3, 3), prefix=2)
    elements = OCTAHEDRAL.enumerate()[::3]
    generators = tuple(GENERATORS_IN_SPACE[name] for name in FAMILIES_IN_SPACE["rotation"])
    example = TOKENS


class TestTokensInTime(RepresentationContract):
    representation = Tokens(Bandlimited(), (12,), prefix=1)
    elements = (AffineMap(), shifted_by([3, 0], (1, 12), wrap=True))
    generators = (GENERATORS["translation_x"],)
    example = TOKENS[:, :13]


def test_spacing_and_padding_are_those_of_the_grid():
    grid = Grid(Bandlimited(), padding="circular", axes=3, spacing=(1.0, 2.0, 3.0))
    rho = tokens_by("tokens(2+3x3x3)", TOKENS, grid)
    assert rho == Tokens(grid.interpolant, (3, 3, 3), 2, "circular", (1.0, 2.0, 3.0))
    places = TOKENS[:, 2:].mT.unflatten(2, (3, 3, 3))
    for generator in GENERATORS_IN_SPACE.values():
        expected = grid.differentiate(generator, places).flatten(2).mT
        found = rho.differentiate(generator, TOKENS)
        torch.testing.assert_close(found[:, 2:], expected)
        assert not found[:, :2].any()


def test_words():
    words = [
        "tokens(64)",
        "tokens(1+64)",
        "tokens(1+4x4x4)",
        "tokens(4x4)",
        "tokens(4x)",
        "tokens(+4)",
        "token(4)",
    ]
    assert [is_tokens(word) for word in words] == [True, True, True, True, False, False, False]
    for word, axes in (("tokens(3x3x3)", 3), ("tokens(2+3x3)", 2), ("tokens(2+3x3x3)", 2)):
        with pytest.raises(ValueError, match="which is not tokens"):
            tokens_by(word, TOKENS, Grid(Bandlimited(), axes=axes))
