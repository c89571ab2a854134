"""`measure`, end to end on small networks: what it returns, what it says, and what it leaves alone."""

import json

import numpy as np
import pytest
import torch
from torch import nn

import symmeter
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.tokens import Tokens
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.measuring.interrupt import Interrupted
from symmeter.measuring.reference_samples import ReferenceSamples
from symmeter.symmetry.conjugate import lie_derivative
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.representations.trivial import Trivial

pytestmark = pytest.mark.filterwarnings("ignore:one image")


def classifier(dtype=torch.float32):
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride=2, padding=1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(24, 4),
    ).to(dtype).eval()  # fmt: skip


IMAGES = torch.rand(12, 3, 9, 10, generator=torch.Generator().manual_seed(1))


def test_values_are_the_definition_image_by_image():
    net, x = classifier(torch.float64), IMAGES.double()
    result = symmeter.measure(net, x, symmetry="affine")
    generators = [GENERATORS[row.symmetry] for row in result.rows]
    assert len(generators) == 9
    with torch.no_grad():
        f = lambda z: net(z).softmax(1)
        _, derivative = lie_derivative(f, x, generators, Grid(Bandlimited()), Trivial())
    expected = derivative.square().mean(-1)
    for row, values in zip(result.rows, expected, strict=True):
        np.testing.assert_allclose(result.samples[f"lee:{row.symmetry}"], values, rtol=1e-9)
        assert row.value == pytest.approx(values.mean().item(), rel=1e-9)
        assert row.standard_error == pytest.approx(values.std().item() / 12**0.5, rel=1e-9)
        assert row.definition == "bandlimited" and row.n == 12 and row.measure == "lee"


