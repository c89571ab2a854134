"""Outputs of several irreps, each by itself: the degree that breaks is the one that was broken."""

import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

import symmeter
from symmeter.domains.space.harmonics import mixing
from symmeter.domains.space.words import parts_of
from symmeter.kinds_of_data import find_domain
from symmeter.models.outputs import parse_outputs

CLOUDS = torch.randn(8, 4, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


class Moments(nn.Module):
    """A mean length (0e), a mean vector (1o) and the quadrupole (2e) of a set; one of them broken."""

    def __init__(self, broken: str = ""):
        super().__init__()
        self.unit, self.broken = nn.Parameter(torch.ones((), dtype=torch.float64)), broken
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        x = self.unit * x
        a, b, c = x.unbind(-1)
        root = 3**0.5
        second = torch.stack([a * c * root, a * b * root, b * b - (a * a + c * c) / 2, b * c * root, (c * c - a * a) * root / 2], -1)  # fmt: skip
        parts = {"0e": x.norm(dim=-1, keepdim=True), "1o": x, "2e": second}
        found = [part.tanh() if name == self.broken else part for name, part in parts.items()]
        if self.broken == "0e":
            found[0] = a[..., None]
        return torch.cat(found, -1).mean(1)


def by_output(symmetry: str, broken: str = "") -> dict:
    words = {"output": "logits:0e+1o+2e by degree", "inputs": "points", "control": False, "progress": False}
    return {row.output: row for row in symmeter.measure(Moments(broken), CLOUDS, symmetry, **words).rows}


def test_the_quadrupole_is_of_degree_two():
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    turn = turn * torch.linalg.det(turn)
    net = Moments()
    torch.testing.assert_close(net(CLOUDS @ turn.mT)[:, 4:], net(CLOUDS)[:, 4:] @ mixing(2, turn).mT)


@pytest.mark.filterwarnings("ignore:.*not resolved by this design")
@pytest.mark.parametrize("symmetry", ["SO3", "rotation_y"])
@pytest.mark.parametrize("broken", ["0e", "1o", "2e"])
def test_only_the_broken_degree_and_the_whole_are_above_the_floor(symmetry, broken):
    rows = by_output(symmetry, broken)
    assert list(rows) == ["logits", "logits[0e]", "logits[1o]", "logits[2e]"]
    for name, row in rows.items():
        expected = name in ("logits", f"logits[{broken}]")
        assert (row.value > 1e-4) == expected, name
        assert (row.verdict == "not resolved") == (not expected), name


def test_the_parts_make_up_the_whole():
    rows = by_output("rotation_x", "1o")
    sizes = {"logits[0e]": 1, "logits[1o]": 3, "logits[2e]": 5}
    total = sum(size * rows[name].value for name, size in sizes.items()) / 9
    assert rows["logits"].value == pytest.approx(total, rel=1e-9)


def test_all_copies_of_an_irrep_are_one_output():
    assert parts_of("2x1o+0e+1o") == {"3x1o": (0, 1, 2, 3, 4, 5, 7, 8, 9), "0e": (6,)}
    assert parts_of("vectors") == {}
    found = parse_outputs("node 1o+0e by degree", Moments(), find_domain("points")())
    assert [output.label for output in found] == ["logits", "logits[node 1o]", "logits[node 0e]"]


def test_other_actions_have_no_degrees():
    for output in ("logits:vectors by degree", "logits by degree"):
        options = {"inputs": "points", "progress": False}
        check_refused(
            "only irreps have degrees", symmeter.measure, Moments(), CLOUDS, "SO3", output=output, **options
        )
