"""e3nn as a peer: its harmonics are at the floor in their own irreps, and our matrices are its matrices."""

import warnings

import pytest
import torch
from torch import Tensor, nn

import symmeter
from symmeter.domains.space.irreps import Irreps
from symmeter.domains.space.motion import INVERSION, Motion
from symmeter.domains.space.orthogonal import Orthogonal

# e3nn compiles when it is imported and when a layer is made, which torch says is no longer done.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning"
)
RANDOM = torch.Generator().manual_seed(0)
POINTS = torch.randn(6, 4, 3, generator=RANDOM, dtype=torch.float64)


@pytest.fixture(scope="module")
def o3():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("e3nn.o3")


class Called(nn.Module):
    """A function as a module in float64."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.unit = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.unit * self.function(*inputs)


def error(
    net: nn.Module, data: object, output: str, symmetry: str = "O3", inputs: object = "points"
) -> float:
    options = {"elements": 6, "sampling": "haar", "control": False, "progress": False, "inputs": inputs}
    (row,) = symmeter.measure(net, data, symmetry, "relative_error", f"logits:{output}", **options).rows
    return row.value


@pytest.mark.parametrize("degree", range(5))
def test_harmonics_are_at_the_floor_in_their_own_irrep_only(o3, degree: int):
    net = Called(lambda x: o3.spherical_harmonics(degree, x, normalize=True))
    parity, other = ("e", "o") if degree % 2 == 0 else ("o", "e")
    assert error(net, POINTS, f"node {degree}{parity}") < 1e-12
    assert error(net, POINTS, f"node {degree}{other}") > 0.5  # the wrong parity
    assert error(net, POINTS, f"node {degree}{other}", "SO3") < 1e-12  # which rotations do not see
    if degree:
        assert error(net, POINTS, f"node {2 * degree + 1}x0e", "SO3") > 0.5  # and the wrong degree


def test_harmonics_of_several_degrees_are_in_order(o3):
    net = Called(lambda x: o3.spherical_harmonics([1, 2, 3], x, normalize=True))
    assert error(net, POINTS, "node 1o+2e+3o") < 1e-12
    for wrong in ("node 2e+1o+3o", "node 1o+3o+2e", "node 1o+2e+3e", "node 3o+2e+1o"):
        assert error(net, POINTS, wrong) > 0.1, wrong
    for row in symmeter.measure(
        net, POINTS, "rotation", output="logits:node 1o+2e+3o", control=False, progress=False
    ).rows:
        assert row.verdict == "not resolved"
    wrong = symmeter.measure(
        net, POINTS, "rotation", output="logits:node 2e+1o+3o", control=False, progress=False
    )
    assert all(row.value > 0.1 for row in wrong.rows)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("text", ["1o", "1e", "0o", "2e", "3o", "4e", "4o", "2x0e+3x1o+1x2e+1x1e", "2x3e+0o"])
def test_our_matrices_are_those_of_e3nn(o3, text: str, mirrored: bool):
    irreps = Irreps.parse(text)
    (size,) = irreps.shape
    for _ in range(5):
        motion = Orthogonal().draw(RANDOM)
        motion = INVERSION @ motion if mirrored else motion
        assert isinstance(motion, Motion)
        matrix = irreps.act(motion, torch.eye(size, dtype=torch.float64)).mT  # acts on rows
        torch.set_default_dtype(torch.float64)  # in which e3nn computes
        expected = o3.Irreps(text).D_from_matrix(motion.rotation)
        torch.testing.assert_close(matrix, expected, atol=1e-9, rtol=0)
