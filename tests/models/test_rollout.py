"""Roll-outs: what goes in at every step, and what becomes of a symmetry on the way."""

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.models.rollout import Rollout, newest

quiet = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")


def test_the_steps_that_are_asked_for():
    found = Rollout(lambda x: {"aux": x.long(), "out": 2 * x}, steps=(4, 1, 2))(torch.ones(2, 1))
    assert {name: y.tolist() for name, y in found.items()} == {
        "step 1": [[2.0], [2.0]], "step 2": [[4.0], [4.0]], "step 4": [[16.0], [16.0]],
    }  # fmt: skip


def test_the_newest_frames_take_the_place_of_the_oldest():
    fibonacci = Rollout(lambda x: x.sum(1, keepdim=True), steps=range(1, 6))
    assert [int(y) for y in fibonacci(torch.tensor([[1.0, 1.0]])).values()] == [2, 3, 5, 8, 13]
    state, step = torch.rand(2, 3, 2, 4, 4), torch.rand(2, 2, 4, 4)
    assert torch.equal(newest(state, step), torch.cat([state[:, 1:], step[:, None]], 1))


def test_another_way_to_go_on():
    forced = Rollout(lambda x: x + 1, steps=(3,), advance=lambda x, y: 10 * y)
    assert forced(torch.zeros(1, 1))["step 3"].item() == 111


def test_mistakes_get_one_line():
    check_refused(r"steps is \(0, 1\); give a list of numbers of steps", Rollout, abs, (0, 1))
    check_refused(r"steps is \(\); give a list of numbers of steps", Rollout, abs, ())
    check_refused("model is 3; give a function", Rollout, 3)
    check_refused("give Rollout advance=", Rollout(lambda x: x[..., :3], (2,)), torch.rand(1, 2, 5))


class Leaky(nn.Module):
    """A circular step that is equivariant but for a small push to the right: which adds up, step by step."""

    def __init__(self, push):
        super().__init__()
        self.push = push

    def forward(self, u):
        return (
            u + 0.02 * (u.roll(1, -1) + u.roll(-1, -1) + u.roll(1, -2) + u.roll(-1, -2) - 4 * u) + self.push
        )

    def train(self, mode=True):
        return super().train(False)


@quiet
def test_errors_grow_with_the_number_of_steps_and_stay_at_the_floor_of_a_symmetric_model():
    u = torch.randn(4, 1, 8, 8, dtype=torch.float64)
    errors = {}
    for name, net in (("pushed", Leaky(torch.linspace(0, 0.01, 8).double())), ("symmetric", Leaky(0.0))):
        rollout = symmeter.Rollout(net, steps=(1, 2, 4))
        result = symmeter.measure(rollout, u, "hflip,shift(2)", "geed(l2)", rollout.outputs("equivariant"),
                                  elements=4, progress=False)  # fmt: skip
        assert [row.output for row in result.rows] == ["step 1", "step 2", "step 4"] * 2
        errors[name] = result
    assert {row.verdict for row in errors["symmetric"].rows} == {"not resolved"}
    one, two, four, *_ = [row.value**0.5 for row in errors["pushed"].rows]
    assert two / one == pytest.approx(2, rel=0.05) and four / one == pytest.approx(4, rel=0.05)


@quiet
def test_its_picture_has_a_line_and_a_floor_for_each_symmetry():
    pytest.importorskip("matplotlib", exc_type=ImportError)
    from symmeter.report.rollout import plot_rollout

    rollout = symmeter.Rollout(Leaky(torch.linspace(0, 0.01, 8).double()), steps=(1, 2, 4))
    u = torch.randn(4, 1, 8, 8, dtype=torch.float64)
    result = symmeter.measure(rollout, u, "hflip,shift(2)", "relative_error", rollout.outputs("equivariant"),
                              elements=4, progress=False)  # fmt: skip
    ax = plot_rollout(result)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(names) == ["floor of hflip", "floor of shift(2)", "hflip", "shift(2)"]
    drawn = dict(zip(["hflip", "shift(2)"], ax.containers, strict=True))
    for name, container in drawn.items():
        rows = [row for row in result.rows if row.symmetry == name]
        assert container.lines[0].get_xdata().tolist() == [1, 2, 4]
        assert container.lines[0].get_ydata().tolist() == pytest.approx([row.value for row in rows])
    assert len(plot_rollout(result, symmetry="hflip").containers) == 1
    other = symmeter.measure(Leaky(0.0), u, "hflip", "relative_error", "logits", progress=False)
    check_refused("no steps in this result", plot_rollout, other)
