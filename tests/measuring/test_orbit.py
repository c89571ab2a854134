"""A run over a group: what it costs, what it keeps, what it says, and what it refuses."""

import json
import math

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from tests.processes import printed
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.kinds_of_data import parse_group
from symmeter.measuring import passes
from symmeter.measuring.interrupt import Interrupted
from symmeter.measuring.orbit import OrbitRun

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
X = torch.randn(6, 3, 12, 12, generator=torch.Generator().manual_seed(0))


def net(classes=4):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(80, classes)
    ).eval()  # fmt: skip


def measured(model=None, data=X, symmetry="C4", measure="geed", output="softmax", **options):
    return symmeter.measure(model or net(), data, symmetry, measure, output, progress=False, **options)


class Counting(nn.Module):
    """Counts the images that pass."""

    def __init__(self):
        super().__init__()
        self.net, self.images = net(), 0

    def forward(self, x):
        self.images += len(x)
        return self.net(x)


@pytest.mark.parametrize(
    "measures", ["geed", "geed,consistency,twirled_variance,relative_error,kl_consistency"]
)
@pytest.mark.parametrize("group", ["C4", "D4", "shift(1)"])
def test_all_measures_share_one_pass_over_the_orbit(group, measures):
    model = Counting().eval()
    result = measured(model, X, group, measures, control=False)
    order = parse_group(group).bind((3, 12, 12)).order
    floor = 4 * (min(order, 16) + 2)
    assert model.images <= order * len(X) + floor + 2
    assert result.header["spec"]["forward_passes"] <= order * len(X) + floor


def test_what_does_not_fit_is_computed_again_and_gives_the_same(monkeypatch):
    options = {"measure": "geed,twirled_variance", "symmetry": "D4"}
    whole = measured(net().double(), X.double(), **options)
    monkeypatch.setattr(passes, "KEPT_BYTES", 100)
    again = measured(net().double(), X.double(), **options)
    assert again.header["spec"]["forward_passes"] > whole.header["spec"]["forward_passes"]
    for a, b in zip(whole.rows, again.rows, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-9)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_the_batch_size_changes_nothing(batch_size):
    measures = "geed,consistency,normalised_variance,relative_invariance"
    one = measured(net().double(), X.double(), measure=measures)
    other = measured(net().double(), X.double(), measure=measures, batch_size=batch_size)
    for a, b in zip(one.rows, other.rows, strict=True):  # float64: small values are differences of large ones
        assert a.value == pytest.approx(b.value, rel=1e-9)
        assert a.control == pytest.approx(b.control, rel=1e-9)


