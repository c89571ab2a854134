"""Against e3nn's own `equivariance_error`: the largest |f(g x) - g f(x)| of any entry, for one random g per trial.

It draws its motion by itself and says nothing of it. Here it is given ours, one after the other, so that what it finds
can be compared with each of our elements.
"""

import warnings
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import symmeter
from symmeter.domains.space.field import Field
from symmeter.domains.space.irreps import Irreps
from symmeter.domains.space.motion import Motion, moved_by
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.domains.space.words import representation_of
from symmeter.symmetry.groups.group import choose_elements

# e3nn compiles when it is imported and when a layer is made, which torch says is no longer done.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning", "ignore:.*times smaller"
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    o3 = pytest.importorskip("e3nn.o3")
    from e3nn.util.test import equivariance_error

OUT = "2x0e+1o+2e"
RANDOM = torch.Generator().manual_seed(0)
POINTS = torch.randn(1, 4, 3, generator=RANDOM, dtype=torch.float64)
ELEMENTS = [
    g for g in choose_elements(Orthogonal(mirrored=True), 8, 0, "haar").elements if isinstance(g, Motion)
]


@pytest.fixture(autouse=True)
def double():
    """e3nn computes its matrices in the usual type, whatever it is given."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


class Broken(nn.Module):
    """Irreps of points (B, N, 3) that know which way is up, by so much; nothing of it for strength 0."""

    def __init__(self, strength: float, out: str = OUT):
        super().__init__()
        torch.manual_seed(0)
        self.strength, self.around = strength, "0e+1o+2e"
        self.linear = o3.Linear(self.around, out)
        self.unit = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        harmonics = o3.spherical_harmonics(self.around, x, normalize=False)
        return self.linear(harmonics) + self.strength * torch.tanh(x[..., 2:] * self.unit)


def peer(net: nn.Module, motion: Motion, monkeypatch: Any, out: str = OUT, data: Tensor = POINTS) -> float:
    """What e3nn finds for one motion without a shift."""
    # it multiplies what it draws by the parity, in place
    monkeypatch.setattr(o3, "rand_matrix", lambda dtype=None: motion.rotation * motion.parity)
    parity = int(motion.parity < 0)
    with torch.no_grad():
        found = equivariance_error(
            net, [data], irreps_in=["cartesian_points"], irreps_out=[o3.Irreps(out)], do_translation=False
        )
    return float(found[parity, False])


def ours(net: nn.Module, motion: Motion, out: str = OUT) -> float:
    """The same of what our representations make of inputs and outputs."""
    points, irreps = representation_of("points", POINTS), Field(Irreps.parse(out), "node")
    assert points is not None
    with torch.no_grad():
        difference = net(points.act(motion, POINTS)[0]) - irreps.act(motion, net(POINTS))[0]
    return float(difference.abs().max())


@pytest.mark.parametrize("strength", [1.0, 1e-3, 1e-9])
def test_the_largest_error_of_any_entry_is_that_of_e3nn(strength: float, monkeypatch):
    net = Broken(strength).eval()
    for g in ELEMENTS:
        expected = peer(net, g, monkeypatch)
        assert expected > 0.05 * strength
        assert ours(net, g) == pytest.approx(expected, rel=1e-9, abs=1e-13)


def by_element(net: nn.Module, out: str) -> list[float]:
    """Root mean squares of f(g x) - g f(x) over the entries, in the unit of the output, element by element."""
    result = symmeter.measure(
        net, POINTS, "O3", "relative_error", f"logits:node {out}", inputs="points", elements=len(ELEMENTS),
        sampling="haar", seed=0, control=False, progress=False,
    )  # fmt: skip
    assert [row.element for row in result.elements] == [g.name for g in ELEMENTS]
    with torch.no_grad():
        size = float(net(POINTS).square().mean().sqrt())
    return [row.value * size for row in result.elements]


def test_rows_of_elements_are_within_what_two_norms_can_differ_by(monkeypatch):
    """The largest of n entries is between their root mean square and sqrt(n) times that."""
    net = Broken(0.3).eval()
    entries = net(POINTS).numel()
    for value, g in zip(by_element(net, OUT), ELEMENTS, strict=True):
        largest = peer(net, g, monkeypatch)
        assert value <= largest * (1 + 1e-9) and largest <= entries**0.5 * value * (1 + 1e-9)


def test_rows_of_elements_are_those_of_e3nn_where_there_is_one_entry(monkeypatch):
    class Energy(Broken):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).sum(1)

    net = Energy(0.3, "0e").eval()
    result = symmeter.measure(
        net, POINTS, "O3", "relative_error", "logits:0e", inputs="points", elements=len(ELEMENTS), sampling="haar",
        seed=0, control=False, progress=False,
    )  # fmt: skip
    with torch.no_grad():
        size = abs(float(net(POINTS)))
    for row, g in zip(result.elements, ELEMENTS, strict=True):
        assert row.element == g.name
        assert row.value * size == pytest.approx(peer(net, g, monkeypatch, "0e"), rel=1e-9)


def test_exact_layers_are_so_for_both(monkeypatch):
    net = Broken(0.0).eval()
    assert max(by_element(net, OUT)) < 1e-12
    assert max(peer(net, g, monkeypatch) for g in ELEMENTS) < 1e-12


def test_translations_are_those_of_e3nn(monkeypatch):
    """Its shifts are ten times normal numbers: drawn again from the same seed."""
    net = Broken(0.3).eval()
    monkeypatch.setattr(o3, "rand_matrix", lambda dtype=None: torch.eye(3, dtype=torch.float64))
    with torch.no_grad():
        torch.manual_seed(3)
        found = equivariance_error(
            net, [POINTS], irreps_in=["cartesian_points"], irreps_out=[o3.Irreps(OUT)], do_parity=False
        )
    torch.manual_seed(3)
    shift = 10 * torch.randn(1, 3, dtype=torch.float64)
    x, y, z = shift[0].tolist()
    assert ours(net, moved_by((x, y, z))) == pytest.approx(float(found[0, True]), rel=1e-9)
