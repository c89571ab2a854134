"""Wrong tests along generators are told from broken symmetries, as they are over groups."""

import pytest
import torch
from torch import nn

import symmeter

pytestmark = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")
SIZE = 32
PLACES = torch.arange(SIZE, dtype=torch.float64) - (SIZE - 1) / 2
WAVES = torch.fft.fftfreq(SIZE, dtype=torch.float64) * 2j * torch.pi * (torch.arange(SIZE) != SIZE // 2)


def blobs(count=4, each=3):
    """Vectors (count, 2, SIZE, SIZE) that are smooth, and 0 at the border: the grid moves them without an error."""
    random = torch.Generator().manual_seed(0)
    uniform = torch.rand(3, each, count, 1, 1, 1, generator=random, dtype=torch.float64)
    amplitudes = torch.randn(each, count, 2, 1, 1, generator=random, dtype=torch.float64)
    x, y = PLACES - 2 * uniform[0] + 1, PLACES[:, None] - 2 * uniform[1] + 1
    return (amplitudes * torch.exp(-(x.square() + y.square()) / (2 * 2.4**2))).sum(0)


def slope(h, axis):
    """The derivative of h (B, C, H, W) along x or y, exact for what the grid holds."""
    waves = WAVES if axis == "x" else WAVES[:, None]
    return torch.fft.ifft2(torch.fft.fft2(h) * waves).real


def gradient(u):
    energy = u.square().sum(1, keepdim=True)
    return torch.cat([slope(energy, "x"), slope(energy, "y")], 1)


def speeds(u):
    return u.square().sum(1, keepdim=True) * torch.tensor([1.0, 2.0]).reshape(2, 1, 1)


def measured(net, said, symmetry, data=None, inputs="vectors"):
    """The rows by symmetry, and what was said of the actions."""
    result = symmeter.measure(
        net, blobs() if data is None else data, symmetry, output=f"logits:{said}", inputs=inputs,
        padding="circular", definition="periodic", control=False, progress=False,
    )  # fmt: skip
    return {row.symmetry: row for row in result.rows}, [w for w in result.warnings if "so the error" in w]


def test_a_gradient_operator_is_right_as_vectors_and_nothing_is_said():
    rows, said = measured(gradient, "vectors", "rotation,translation,scale")
    assert said == []
    size = float(gradient(blobs()).square().mean())
    assert all(row.value < 1e-6 * size for row in rows.values())


def test_components_that_do_not_turn_are_named_along_the_generators_that_show_it():
    rows, (line,) = measured(gradient, "equivariant", "rotation,translation,scale")
    size = float(gradient(blobs()).square().mean())
    assert rows["rotation"].value == pytest.approx(size, rel=0.01)  # |J u|^2 is |u|^2: all of it is error
    assert rows["translation_x"].value < 1e-6 * size
    assert line.startswith(
        "output 'logits' has components that turn with the grid, as 'vectors': so the error of output 'logits' along "
        "rotation, scale is "
    )
    assert line.endswith("times smaller")


def slopes(h):
    return torch.cat([slope(h, "x"), slope(h, "y")], 1)


HEIGHTS = blobs()[:, :1]


@pytest.mark.parametrize(
    ("net", "said", "symmetry", "sentence"),
    [
        (speeds, "vectors", "rotation", "has components that do not turn with the grid, as 'equivariant'"),
        (gradient, "vectors(up)", "rotation", "has components that turn with the grid, as 'vectors'"),
        (lambda u: gradient(u) * torch.tensor([1.0, -1.0]).reshape(2, 1, 1), "vectors", "rotation",
         "has components that turn the other way, with y upwards, as 'vectors(up)'"),
        (gradient, "invariant", "translation_x", "moves with the grid, as 'equivariant'"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_named(net, said, symmetry, sentence):
    rows, lines = measured(net, said, symmetry)
    assert all(row.value > 100 * row.floor for row in rows.values())
    assert [line.partition(": so the error")[0] for line in lines] == [f"output 'logits' {sentence}"]


def test_what_explains_the_most_errors_is_named_for_all_of_them():
    """Along rotations gradients turn as vectors do, along scalings they do not: one sentence for both."""
    _, (line,) = measured(slopes, "equivariant", "rotation,scale", HEIGHTS, "depth")
    assert line.startswith(
        "output 'logits' has components that change as those of gradients do, as 'gradients'"
    )
    assert "along rotation, scale" in line


def test_an_input_that_was_left_behind_is_named():
    net = lambda u, p: (slopes(p) * u).sum(1, keepdim=True)
    tree = {"u": blobs(), "p": HEIGHTS}
    _, said = measured(net, "depth", "rotation", tree, {"u": "vectors", "p": "depth"})
    assert said == []
    rows, (line,) = measured(net, "depth", "rotation", tree, {"u": "vectors", "p": "invariant"})
    assert rows["rotation"].value > 100 * rows["rotation"].floor
    assert line.startswith(
        "input 'p' moves with the grid, as 'equivariant': so the error of output 'logits' along"
    )


@pytest.mark.parametrize("said", ["vectors", "equivariant", "pseudovectors"])
def test_a_symmetry_that_is_truly_broken_is_not_explained_away(said):
    torch.manual_seed(0)
    net = nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular").double().eval()
    rows, lines = measured(net, said, "rotation")
    assert rows["rotation"].value > 1e3 * rows["rotation"].floor
    assert lines == []


def test_a_vector_of_points_that_turns_the_other_way_is_named_along_rotations_too():
    mirrored = torch.tensor([1.0, -1.0, 1.0], dtype=torch.float64)
    points = torch.randn(6, 5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    result = symmeter.measure(
        lambda pos: (pos[:, 0] - pos[:, 1]) * mirrored, points, "rotation_z", inputs="points",
        output="graph vectors", control=False, progress=False,
    )  # fmt: skip
    (line,) = [w for w in result.warnings if "so the error" in w]
    assert line.startswith("output 'logits' turns the other way, by R^T in the place of R")