def test_out_of_memory_makes_chunks_smaller():
    class Small(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()

        def forward(self, x):
            if len(x) > 3:
                raise torch.OutOfMemoryError("out of memory")
            return self.net(x)

    result = measured(Small().eval().double(), X.double(), measure="consistency,geed")
    assert result.header["spec"]["chunk"] <= 3
    whole = measured(net().double(), X.double(), measure="consistency,geed")
    for a, b in zip(result.rows, whole.rows, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-9)


def test_columns_rows_and_elements_agree():
    result = measured(measure="relative_error,consistency", symmetry="D4")
    row = result.rows[0]
    assert row.n == 6 and row.elements == 8
    assert row.value == pytest.approx(result.samples["relative_error:D4"].mean())
    assert row.worst == pytest.approx(result.samples["relative_error:D4:maximum"].max())
    found = [e for e in result.elements if e.measure == "relative_error"]
    assert len(found) == 8 and found[0].element == "identity" and found[0].value == 0
    assert np.mean([e.value for e in found[1:]]) == pytest.approx(row.value)
    assert max(found, key=lambda e: e.value).element == row.worst_element
    frame = result.elements_to_pandas()
    assert set(frame["element"]) >= {"hflip", "rotate 90"}


def test_a_result_is_saved_and_loaded_with_its_elements(tmp_path):
    result = measured(symmetry="C4,hflip", measure="geed,consistency")
    result.save(tmp_path / "r")
    again = symmeter.load(tmp_path / "r")
    assert again.rows == result.rows and again.elements == result.elements
    result.to_json(tmp_path / "r.json")
    content = json.loads((tmp_path / "r.json").read_text())
    assert content["schema"] == "symmeter.results.result/1"
    assert {"measure", "symmetry", "output", "layer", "value", "standard_error", "n", "floor", "control", "selectivity",
            "unit", "direction"} <= set(content["rows"][0])  # fmt: skip
    assert content["elements"][0]["element"] == "identity"


def test_generators_and_groups_together():
    result = measured(symmetry="rotation,C4,hflip", measure=None)
    assert [(row.measure, row.symmetry) for row in result.rows] == [
        ("lee", "rotation"), ("geed(kl)", "C4"), ("geed(kl)", "hflip")]  # fmt: skip
    assert len(result.header["spec"]["runs"]) == 3
    assert "lee:rotation" in result.samples
    assert "C4" in str(result)


def test_several_outputs_and_patterns_in_one_pass():
    model = Counting().eval()
    result = measured(model, measure="geed", output="softmax,net.0,net.1:pooled,net.?:pooled", control=False)
    assert [row.layer for row in result.rows[:2]] == ["", "net.0"]
    assert {row.measure for row in result.rows} == {"geed(kl)", "geed(channelwise)", "geed(cosine)"}
    assert model.images < 5 * len(X) + 4 * 6
    alone = measured(measure="geed", output="0", control=False).rows[0]
    assert result.rows[1].value == pytest.approx(alone.value, rel=1e-6)


def test_a_pattern_leaves_out_what_it_cannot_move_and_says_so():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.flat = nn.Conv2d(3, 2, 1), nn.Flatten(2)

        def forward(self, x):
            return self.flat(self.body(x)).mean(2)

    result = measured(Odd().eval(), output="*")
    assert [row.layer for row in result.rows] == ["body"]
    assert any("left out, their layout is not known: flat" in note for note in result.warnings)
    check_refused("layout is not known", measured, Odd().eval(), output="flat")


def test_images_that_are_not_finite_are_left_out_by_name():
    class Nan(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()

        def forward(self, x):
            return self.net(x) + torch.where(x.amax((1, 2, 3)) > 90, torch.nan, 0.0)[:, None]

    images = X.clone()
    images[2] += 100
    result = measured(Nan().eval(), images, measure="geed,normalised_variance,consistency", control=False)
    assert result.rows[0].n == 5 and result.status == "partial"
    assert any("image[2]" in note for note in result.warnings)
    kept = measured(net(), X[[0, 1, 3, 4, 5]], measure="geed,normalised_variance,consistency", control=False)
    for a, b in zip(result.rows, kept.rows, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-5)


def test_the_model_is_left_as_it_was_after_an_exception_too():
    calls = []

    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()

        def forward(self, x):
            calls.append(1)
            if len(calls) >= 6:
                raise RuntimeError("no more")
            return self.net(x)

    model = Failing().train()
    before, state = {k: v.clone() for k, v in model.state_dict().items()}, torch.get_rng_state()
    check_refused("cannot be measured", measured, model, output="net.0,softmax")
    assert model.training and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_ctrl_c_keeps_the_groups_and_images_done(monkeypatch):
    original, calls = OrbitRun._measure_chunk, []

    def interrupted(self, *args):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        original(self, *args)

    monkeypatch.setattr(OrbitRun, "_measure_chunk", interrupted)
    with pytest.raises(Interrupted) as caught:
        measured(symmetry="C4,hflip,vflip", batch_size=2)
    result = caught.value.result
    assert result.status == "partial"
    assert [(row.symmetry, row.n) for row in result.rows] == [("C4", 6), ("hflip", 2)]


def test_crops_of_a_larger_image_shift_without_wrapping():
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64, 4)).eval()
    result = measured(flat, X, "shift(2,crop)", "relative_error", "logits", elements=25)
    row = result.rows[0]
    assert row.elements == 25
    seen = {(i, j): flat(X[..., 2 - i : 10 - i, 2 - j : 10 - j]) for i in range(-2, 3) for j in range(-2, 3)}
    with torch.no_grad():
        errors = [
            (y - seen[0, 0]).norm(dim=1) / seen[0, 0].norm(dim=1) for place, y in seen.items() if any(place)
        ]
    assert row.value == pytest.approx(float(torch.stack(errors).mean()), rel=1e-5)


