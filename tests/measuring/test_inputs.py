"""Models of several inputs and outputs: dicts, tuples, dataclasses, labels beside them, and what is never guessed."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

import symmeter
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.images.domain import Images
from symmeter.models.load import describe

X, Y = (
    torch.rand(6, 3, 8, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(i)) for i in (0, 1)
)
IDS = torch.randint(0, 10, (6, 4), generator=torch.Generator().manual_seed(2))
BOTH = ("image", "image")


class Two(nn.Module):
    """Two images and words; two outputs."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.map, self.head, self.words = nn.Conv2d(3, 4, 3), nn.Linear(4, 5), nn.Embedding(10, 4)
        self.double().eval()

    def forward(self, first: Tensor, second: Tensor, ids: Tensor | None = None) -> dict[str, Tensor]:
        z = self.map(first).mean((2, 3)) - self.map(second).square().mean((2, 3))
        if ids is not None:
            assert ids.dtype == torch.int64
            z = z + self.words(ids).mean(1)
        return {"scores": self.head(z), "inner": z}


def measured(data, symmetry="rotation", output="scores", model=None, **options):
    options = {"progress": False, "control": False, "inputs": BOTH} | options
    return symmeter.measure(model or Two(), data, symmetry, output=output, **options)


def plain(generator, moves=(True, True), output="scores"):
    """LEE from difference quotients: each image moved by itself along its own tangent."""
    rho, net, step = Images().rho_in(describe(nn.Identity())), Two(), 1e-6
    with torch.no_grad():
        dx, dy = (rho.differentiate(GENERATORS[generator], z) * m for z, m in zip((X, Y), moves, strict=True))
        ends = [net(X + s * step * dx, Y + s * step * dy)[output] for s in (1, -1)]
        return float(((ends[0] - ends[1]) / (2 * step)).square().mean())


def test_two_images_move_together():
    for data, inputs in (((X, Y), BOTH), ({"first": X, "second": Y}, {"first": "image", "second": "image"})):
        (row,) = measured(data, inputs=inputs).rows
        assert row.value == pytest.approx(plain("rotation"), rel=1e-6)


def test_what_is_not_named_is_left_alone_and_listed():
    result = measured({"first": X, "second": Y}, inputs={"first": "image"})
    assert result.rows[0].value == pytest.approx(plain("rotation", (True, False)), rel=1e-6)
    assert result.header["spec"]["left_alone"] == ["second"]
    assert result.header["spec"]["inputs"] == {"first": "image"}


def test_whole_numbers_arrive_as_whole_numbers():
    data = {"first": X, "second": Y, "ids": IDS}
    (row,) = measured(data, inputs={"first": "image", "second": "image"}).rows
    assert row.value == pytest.approx(plain("rotation"), rel=1e-6)  # the words add a constant


def test_several_outputs_along_generators_are_those_measured_alone():
    together = measured((X, Y), "rotation,translation_x", "scores,inner")
    assert [(r.output, r.symmetry) for r in together.rows] == [
        (o, s) for o in ("scores", "inner") for s in ("rotation", "translation_x")
    ]
    for name in ("scores", "inner"):
        alone = measured((X, Y), "rotation,translation_x", name)
        for row, other in zip([r for r in together.rows if r.output == name], alone.rows, strict=True):
            assert row.value == pytest.approx(other.value, rel=1e-12)
            assert 0.2 < row.floor / other.floor < 5
    assert "lee:rotation:inner" in together.samples


def test_groups_move_every_image_and_their_controls_do_too():
    rows = measured((X[..., :8], Y[..., :8]), "C4", measure="twirled_variance", control=True).rows
    net, outputs = Two(), []
    with torch.no_grad():
        for k in range(4):
            outputs.append(
                net(torch.rot90(X[..., :8], k, (2, 3)), torch.rot90(Y[..., :8], k, (2, 3)))["scores"]
            )
    z = torch.stack(outputs)
    assert rows[0].value == pytest.approx(float((z - z.mean(0)).square().mean((0, 2)).mean()), rel=1e-10)
    assert rows[0].control > 0


def test_parts_of_the_attribution_add_up():
    profile = symmeter.attribute(Two(), (X, Y), "rotation", "scores", inputs=BOTH, progress=False)
    assert profile.rows[0].value == pytest.approx(plain("rotation"), rel=1e-6)
    assert sum(row.share for row in profile.rows if row.terminal) == pytest.approx(1, abs=1e-10)
    assert [row.layer for row in profile.rows if row.layer.startswith("map")] == ["map", "map#2"]


@dataclass
class Frame:
    pos: Tensor
    charge: Tensor


def test_a_dataclass_is_one_argument_and_points_are_permuted():
    class Sum(nn.Module):
        def forward(self, frame: Frame) -> Tensor:
            assert isinstance(frame, Frame)
            return (frame.pos * torch.arange(1.0, 5)[:, None]).sum(1) * frame.charge[:, None]

    frame = Frame(torch.rand(5, 4, 3), torch.rand(5))
    result = symmeter.measure(Sum().eval(), frame, "S4", "relative_error", "vectors", inputs={"pos": "points"}, progress=False,
                              control=False)  # fmt: skip
    assert result.header["spec"]["domain"] == "points" and result.rows[0].value > 0.01
    assert result.header["spec"]["left_alone"] == ["charge"]