def test_the_control_is_another_images_tangent_at_the_same_size():
    net, x = classifier(torch.float64), IMAGES.double()
    result = symmeter.measure(net, x, symmetry="rotation", output="logits", batch_size=5)
    rho, rotation = Grid(Bandlimited()), GENERATORS["rotation"]
    references = ReferenceSamples.among(x, seed=0).of(torch.arange(len(x)))
    own, other = rho.differentiate(rotation, x), rho.differentiate(rotation, references)
    size = own.flatten(1).norm(dim=1) / other.flatten(1).norm(dim=1)
    with torch.no_grad():
        _, pushed = lie_derivative(
            net, x, [rotation], rho, Trivial(), tangents=[other * size[:, None, None, None]]
        )
    np.testing.assert_allclose(result.samples["lee:rotation:control"], pushed[0].square().mean(1), rtol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_floor_grows_with_round_off(dtype):
    row = symmeter.measure(classifier(dtype), IMAGES.to(dtype), symmetry="rotation").rows[0]
    eps = torch.finfo(dtype).eps
    assert 1e-4 * eps**2 < row.floor / row.value < 1e6 * eps**2
    assert row.verdict != "not resolved"


def test_an_invariant_network_is_not_resolved_and_its_broken_copy_is():
    class Mean(nn.Module):
        def __init__(self, spoil):
            super().__init__()
            self.spoil = spoil

        def forward(self, x):
            power = torch.fft.fft2(x).abs().square() / x[0, 0].numel()
            return torch.cat([power.flatten(1), x[:, :, 0, 0] * self.spoil], 1)

    x = torch.rand(6, 3, 7, 9, generator=torch.Generator().manual_seed(0))
    good, bad = (
        symmeter.measure(Mean(s).eval(), x, symmetry="translation", output="logits", definition="periodic")
        for s in (0.0, 1e-2)
    )
    assert [row.verdict for row in good.rows] == ["not resolved"] * 2
    assert "not resolved" not in [row.verdict for row in bad.rows]
    assert good.header["spec"]["floor_method"] == "input moved by one unit of round-off"


def test_a_constant_network_is_not_resolved():
    words = "neither the symmetry nor changes towards other images move it"
    with pytest.warns(SymmeterWarning, match=f"logits: {words}"):
        row = symmeter.measure(lambda x: torch.ones(len(x), 3), IMAGES, "scale", output="logits").rows[0]
    assert (row.value, row.selectivity, row.verdict) == (0, None, "not resolved")
    with pytest.warns(SymmeterWarning, match=words):
        found = symmeter.measure(lambda x: torch.ones(len(x), 3), IMAGES, "hflip", "relative_error")
    assert found.rows[0].value == 0
    assert "worst first" not in str(found)  # of elements of which none does anything
    flips = lambda x: (x + x.flip(-1)).flatten(1)[:, :50].mean(1, keepdim=True).repeat(1, 3)
    assert not [
        note for note in symmeter.measure(flips, IMAGES, "hflip", output="logits").warnings if words in note
    ]


def test_independent_of_batch_size_and_of_the_random_state():
    net = classifier()
    torch.rand(3)
    first = symmeter.measure(net, IMAGES, symmetry="translation,hue")
    for size in (1, 5, 12):
        other = symmeter.measure(net, IMAGES, symmetry="translation,hue", batch_size=size)
        for a, b in zip(first.rows, other.rows, strict=True):
            assert a.value == pytest.approx(b.value, rel=1e-4)
            assert a.control == pytest.approx(b.control, rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_parameters_are_computed_in_float32(dtype):
    net = classifier().to(dtype)
    result = symmeter.measure(net, IMAGES, symmetry="rotation")
    same = symmeter.measure(classifier_of(net), IMAGES, symmetry="rotation")
    assert result.rows[0].value == pytest.approx(same.rows[0].value, rel=1e-4)
    assert net[0].weight.dtype == dtype


def classifier_of(net):
    copy = classifier()
    copy.load_state_dict({k: v.float() for k, v in net.state_dict().items()})
    return copy


def test_train_mode_is_named_and_the_model_left_as_it_was():
    net = classifier().train()
    net[0].weight.requires_grad_(False)
    state = torch.get_rng_state()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    with pytest.warns(SymmeterWarning, match=r"in train mode \(Sequential, 0, 1 and 4 more\)"):
        result = symmeter.measure(net, IMAGES, symmetry="rotation")
    assert "train mode" in result.warnings[0]
    assert all(m.training for m in net.modules()) and torch.equal(state, torch.get_rng_state())
    assert [p.requires_grad for p in net.parameters()] == [False, True, True, True]
    assert all(p.grad is None for p in net.parameters())
    assert all(torch.equal(v, net.state_dict()[k]) for k, v in before.items())


def test_dense_outputs_are_equivariant_and_report_the_boundary():
    net = nn.Sequential(nn.Conv2d(3, 5, 3, stride=2, padding=1), nn.Tanh()).eval()
    row = symmeter.measure(net, torch.rand(4, 3, 32, 40), symmetry="translation_x", output="logits").rows[0]
    assert 0 < row.boundary_share < 1
    same = nn.Conv2d(3, 4, 1).eval()
    row = symmeter.measure(same, torch.rand(4, 3, 16, 20), symmetry="rotation", output="equivariant").rows[0]
    assert row.verdict == "not resolved" and row.value < 1e-8


def test_a_submodule_and_its_action():
    result = symmeter.measure(classifier(), IMAGES, symmetry="rotation", output="0")
    assert result.rows[0].layer == "0" and result.header["spec"]["rho_out"] == "grid, channels first"
    result = symmeter.measure(classifier(), IMAGES, symmetry="rotation", output="0:invariant")
    assert result.header["spec"]["rho_out"] == "invariant"


def test_a_symmetry_with_its_own_representations():
    net = nn.Linear(5, 5).eval()
    tokens = torch.rand(3, 12, 5)
    grid = Tokens(Bandlimited(), (3, 4))
    symmetry = Symmetry("grid shift", (GENERATORS["translation_x"],), rho_in=grid, rho_out=grid)
    result = symmeter.measure(
        net, tokens[:, None].squeeze(1).reshape(3, 12, 5)[:, None], symmetry=symmetry, output="logits"
    )
    assert result.rows[0].verdict == "not resolved"


def test_accuracy_stands_beside_the_error():
    net = classifier()
    labels = net(IMAGES).argmax(1)
    labels[:3] = (labels[:3] + 1) % 4
    result = symmeter.measure(net, (IMAGES, labels), symmetry="rotation")
    assert result.header["accuracy"] == {
        "top1": 0.75,
        "standard_error": pytest.approx(0.1306, abs=1e-3),
        "interval_low": pytest.approx(0.468, abs=1e-3),
        "interval_high": pytest.approx(0.911, abs=1e-3),
        "top5": None,
        "n": 12,
    }
    assert result.rows[0].accuracy == 0.75
    assert "accuracy .75 [.47 .91]" in str(result)
    labels[0] = 9
    with pytest.warns(SymmeterWarning, match="labels go up to 9 but the model has 4 outputs"):
        assert symmeter.measure(net, (IMAGES, labels), symmetry="rotation").header["accuracy"] is None


class Fragile(nn.Module):
    """Returns NaN for bright images, and fails on dark ones."""

    def __init__(self, fails=False):
        super().__init__()
        self.net, self.fails = classifier(), fails

    def forward(self, x):
        if self.fails and bool((x.mean((1, 2, 3)) < 0.1).any()):
            raise RuntimeError("too dark\nto see")
        return self.net(x) / (x.mean((1, 2, 3)) < 0.9)[:, None]


def test_non_finite_values_are_named_and_left_out():
    x = IMAGES.clone()
    x[4] = 1.0
    with pytest.warns(SymmeterWarning, match=r"1 image left out.*: \S*4"):
        result = symmeter.measure(Fragile().eval(), x, symmetry="rotation")
    assert result.status == "partial" and result.rows[0].n == 11 and np.isfinite(result.rows[0].value)
    with pytest.raises(SymmeterError, match="NaN or infinite values for every image"):
        symmeter.measure(Fragile().eval(), torch.ones(3, 3, 9, 10), symmetry="rotation")


def test_a_model_that_fails_on_the_way_keeps_what_was_done():
    x = IMAGES.clone()
    x[9] = 0.0
    with pytest.warns(SymmeterWarning, match="stopped after 9 images: RuntimeError: too dark$"):
        result = symmeter.measure(Fragile(fails=True).eval(), x, symmetry="rotation", batch_size=4)
    assert result.status == "partial" and result.rows[0].n == 9


def test_an_interrupt_carries_the_result():
    class Impatient(nn.Module):
        def forward(self, x):
            if bool((x.mean((1, 2, 3)) > 4).any()):
                raise KeyboardInterrupt
            return x.mean((2, 3))

    x = IMAGES.clone()
    x[9] = 5.0
    with (
        pytest.warns(SymmeterWarning, match="stopped after 8 images: interrupted"),
        pytest.raises(Interrupted) as caught,
    ):
        symmeter.measure(Impatient().eval(), x, symmetry="rotation", batch_size=2, output="logits")
    result = caught.value.result
    assert result.status == "partial" and result.rows[0].n == 8


def test_a_black_box_says_so():
    def box(x):
        return torch.from_numpy(np.tanh(x.numpy().mean((2, 3)) ** 2))

    with pytest.warns(SymmeterWarning, match="measured by central differences"):
        result = symmeter.measure(box, IMAGES, symmetry="gain", output="logits")
    assert result.header["spec"]["strategy"] == "central difference" and not result.header["spec"]["exact"]
    exact = symmeter.measure(lambda x: (x.mean((2, 3)) ** 2).tanh(), IMAGES, symmetry="gain", output="logits")
    assert result.rows[0].value == pytest.approx(exact.rows[0].value, rel=1e-2)
    assert 0 < result.rows[0].floor < 1e-9 * result.rows[0].value  # numpy keeps the float64 it is given


def test_softmax_of_probabilities_is_pointed_out():
    with pytest.warns(SymmeterWarning, match="already sum to 1"):
        symmeter.measure(nn.Sequential(classifier(), nn.Softmax(1)).eval(), IMAGES, symmetry="rotation")


@pytest.mark.parametrize(("arguments", "message"), [
    ({"symmetry": "rotaton"}, "unknown symmetry 'rotaton'; did you mean 'rotation'"),
    ({"symmetry": "C4", "measure": "lee"}, "measure 'lee' needs generators"), ({"symmetry": ""}, "unknown symmetry"),
    ({"measure": "lei"}, "unknown measure 'lei'"), ({"definition": "x"}, "unknown definition 'x'"),
    ({"output": "softmax:equivariant"}, "no grid"), ({"output": "blocks.3"}, "unknown output 'blocks.3'"),
    ({"samples": 0}, "samples is 0"), ({"batch_size": 0}, "batch_size is 0"), ({"device": "gpu7"}, "device 'gpu7'"),
    ({"data": torch.rand(4, 1, 9, 10), "symmetry": "hue"}, None), ({"data": torch.rand(4, 5, 9, 10)}, "cannot be measured on these images"),
])  # fmt: skip
def test_mistakes_get_one_line(arguments, message):
    net = classifier()
    if message is None:
        net[0], message = (
            nn.Conv2d(1, 6, 3, stride=2, padding=1),
            "hue needs images with 3 channels, these have 1",
        )
    with pytest.raises(SymmeterError, match=message) as caught:
        symmeter.measure(net, arguments.pop("data", IMAGES), **arguments)
    assert "\n" not in str(caught.value)


def test_one_image_has_no_error_and_no_control():
    with pytest.warns(SymmeterWarning, match="one image"):
        row = symmeter.measure(classifier(), IMAGES[:1], symmetry="rotation").rows[0]
    assert (row.n, row.standard_error, row.control, row.verdict) == (1, None, None, "too few")


def test_without_control():
    result = symmeter.measure(classifier(), IMAGES, symmetry="rotation", control=False)
    assert result.rows[0].control is None and result.header["spec"]["control"] == "none"


def test_the_contract_of_the_json_form():
    content = json.loads(json.dumps(symmeter.measure(classifier(), IMAGES).to_dict()))
    assert content["schema"] == "symmeter.results.result/1" and content["status"] == "complete"
    assert {"definition", "model", "data", "spec", "environment", "warnings", "rows"} <= set(content)
    assert {
        "measure", "symmetry", "output", "layer", "value", "standard_error", "n", "floor", "control", "selectivity",
        "unit", "direction",
    } <= set(content["rows"][0])  # fmt: skip
    assert [row["symmetry"] for row in content["rows"]] == ["translation_x", "translation_y"]


def test_an_onnx_file_is_measured_by_central_differences(tmp_path):
    """conv -> relu -> mean, against the same network in torch."""
    onnx, _ = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    weights = [
        helper.make_tensor(name, kind, p.shape, p.detach().flatten().tolist())
        for name, p in (("w", net[0].weight), ("b", net[0].bias))
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"]), helper.make_node("Tanh", ["c"], ["t"]),
        helper.make_node("GlobalAveragePool", ["t"], ["p"]), helper.make_node("Flatten", ["p"], ["y"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("x", kind, ["n", 3, 9, 10])],
        [helper.make_tensor_value_info("y", kind, ["n", 4])], weights,
    )  # fmt: skip
    file = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), file)
    with pytest.warns(SymmeterWarning, match="measured by central differences"):
        box = symmeter.measure(str(file), IMAGES, symmetry="rotation,gain", output="logits")
    exact = symmeter.measure(net, IMAGES, symmetry="rotation,gain", output="logits")
    for a, b in zip(box.rows, exact.rows, strict=True):
        assert a.value == pytest.approx(b.value, rel=2e-3)
        assert a.floor > b.floor
