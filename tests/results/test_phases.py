"""Errors by k mod hop: of strided networks, which follow shifts by whole frames only."""

import pytest
import torch
from torch import Tensor, nn

import symmeter
from symmeter.report.phases import plot_phases

HOP, LENGTH = 4, 64
CLIPS = torch.randn(6, 1, LENGTH + 2 * 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def strided() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(1, 5, 9, stride=HOP), nn.Tanh(), nn.Conv1d(5, 3, 1)).double().eval()


class Coarse(nn.Module):
    """A strided network, each frame shown for the samples that it stands for: as fine, and no better."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Conv1d(1, 3, HOP, stride=HOP).double()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x).repeat_interleave(HOP, -1)


@pytest.fixture(scope="module")
def result() -> symmeter.Result:
    return symmeter.measure(
        strided(), CLIPS, "shift(8,crop)", output=f"logits:frames(hop={HOP})", domain="signals", sample_rate=8000,
    )  # fmt: skip


def test_only_shifts_by_multiples_of_the_hop_are_followed(result: symmeter.Result):
    """The values are those of a plain loop over the shifts."""
    rows = result.phases()
    assert [(row.phase, row.shifts, row.hop) for row in rows] == [(0, 4, 4), (1, 4, 4), (2, 4, 4), (3, 4, 4)]
    assert rows[0].value < 1e-12 and min(row.value for row in rows[1:]) > 0.05
    assert [row.seconds for row in rows] == [k / 8000 for k in range(4)]
    by_element = {int(row.parameter or 0): row for row in result.elements if row.measure == "relative_error"}
    assert sum(by_element[k].value for k in (-7, -3, 1, 5)) / 4 == pytest.approx(rows[1].value)
    assert all(by_element[k].value < 1e-12 for k in (-8, -4, 0, 4, 8))


def test_the_table_says_so(result: symmeter.Result):
    table = " ".join(str(result).split())
    assert "shift(8,crop): logits has a frame every 4 samples: shifts by multiples of 4 change it by" in table
    assert "others by up to" in table and "(k mod 4 = " in table


def test_a_hop_may_be_asked_about():
    """Of an output as long as the input nothing is said until it is asked; then the hop inside shows."""
    result = symmeter.measure(
        Coarse().eval(), CLIPS[..., :LENGTH], "shift(8)", output="logits:equivariant", domain="signals"
    )
    assert "has a frame every" not in str(result)
    assert {row.hop for row in result.phases()} == {1}
    whole, *others = result.phases(HOP)
    assert whole.value < 1e-12 and min(row.value for row in others) > 0.1


def test_a_network_without_a_stride_follows_every_shift():
    torch.manual_seed(0)
    net = nn.Conv1d(1, 3, 5, padding=2, padding_mode="circular").double().eval()
    result = symmeter.measure(
        net, CLIPS[..., :LENGTH], "shift(8)", output="logits:equivariant", domain="signals"
    )
    assert max(row.value for row in result.phases(HOP)) < 1e-12


def test_the_picture_has_a_dot_for_each_phase(result: symmeter.Result):
    pytest.importorskip("matplotlib")
    (line,) = plot_phases(result).lines
    assert list(line.get_xdata()) == [0, 1, 2, 3]
    assert list(line.get_ydata()) == [row.value for row in result.phases()]