def test_labels_may_stand_beside_the_inputs():
    labels = torch.arange(6) % 5
    beside = measured((X, Y), labels=labels)
    paired = measured(((X, Y), labels))
    assert (
        beside.header["accuracy"] == paired.header["accuracy"] is None
        or beside.samples.keys() == paired.samples.keys()
    )
    net = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 9, 5)).double().eval()
    alone = symmeter.measure(net, X, "rotation", labels=labels, progress=False, control=False)
    pair = symmeter.measure(net, (X, labels), "rotation", progress=False, control=False)
    assert alone.header["accuracy"] == pair.header["accuracy"] is not None


@pytest.mark.parametrize(("data", "options", "words"), [
    ((X, Y), {"inputs": None}, "two inputs are said with inputs=('image', 'image')"),
    ({"first": X, "second": Y}, {"inputs": None}, "inputs are first (6, 3, 8, 9), second (6, 3, 8, 9): say how"),
    ({"first": X, "second": Y}, {"inputs": {"third": "image"}}, "there is no 'third'; the data has first (6, 3, 8, 9)"),
    ({"first": X, "second": Y}, {"inputs": {"first": "imgae"}}, "'imgae' is no way in which a symmetry acts"),
    ((X, Y[:5]), {}, "inputs differ in how many items they have: 0 6, 1 5"),
    ((X, Y), {"inputs": ("image",)}, "inputs= has 1 words and the data 2 parts"),
    ((X, Y, X), {"inputs": BOTH}, "inputs= has 2 words and the data 3 parts"),
])  # fmt: skip
def test_what_is_not_clear_is_refused(data, options, words):
    check_refused(re.escape(words), lambda d: measured(d, **options), data)


def test_one_picture_among_other_inputs_is_found():
    class Captioned(nn.Module):
        def forward(self, input_ids, pixel_values):
            return pixel_values.mean((2, 3)) + input_ids.double().mean(1, keepdim=True)

    data = {"input_ids": IDS, "pixel_values": X}
    result = measured(data, output="logits", model=Captioned().eval(), inputs=None)
    assert result.header["spec"]["inputs"] == {"pixel_values": "image"}


def test_arrays_of_numpy_are_inputs_too():
    (row,) = measured(
        {"first": np.asarray(X), "second": Y}, inputs={"first": "image", "second": "image"}
    ).rows
    assert row.value == pytest.approx(plain("rotation"), rel=1e-6)


def test_model_and_inputs_are_left_as_they_were():
    net, first, second = Two().train(), X.clone(), Y.clone()
    with pytest.warns(symmeter.SymmeterWarning, match="train mode"):
        measured((first, second), model=net)
    assert net.training and torch.equal(first, X) and torch.equal(second, Y)


def test_a_wrong_derivative_of_a_small_output_is_found_beside_a_large_one():
    class Detached(Two):
        def forward(self, first, second):
            found = super().forward(first, second)
            return {"scores": 1e6 * found["scores"], "small": 1e-6 * found["inner"].detach().square()}

    with pytest.warns(symmeter.SymmeterWarning, match="central differences"):
        together = measured((X, Y), output="scores,small", model=Detached())
    with pytest.warns(symmeter.SymmeterWarning, match="central differences"):
        alone = measured((X, Y), output="small", model=Detached())
    assert together.rows[1].value == pytest.approx(alone.rows[0].value, rel=1e-4) and alone.rows[0].value > 0


def test_large_whole_numbers_beside_pixels_change_neither_value_nor_floor():
    """Round-off and difference quotients are of the size of each leaf, not of all together."""

    class Words(Two):
        def forward(self, first, second, ids):
            return super().forward(first, second, ids // 5000)

    net = Words().float()
    data = {"first": X.float(), "second": Y.float()}
    inputs = dict.fromkeys(data, "image")
    few = measured({**data, "ids": IDS}, model=net, inputs=inputs).rows[0]
    many = measured({**data, "ids": IDS * 5000}, model=net, inputs=inputs).rows[0]
    assert many.value == pytest.approx(plain("rotation"), rel=1e-4)
    assert 0.2 < many.floor / few.floor < 5


def test_the_floor_of_a_small_output_does_not_hang_on_a_large_one():
    class Maps(nn.Module):
        def forward(self, x):
            h = torch.nn.functional.avg_pool2d(x[:, :1], 3, 1)
            return {"large": 1e6 * h, "small": h}

    options = {"model": Maps().eval(), "inputs": None}
    together = measured(X.float(), output="large,small", **options)
    alone = measured(X.float(), output="small", **options)
    assert 0.2 < together.rows[1].floor / alone.rows[0].floor < 5


def test_inputs_are_prepared_once_for_all_runs(monkeypatch):
    calls, leaf = [], Images.leaf
    monkeypatch.setattr(Images, "leaf", lambda *args: calls.append(args[1]) or leaf(*args))
    measured((X[..., :8], Y[..., :8]), "rotation,C4,hflip")
    assert calls == ["image", "image"]