def test_a_margin_is_read_around_files(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "a.npz", images=rng.integers(0, 255, (3, 40, 40, 3), dtype=np.uint8), labels=np.arange(3)
    )
    seen = []

    class Sized(nn.Module):
        def forward(self, x):
            seen.append(x.shape[-1])
            return x.mean((2, 3))

    measured(Sized(), tmp_path / "a.npz", "shift(3,crop)", "consistency", preprocessing={"img_size": 24})
    assert set(seen) == {24}


@pytest.mark.parametrize(("symmetry", "options", "words"), [
    ("C4", {"data": torch.rand(2, 3, 8, 10)}, "square images"),
    ("S5", {"data": torch.rand(2, 6, 3)}, "use S6"),
    ("S5", {}, "symmetry 'S5' is one of points"),
    ("C4", {"measure": "geed(kl)", "output": "logits"}, r"does not sum to 1; use --output softmax"),
    ("C4", {"measure": "geed(channelwise)"}, r"use geed\(cosine\)"),
    ("C4", {"measure": "geed(taxi)"}, "unknown distance 'taxi'; choose from"),
    ("C4", {"measure": "geed(kl,js)"}, "two distances"),
    ("C4", {"measure": "consistency", "output": "0"}, "needs scores"),
    ("C4", {"measure": "eq_t", "output": "0"}, "eq_t is about shifts by whole pixels"),
    ("C4", {"measure": "eq_r"}, "compares maps"),
    ("C4", {"measure": "eq_r(-1)", "output": "0"}, "a peak of -1"),
    ("C4", {"measure": "geeed"}, "did you mean 'geed'"),
    ("C4", {"measure": "lee"}, "measure 'lee' needs generators"),
    ("rotation", {"measure": "geed"}, "measure 'geed' needs a group such as C4"),
    ("rotation,C4", {"measure": "geed"}, "no measure for rotation"),
    ("C4", {"measure": "orbit_accuracy"}, "needs a label for every image"),
    ("C4", {"measure": "loss_split"}, "needs labels"),
    ("C4", {"control": "other"}, "unknown control 'other'; choose from both"),
    ("C4", {"padding": "mirror"}, "unknown padding 'mirror'; choose from reflect"),
    ("SO2", {"sampling": "grid"}, "unknown sampling 'grid'; choose from auto, haar"),
    ("SE2", {"sampling": "quadrature"}, "no quadrature is known"),
    ("SO2", {"elements": 1}, "elements is 1; give a whole number from 2"),
    ("C1", {"measure": "relative_error"}, "there is no other"),
    ("C4", {"output": "0:regular(C8)"}, r"which is not regular\(C8\)"),
    ("C4", {"output": "0:regular(SO2)"}, "takes a finite group"),
    ("C4", {"output": "nope*"}, "matches no module"),
    ("shift(9)", {}, "more than half"),
])  # fmt: skip
def test_mistakes_get_one_line(symmetry, options, words):
    options = {"data": X, "measure": None, "output": "softmax"} | options
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    if symmetry.startswith("S5"):
        model = nn.Flatten().eval()
    check_refused(words, measured, model, symmetry=symmetry, **options)


@pytest.mark.parametrize("padding", ["reflect", "zeros", "circular"])
def test_padding_lets_frames_turn(padding):
    model = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)).eval()
    assert measured(model, torch.rand(2, 3, 8, 10), "C4", padding=padding).rows[0].elements == 4


