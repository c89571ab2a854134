"""A loop over recurrent cells has the error that the same net over time has as one module, and nothing is lost."""

import pytest
import torch
from torch import Tensor, nn

import symmeter
from symmeter.layers.profile import Profile

CLIPS = torch.randn(4, 1, 16, generator=torch.Generator().manual_seed(1))


class Whole(nn.Module):
    """A convolution, a net over time, and a head at every time."""

    def __init__(self, kind: type[nn.RNNBase]):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.time = nn.Conv1d(1, 3, 5, stride=2, padding=2), kind(3, 4, batch_first=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.time(self.conv(x).mT)[0]).mT


class Loop(nn.Module):
    """The same, step by step; states are stacked, or written into a tensor that was there before."""

    def __init__(self, whole: Whole, cell: nn.Module, written: bool):
        super().__init__()
        self.conv, self.head, self.cell, self.written = whole.conv, whole.head, cell, written
        cell.load_state_dict(
            {key.removesuffix("_l0"): value for key, value in whole.time.state_dict().items()}
        )

    def forward(self, x: Tensor) -> Tensor:
        h, states = None, []
        for sample in self.conv(x).unbind(-1):
            h = self.cell(sample, h)
            states.append(h[0] if isinstance(h, tuple) else h)
        if not self.written:
            return self.head(torch.stack(states, 1)).mT
        sequence = x.new_zeros(len(x), len(states), 4)
        for t, state in enumerate(states):
            sequence[:, t] = state
        return self.head(sequence).mT


def attributed(net: nn.Module) -> tuple[Profile, dict[str, float]]:
    profile = symmeter.attribute(
        net.double().eval(), CLIPS.double(), "translation_x", "logits", domain="signals"
    )
    return profile, {row.layer: row.contribution for row in profile.rows}


KINDS = [(nn.GRU, nn.GRUCell), (nn.LSTM, nn.LSTMCell), (nn.RNN, nn.RNNCell)]


@pytest.mark.parametrize(("kind", "cell"), KINDS)
def test_a_loop_has_the_error_of_the_net_over_time(kind: type[nn.RNNBase], cell: type[nn.Module]):
    whole = Whole(kind)
    _, expected = attributed(whole)
    profile, found = attributed(Loop(whole, cell(3, 4), written=False))
    scale = abs(expected[""])
    assert profile.header["spec"]["folded"] == {}
    assert found[""] == pytest.approx(expected[""], rel=1e-9)
    assert found["conv"] == pytest.approx(expected["conv"], abs=1e-9 * scale)
    cells = [value for layer, value in found.items() if layer.startswith("cell")]
    assert len(cells) == 8
    assert max(map(abs, cells)) < 1e-9 * scale  # each is the same at every time: what breaks is their order
    assert abs(expected["time"]) > 1e-4 * scale
    assert found["(glue)"] == pytest.approx(expected["time"] + expected["(glue)"], abs=1e-9 * scale)


def test_states_that_are_written_into_a_tensor_are_listed_and_their_error_is_kept():
    whole = Whole(nn.GRU)
    _, expected = attributed(whole)
    with pytest.warns(
        symmeter.SymmeterWarning, match="1 call of modules folded into the module around, .*: head"
    ):
        profile, found = attributed(Loop(whole, nn.GRUCell(3, 4), written=True))
    assert list(profile.header["spec"]["folded"]) == ["head"]
    terminal = [row.contribution for row in profile.rows if row.terminal]
    assert sum(terminal) == pytest.approx(expected[""], rel=1e-9)
    assert found["(glue)"] == pytest.approx(expected[""] - expected["conv"], abs=1e-9 * abs(expected[""]))
