"""Sets: networks that do not care for the order of the points, that move with it, and that do neither."""

import math
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from tests.contracts.domain import DomainContract, inputs_of
from tests.contracts.group import GroupContract
from tests.domains.points.networks import DeepSet
from tests.helpers import Things, check_refused
from torch import Tensor, nn
from torch.utils.data import DataLoader

from symmeter.domains.points.data import SETS
from symmeter.domains.points.domain import Points
from symmeter.domains.space.permutations import Permutations, PointPermutations
from symmeter.draw import Draw
from symmeter.errors import SymmeterWarning
from symmeter.measuring.measure import measure
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.permutations import Symmetric

POINTS = torch.randn(8, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Ordered(nn.Module):
    """A network that knows the places of the points."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 2))
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


def group_named(text: str) -> Group:
    (group,) = Points.symmetry(text)
    return group


class TestDomain(DomainContract):
    domain = Points
    data = POINTS
    group = "permutation"
    equivariant = (DeepSet(), "permutation", "logits:points")
    broken = (Ordered(), "permutation,S4", "logits:invariant")
    outputs: ClassVar = {"invariant": torch.rand(2, 5), "points": torch.rand(2, 4, 5)}
    misfits: ClassVar = {"points": torch.rand(2, 4)}
    good: ClassVar = {"points": 3, "centred": "unit_sphere"}
    bad: ClassVar = {"points": 0, "centred": "cube"}


class TestPermutations(GroupContract):
    group = Permutations()
    shape = (4, 3)
    parse = staticmethod(group_named)


class TestPointPermutations(GroupContract):
    group = PointPermutations(4)
    shape = (4, 3)
    parse = staticmethod(group_named)


@pytest.mark.parametrize("words", ["permutation", "S4"])
def test_invariant_networks_have_none(words: str):
    (row,) = measure(DeepSet(pooled=True), POINTS, words, "relative_error", output="logits").rows
    assert row.value < 1e-14 and row.verdict == "not resolved" and row.n == 8


def test_the_error_is_that_of_a_plain_loop():
    net = Ordered()
    (row,) = measure(net, POINTS, "permutation", "relative_error", output="logits", control=False).rows
    errors = []
    for x in POINTS:
        y = net(x[None])
        for g in Symmetric(4).enumerate()[1:]:
            moved = torch.empty_like(x)
            for i, place in enumerate(g.images):
                moved[place] = x[i]
            errors.append((net(moved[None]) - y).norm() / y.norm())
    assert row.value == pytest.approx(torch.stack(errors).mean().item(), rel=1e-12)


def test_many_points_are_permuted_at_random():
    """As many as the data has; n! is beyond any float."""
    points = torch.randn(3, 200, 3, dtype=torch.float64)
    with pytest.warns(
        SymmeterWarning, match="output 'logits' is permuted with the points, as 'node scalars'"
    ):
        result = measure(
            DeepSet(), points, "permutation", output="logits:points,logits:invariant", elements=5
        )
    rows = result.rows
    assert [row.verdict == "not resolved" for row in rows] == [True, False]
    assert Permutations().bind((200, 3)).order == math.factorial(200)


def test_all_forms_of_data_give_the_same(tmp_path: Path):
    labels = [0, 1] * 4
    pairs = list(zip(POINTS, labels, strict=True))
    np.savez(tmp_path / "points.npz", points=POINTS.numpy(), labels=np.array(labels))
    forms = (
        POINTS.numpy(), (POINTS, labels), {"points": POINTS}, Things(pairs), DataLoader(Things(pairs), batch_size=3),
        str(tmp_path / "points.npz"),
    )  # fmt: skip
    for data in forms:
        assert torch.equal(inputs_of(Points().open(data, None, Draw()).batches(3)), POINTS)
    (row,) = measure(DeepSet(True), str(tmp_path / "points.npz"), "permutation", output="logits").rows
    assert row.verdict == "not resolved"


def test_what_does_not_fit_is_refused_in_one_line(tmp_path: Path):
    net = DeepSet()
    check_refused(
        "how the symmetry acts on it is not known", measure, net, POINTS, "permutation", output="logits"
    )
    check_refused("use S4", measure, net, POINTS, "S5", output="logits:points")
    check_refused(
        "points must be a float tensor", measure, net, POINTS.long(), "permutation", domain="points"
    )
    check_refused("acts on points", Permutations().bind, (3, 4, 4))
    check_refused("bind it to a shape", Permutations().enumerate)
    check_refused("no such file", SETS.check_path, str(tmp_path / "gone.npz"))
    check_refused("points have no option 'padding'", measure, net, POINTS, "permutation", padding="zeros")


@pytest.mark.parametrize(("n", "shape", "words"), [
    (5, (6, 2), r"S5 permutes 5 points, but inputs \(B, 6, 2\) have 6; use S6"),
    (5, (3, 4, 4), r"S5 acts on points \(B, 5, features\)"),
])  # fmt: skip
def test_a_group_that_cannot_act_on_a_shape_says_so(n, shape, words):
    check_refused(words, PointPermutations(n).bind, shape)


VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@pytest.mark.parametrize("named", ["equivariance_error", "relative_error", "lee"])
def test_six_numbers_of_a_tensor_are_measured_as_its_nine(named):
    """A shear stands twice in a matrix: rotations keep the norm of the nine, and not that of the six."""
    x = torch.randn(8, 5, 3, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    stretch = torch.tensor([1.0, 0.2, 0.5], dtype=torch.float64)
    nine = lambda x: torch.einsum("bni,bnj->bij", x * stretch, x * stretch)
    six = lambda x: torch.stack([nine(x)[:, i, j] for i, j in VOIGT], 1)
    symmetry = "rotation_x" if named == "lee" else "SO3"
    options = {"inputs": "points", "control": False, "progress": False}
    of_six, of_nine = (
        measure(model, x, symmetry, named, word, **options).rows[0].value
        for model, word in ((six, "voigt"), (nine, "tensors"))
    )
    assert of_six == pytest.approx(of_nine, rel=1e-12) and of_nine > 0.01


class NearlyCentred(nn.Module):
    """Maxima over points from which all but a small part of their mean is taken away."""

    def __init__(self, part: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.part = part
        self.points = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 32))
        self.head = nn.Linear(32, 5)
        self.double().eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.points(x - (1 - self.part) * x.mean(1, keepdim=True)).amax(1))


@pytest.mark.parametrize(("part", "stable"), [(0.01, True), (1.0, False)])
def test_stability_along_translations_tells_networks_apart_that_hardly_see_them(part, stable):
    """A translation moves all clouds alike: against that of another cloud, every network would be at 1."""
    clouds = torch.randn(24, 16, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    found = measure(NearlyCentred(part), clouds, "translation", domain="points", progress=False)
    for row in found.rows:
        assert row.stability < 0.1 if stable else row.stability > 0.3
        assert row.stability_high > 1.05 * row.stability_low
        assert (row.verdict == "specific") == stable
