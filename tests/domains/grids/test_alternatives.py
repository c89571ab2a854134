"""Wrong tests of fields are told from broken symmetries: components that do not turn, or turn the other way."""

import warnings

import pytest
import torch
from torch import nn

import symmeter

U = torch.randn(4, 2, 12, 12, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def slope(h, axis):
    return (h.roll(-1, axis) - h.roll(1, axis)) / 2


def gradient(u):
    speed = u.square().sum(1, keepdim=True)
    return torch.cat([slope(speed, 3), slope(speed, 2)], 1)


def vorticity(u):
    return slope(u[:, 1:], 3) - slope(u[:, :1], 2)


NETWORKS = {
    "vectors": gradient,
    "vectors(up)": lambda u: gradient(u) * torch.tensor([1.0, -1.0])[:, None, None],
    "vectors(yx)": lambda u: gradient(u).flip(1),
    "pseudovectors": lambda u: vorticity(u) * gradient(u),
    "pseudoscalars": vorticity,
    "equivariant": lambda u: gradient(u).square().sum(1, keepdim=True) + torch.zeros(1, 2, 1, 1),
    "invariant": lambda u: (
        u.square().mean((1, 2, 3), keepdim=True) * torch.linspace(0, 1, 288).reshape(2, 12, 12)
    ),
}


def found(net, said, symmetry="D4"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = symmeter.measure(net, U, symmetry, "relative_error", f"logits:{said}", inputs="vectors",
                                  control=False, progress=False)  # fmt: skip
    (row,) = result.rows
    return row, [line for line in result.warnings if "so the error" in line]


@pytest.mark.parametrize("word", NETWORKS)
def test_the_right_word_is_at_the_floor_and_says_nothing(word):
    row, said = found(NETWORKS[word], word)
    assert row.verdict == "not resolved" and said == []


@pytest.mark.parametrize(
    ("word", "said", "sentence"),
    [
        ("equivariant", "vectors", "has components that do not turn with the grid, as 'equivariant'"),
        ("vectors", "equivariant", "has components that turn with the grid, as 'vectors'"),
        ("vectors", "vectors(up)", "has components that turn with the grid, as 'vectors'"),
        (
            "vectors(up)",
            "vectors",
            "has components that turn the other way, with y upwards, as 'vectors(up)'",
        ),
        ("vectors(yx)", "vectors", "has its components in the order (y, x), as 'vectors(yx)'"),
        ("pseudovectors", "vectors", "has components that turn with the grid and change sign under flips"),
        ("pseudoscalars", "equivariant", "changes sign under flips, as 'pseudoscalars'"),
        ("pseudoscalars", "depth", "changes sign under flips, as 'pseudoscalars'"),
        ("invariant", "equivariant", "stays where it is when the grid moves, as 'invariant'"),
        ("vectors", "invariant", "has components that turn with the grid, as 'vectors'"),
    ],
)
def test_a_wrong_word_is_named(word, said, sentence):
    row, (line,) = found(NETWORKS[word], said)
    assert row.value > 0.3
    assert line.startswith(f"output 'logits' {sentence}")


@pytest.mark.parametrize("symmetry", ["C4", "hflip"])
def test_a_gradient_whose_components_are_left_behind_is_off_by_all_of_it(symmetry):
    row, (line,) = found(gradient, "equivariant", symmetry)
    assert row.value >= 1.0 and "components that turn with the grid" in line


@pytest.mark.parametrize("said", ["vectors", "equivariant", "pseudovectors"])
def test_a_symmetry_that_is_truly_broken_is_not_explained_away(said):
    torch.manual_seed(0)
    net = nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular").double().eval()
    row, lines = found(net, said)
    assert row.value > 0.5 and lines == []


def curl(v):
    """Pseudo-vectors of vectors v (B, 3, D, H, W)."""
    d = lambda of, along: slope(v[:, of : of + 1], -1 - along)
    return torch.cat([d(2, 1) - d(1, 2), d(0, 2) - d(2, 0), d(1, 0) - d(0, 1)], 1)


@pytest.mark.parametrize(
    ("net", "said", "sentence"),
    [
        (curl, "pseudovectors", ""),
        (lambda v: curl(curl(v)), "vectors", ""),
        (
            curl,
            "vectors",
            "has components that turn with the grid and change sign under flips, as 'pseudovectors'",
        ),
        (lambda v: curl(curl(v)), "equivariant", "has components that turn with the grid, as 'vectors'"),
        (
            lambda v: (curl(v) * v).sum(1, keepdim=True),
            "depth",
            "changes sign under flips, as 'pseudoscalars'",
        ),
    ],
)
def test_pseudo_vectors_of_space(net, said, sentence):
    v = torch.randn(3, 3, 6, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = symmeter.measure(net, v, "Oh", "relative_error", f"logits:{said}", inputs="vectors", control=False,
                                  elements=12, progress=False, domain="volumes")  # fmt: skip
    lines = [line for line in result.warnings if "so the error" in line]
    assert (result.rows[0].verdict == "not resolved") == (sentence == "")
    assert [line.partition(": so")[0] for line in lines] == [f"output 'logits' {sentence}"] * bool(sentence)
