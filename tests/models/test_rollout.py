"""Roll-outs: what goes in at every step, and what becomes of a symmetry on the way."""

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter
import symmeter.models.leaves
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
    u, p = torch.rand(1, 2, 5), torch.rand(1, 1, 5)
    check_refused(r"returned \(1, 1, 4\) for inputs 'p' \(1, 1, 5\): give",
                  Rollout(lambda u, p: {"p": p[..., 1:]}, (2,)), u=u, p=p)  # fmt: skip
    check_refused(
        "returned one tensor without a name for inputs u, p: give", Rollout(lambda u, p: u, (2,)), u=u, p=p
    )


FORMS = {
    "arguments": (lambda u, p: (u + p, 2 * p), lambda u, p: ((u, p), {})),
    "one tuple": (lambda pair: (pair[0] + pair[1], 2 * pair[1]), lambda u, p: (([u, p],), {})),
    "names": (lambda u, p: {"u": u + p, "p": 2 * p}, lambda u, p: ((), {"u": u, "p": p})),
    "one dict": (lambda d: {"u": d["u"] + d["p"], "p": 2 * d["p"]}, lambda u, p: (({"u": u, "p": p},), {})),
}


@pytest.mark.parametrize("form", FORMS)
def test_inputs_are_what_the_model_takes_and_outputs_all_that_it_returns(form):
    model, given = FORMS[form]
    inputs, named = given(torch.zeros(1, 1), torch.ones(1, 1))
    found = Rollout(model, steps=(1, 3))(*inputs, **named)
    assert list(found) == ["step 1", "step 3"]
    leaves = {name: y.item() for name, y in symmeter.models.leaves.leaves(found).items()}
    u, p = ("u", "p") if named or form == "one dict" else ("0", "1")
    assert leaves == {f"step 1.{u}": 1, f"step 1.{p}": 2, f"step 3.{u}": 7, f"step 3.{p}": 8}


def test_what_the_model_does_not_return_stays():
    forced = Rollout(lambda u, force: {"u": 2 * u + force}, steps=(1, 2))
    found = forced(u=torch.ones(1, 1), force=torch.full((1, 1), 3.0))
    assert [step["u"].item() for step in found.values()] == [5, 13]


def test_advance_is_given_the_inputs_and_what_the_model_returned_as_they_are():
    advance = lambda state, step: (step["u"], state[1] + 1)
    found = Rollout(lambda u, t: {"u": u * t}, (1, 2, 3), advance)(torch.ones(1, 1), torch.full((1, 1), 2.0))
    assert [step["u"].item() for step in found.values()] == [2, 6, 24]


class Fluid(nn.Module):
    """Two fields on a torus: velocity is carried by the slope of the pressure, pressure by the divergence of velocity.

    `push` is added to the x of velocity: a step that is not equivariant.
    """

    def __init__(self, push=0.0):
        super().__init__()
        self.push = torch.tensor([push, 0.0]).double().reshape(2, 1, 1)

    def forward(self, u, p):
        slopes = torch.cat([slope(p, 3), slope(p, 2)], 1)
        divergence = slope(u[:, :1], 3) + slope(u[:, 1:], 2)
        return {"u": u - 0.3 * slopes + self.push, "p": p - 0.3 * divergence * (1 + p.square())}


def slope(h, axis):
    return (h.roll(-1, axis) - h.roll(1, axis)) / 2


@quiet
@pytest.mark.parametrize("push", [0.0, 0.01])
def test_a_roll_out_of_velocity_and_pressure(push):
    random = torch.Generator().manual_seed(0)
    fields = {name: torch.randn(4, c, 8, 8, generator=random).double() for name, c in (("u", 2), ("p", 1))}
    rollout = symmeter.Rollout(Fluid(push), steps=(1, 2, 4)).eval()
    output = rollout.outputs({"u": "vectors", "p": "depth"})
    result = symmeter.measure(rollout, fields, "D4,shift(2)", "geed(l2)", output, elements=4, padding="circular",
                              inputs={"u": "vectors", "p": "depth"}, control=False, progress=False)  # fmt: skip
    rows = {(row.symmetry, row.output): row for row in result.rows}
    assert list(rows)[:6] == [("D4", f"step {k}.{name}") for k in (1, 2, 4) for name in "up"]
    resolved = {key for key, row in rows.items() if row.verdict != "not resolved"}
    pushed = {("D4", f"step {k}.u") for k in (1, 2, 4)}  # it has no divergence, so the pressure never knows
    assert resolved == (pushed if push else set())
    if push:
        one, two, four = (rows["D4", f"step {k}.u"].value ** 0.5 for k in (1, 2, 4))
        assert two / one == pytest.approx(2, rel=0.01) and four / one == pytest.approx(4, rel=0.01)


@quiet
def test_the_picture_has_a_line_for_each_tensor():
    pytest.importorskip("matplotlib", exc_type=ImportError)
    from symmeter.report.rollout import plot_rollout

    fields = {"u": torch.randn(4, 2, 8, 8).double(), "p": torch.randn(4, 1, 8, 8).double()}
    rollout = symmeter.Rollout(Fluid(0.01), steps=(1, 2)).eval()
    result = symmeter.measure(rollout, fields, "hflip", "relative_error", rollout.outputs({"u": "vectors", "p": "depth"}),
                              inputs={"u": "vectors", "p": "depth"}, padding="circular", progress=False)  # fmt: skip
    drawn = {c.get_label(): c.lines[0].get_ydata().tolist() for c in plot_rollout(result).containers}
    assert drawn == {
        f"hflip, {name}": [row.value for row in result.rows if row.output.endswith(f".{name}")]
        for name in "up"
    }


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