def test_an_untrained_control_is_the_same_network_with_fresh_weights():
    """Kernels that are nearly the same after a quarter turn, as training with turns would leave them."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    )
    model = model.double().eval()
    with torch.no_grad():
        kernel = model[0].weight
        turned = torch.stack([kernel.rot90(k, (-2, -1)) for k in range(4)]).mean(0)
        kernel.copy_(turned + 0.05 * kernel)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    x = torch.rand(16, 3, 12, 12, dtype=torch.float64)
    result = measured(
        model, data=x, symmetry="C4", measure="geed(l2)", output="logits", control="untrained", seed=3
    )
    row = result.rows[0]
    assert row.stability < 0.2 and row.untrained < 0.2 and row.untrained_high < 1 and row.verdict == "learned"
    assert row.ratio_of_means == pytest.approx(row.error / row.control_error, rel=1e-9)
    assert result.header["spec"]["control_model"]["weights"] == "untrained"
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_to_react_to_nothing_is_not_learned():
    """Scaled to a hundredth, every response is smaller than the copy's, and no ratio to a control changes."""
    model = net()
    with torch.no_grad():
        model[4].weight *= 0.01
        model[4].bias.zero_()
    result = measured(
        model, symmetry="C4,rotation", measure="geed(l2),lee", output="logits", control="untrained", seed=3
    )
    fresh = measured(model, symmetry="C4,rotation", measure="geed(l2),lee", output="logits", seed=3)
    for row, own in zip(result.rows, fresh.rows, strict=True):
        assert row.verdict == own.verdict != "learned"
        assert row.stability == own.stability and row.untrained > 0.2


def test_one_image_has_no_error_and_no_control():
    row = measured(data=X[:1]).rows[0]
    assert row.standard_error is None and row.control is None


def test_standard_errors_shrink_as_they_should():
    images = torch.randn(96, 3, 12, 12)
    half = measured(data=images[:48], measure="relative_error", control=False).rows[0]
    whole = measured(data=images, measure="relative_error", control=False).rows[0]
    assert half.standard_error / whole.standard_error == pytest.approx(math.sqrt(2), rel=0.25)
    few = measured(symmetry="SO2", measure="relative_error", elements=16, control=False).rows[0]
    many = measured(symmetry="SO2", measure="relative_error", elements=64, control=False).rows[0]
    assert few.element_standard_error / many.element_standard_error == pytest.approx(2, rel=0.5)


def test_the_same_seed_draws_the_same_elements_and_another_others():
    value = lambda seed: measured(symmetry="SO2", elements=5, control=False, seed=seed).rows[0].value
    assert value(0) == value(0) != value(1)


def test_round_trip_error_is_zero_where_the_grid_carries_the_group():
    found = symmeter.round_trip_error(X.double(), "C8")
    exact = [name for name, error in found.items() if error == 0]
    assert exact == ["identity", "rotate 90", "rotate 180", "rotate 270"]
    assert 0.01 < found["rotate 45"] < 1


def peak_of(elements, size):
    """The most memory, in MiB, of a run over so many elements of SO2 on four images of this size."""
    code = """
import sys, torch, symmeter
torch.set_num_threads(1)
elements, size = map(int, sys.argv[1:])
net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.Flatten(), torch.nn.Linear(4 * (size - 2) ** 2, 10)).eval()
torch.manual_seed(0)
r = symmeter.measure(net, torch.rand(4, 1, size, size), "SO2", "consistency,twirled_variance,geed", elements=elements,
                     control=False, progress=False)
print(r.rows[0].elements, peak())
"""
    count, found = printed(code, elements, size)
    assert int(count) == elements
    return float(found)


@pytest.mark.slow
def test_thousands_of_elements_take_no_more_memory_than_a_hundred():
    assert peak_of(4_000, 16) < 1.15 * peak_of(100, 16)


@pytest.mark.slow
def test_thousands_of_elements_keep_less_than_half_of_their_images():
    images = 4 * 4 * 32 * 32 / 2**20  # MiB that the images of one element take
    assert peak_of(2_500, 32) - peak_of(100, 32) < 2_400 * images / 2
