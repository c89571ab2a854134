"""Every measure over a group against plain loops, and the identities between them."""

import math
import re

import pytest
import torch
from tests.helpers import check_refused
from tests.measures import plain
from torch import nn

import symmeter
from symmeter.errors import SymmeterWarning
from symmeter.measures.distances import kl
from symmeter.measures.geed import GEED
from symmeter.measuring.reference_samples import ReferenceSamples
from symmeter.symmetry.representations.linear import Matrices

pytestmark = pytest.mark.filterwarnings(f"ignore::{SymmeterWarning.__module__}.{SymmeterWarning.__name__}")
GROUPS = ["C4", "D4", "hflip", "shift(1)"]
CLASSES = 5


def classifier(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(6 * 36, CLASSES)
    ).double().eval()  # fmt: skip


def mapper(seed=0):
    torch.manual_seed(seed)
    return (
        nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 3, 3, padding=1)).double().eval()
    )


IMAGES = torch.randn(5, 2, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
LABELS = torch.tensor([0, 1, 2, 3, 4])
PROBABILITIES = lambda net: lambda x: net(x).softmax(1)


@torch.no_grad()
def value(net, measure, symmetry, output="softmax", data=IMAGES, **options):
    result = symmeter.measure(net, data, symmetry, measure, output, progress=False, **options)
    return result.rows[0].value


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("distance", ["cosine", "euclidean", "l2", "kl", "js", "01"])
@torch.no_grad()
def test_geed_of_an_invariant_output_is_its_definition(group, distance):
    net = classifier()
    expected = plain.geed(PROBABILITIES(net), IMAGES, group, False, distance)
    assert value(net, f"geed({distance})", group, elements=25) == pytest.approx(expected, rel=1e-9, abs=1e-14)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("distance", ["cosine", "channelwise", "euclidean", "l2"])
@torch.no_grad()
def test_geed_of_an_equivariant_output_is_its_definition(group, distance):
    net = mapper()
    expected = plain.geed(net, IMAGES, group, True, distance)
    assert value(net, f"geed({distance})", group, "logits", elements=25) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("net", "output", "equivariant"), [(classifier(), "logits", False), (mapper(), "logits", True)]
)
@torch.no_grad()
def test_the_other_measures_are_their_definitions(group, net, output, equivariant):
    rms = lambda v: float(v.square().mean().sqrt())
    relative = plain.mean_over_others(net, IMAGES, group, equivariant, lambda a, b, y: rms(a - b) / rms(y))
    moved = plain.mean_over_others(net, IMAGES, group, equivariant, lambda a, b, y: rms(a - b))
    references = ReferenceSamples.among(IMAGES, seed=0).of(torch.arange(5))
    others = [rms(net(references[[i]]) - net(IMAGES[[i]])) for i in range(5)]
    expected = {
        "twirled_variance": plain.twirled_variance(net, IMAGES, group, equivariant),
        "relative_error": relative,
        "relative_invariance": moved / (sum(others) / 5),
        "normalised_variance": plain.normalised_variance(net, IMAGES, group, equivariant),
    }
    for name, wanted in expected.items():
        assert value(net, name, group, output, elements=25) == pytest.approx(wanted, rel=1e-9), name


@pytest.mark.parametrize("group", GROUPS)
@torch.no_grad()
def test_measures_of_classes_are_their_definitions(group):
    net = classifier()
    f = PROBABILITIES(net)
    same = plain.mean_over_others(f, IMAGES, group, False, lambda a, b, y: float(a.argmax() == y.argmax()))
    effective = lambda a, b, y: float((a.max() * y.max()).sqrt()) if a.argmax() == y.argmax() else 0.0
    right = [[int(a.argmax()) == int(label) for a, _, _ in plain.orbit(f, x, group, False)[1]]
             for x, label in zip(IMAGES, LABELS, strict=True)]  # fmt: skip
    expected = {
        "consistency": plain.consistency(f, IMAGES, group),
        "same_prediction": same,
        "effective_invariance": plain.mean_over_others(f, IMAGES, group, False, effective),
        "kl_consistency": plain.mean_over_others(f, IMAGES, group, False, lambda a, b, y: plain.kl(y, a)),
        "js_consistency": plain.mean_over_others(f, IMAGES, group, False, lambda a, b, y: plain.js(y, a)),
        "orbit_accuracy": sum(map(sum, right)) / sum(map(len, right)),
        "worst_accuracy": sum(map(all, right)) / 5,
    }
    for name, wanted in expected.items():
        found = value(net, name, group, data=(IMAGES, LABELS), elements=25)
        assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12), name


@pytest.mark.parametrize("group", GROUPS)
@torch.no_grad()
def test_psnr_is_its_definition(group):
    net, name = mapper(), "eq_t" if group.startswith("shift") else "eq_r"
    if group not in ("C4", "shift(1)"):
        return
    error = plain.mean_over_others(net, IMAGES, group, True, lambda a, b, y: float((a - b).square().mean()))
    found = value(net, f"{name}(3)", group, "logits", elements=25)
    assert found == pytest.approx(10 * math.log10(9 / error), rel=1e-9)


def test_squared_distances_give_the_variance_once_for_invariance_and_twice_for_a_faithful_action():
    """On data that is closed under the group: the orbit of one image."""
    net, x = classifier(), IMAGES[0]
    orbit = torch.stack([torch.rot90(x, k, (-2, -1)) for k in range(4)])
    once = value(net, "geed(l2)", "C4", "logits", orbit)
    spread = value(net, "twirled_variance", "C4", "logits", orbit) * CLASSES
    assert once == pytest.approx(spread, rel=1e-10)
    net = mapper()
    twice = value(net, "geed(l2)", "C4", "logits", orbit)
    spread = value(net, "twirled_variance", "C4", "logits", orbit) * 3 * 36
    assert twice == pytest.approx(2 * spread, rel=1e-10)


@pytest.mark.parametrize("group", GROUPS)
def test_kl_geed_is_a_jensen_shannon_divergence_below_its_bound(group):
    net = classifier()
    for layer in net.modules():
        if isinstance(layer, nn.Linear):
            layer.weight.data *= 40  # nearly one class each
    found = value(net, "geed(kl)", group, elements=25)
    order = len(plain.motions(group))
    assert 0 < found <= min(math.log(order), math.log(CLASSES)) + 1e-12
    bound = min(math.log(order), math.log(CLASSES))
    assert value(net, "geed(kl,normalised)", group, elements=25) == pytest.approx(found / bound, rel=1e-9)


def sides(scale, dtype=torch.float32):
    """A two-class network that is as sure as can be, and changes its mind under quarter turns."""
    return lambda x: (
        torch.stack([x[..., :3].mean((1, 2, 3)), x[..., :3, :].mean((1, 2, 3))], 1).to(dtype) * scale
    )


@pytest.mark.parametrize("scale", [1e2, 1e3, 2e3, 4e3, 1e5])
def test_kl_geed_stays_below_its_bound_where_float32_underflows(scale):
    found = value(sides(scale), "geed(kl)", "C4", data=IMAGES.float())
    assert 0 < found <= math.log(2) + 1e-6


def test_kl_of_what_float32_loses_in_a_mean_is_nothing():
    p = torch.tensor([[1.0, 2e-45]])
    mean = torch.cat([p, torch.tensor([[1.0, 0.0]]).repeat(3, 1)]).mean(0, keepdim=True)
    assert p[0, 1] > 0 == mean[0, 1]
    assert kl(p.double(), mean.double()).item() == 0
    assert kl(torch.tensor([[0.5, 0.5]]), torch.tensor([[1.0, 0.0]])).item() == math.inf


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_infinite_divergence_is_named():
    with pytest.warns(
        SymmeterWarning, match=r"kl_consistency is infinite for \d+ images, where a probability or norm"
    ):
        result = symmeter.measure(
            sides(1e5), IMAGES.float(), "C4", "kl_consistency,js_consistency", progress=False
        )
    infinite, finite = result.rows
    assert infinite.value == math.inf and infinite.standard_error is infinite.selectivity is None
    assert infinite.verdict == "too few" and 0 < finite.value <= math.log(2)


def test_an_output_of_nothing_is_symmetric_or_infinitely_far_from_it():
    class Left(torch.nn.Module):  # blind on the right: f(x) is 0 there and f(gx) is not
        def forward(self, x):
            return x[..., :2].mean((1, 2, 3), keepdim=True).flatten(1) * self.gain

    net, images = Left().eval(), torch.zeros(2, 3, 8, 8)
    images[..., 6:] = torch.rand(2, 3, 8, 2, generator=torch.Generator().manual_seed(0)) + 0.5
    spec = {
        "symmetry": "C4",
        "measure": "relative_error",
        "control": "none",
        "output": "logits",
        "progress": False,
    }
    net.gain = 1.0
    with pytest.warns(
        SymmeterWarning, match=r"relative_error is infinite for 2 images, .* norm that it divides by is 0"
    ):
        (row,) = symmeter.measure(net, images, **spec).rows
    assert row.value == math.inf and row.standard_error is None
    net.gain = 0.0
    (row,) = symmeter.measure(net, images, **spec).rows
    assert row.value == 0


@pytest.mark.parametrize("group", GROUPS)
def test_squared_loss_is_the_loss_of_the_symmetrised_model_and_equivariance_error(group):
    net = classifier()
    result = symmeter.measure(
        net, (IMAGES, LABELS), group, "loss_split,twirled_variance", elements=25, progress=False
    )
    columns = result.samples
    key = f"loss_split:{group}"
    target = nn.functional.one_hot(LABELS, CLASSES).double()
    with torch.no_grad():
        outputs = torch.stack([net(act(IMAGES)).softmax(1) for act, _ in plain.motions(group)])
    loss = (outputs - target).square().sum(2).mean(0)
    symmetrised = (outputs.mean(0) - target).square().sum(1)
    torch.testing.assert_close(torch.tensor(columns[key + ":loss"]), loss, atol=1e-12, rtol=0)
    torch.testing.assert_close(torch.tensor(columns[key + ":symmetrised"]), symmetrised, atol=1e-10, rtol=0)
    torch.testing.assert_close(torch.tensor(columns[key]), loss - symmetrised, atol=1e-10, rtol=0)
    assert result.rows[0].value == pytest.approx(result.rows[1].value * CLASSES, rel=1e-10)


def test_the_kernel_in_between_averages_over_a_part_of_the_group():
    """rho_out through a quotient: C4 acts on two channels by C2, so half turns are the kernel."""
    net = classifier()
    swap = torch.eye(CLASSES, dtype=torch.float64)[[1, 0, 2, 3, 4]]
    matrix = lambda g: swap if g.turn[0] in (90, 270) else torch.eye(CLASSES, dtype=torch.float64)
    rho = symmeter.Symmetry("C4", groups=(symmeter.parse_group("C4"),), rho_out=Matrices(matrix))
    result = symmeter.measure(net, IMAGES, rho, "geed(l2)", "logits", progress=False)
    assert result.header["spec"]["kernel"] == {"logits": 2}
    total = 0.0
    with torch.no_grad():
        for x in IMAGES:
            y = [net(torch.rot90(x, k, (-2, -1))[None])[0] for k in range(4)]
            mean = (y[0] + y[2]) / 2
            total += (
                sum(float((y[k] - (swap @ mean if k % 2 else mean)).square().sum()) for k in range(4)) / 4
            )
    assert result.rows[0].value == pytest.approx(total / 5, rel=1e-10)


def test_dead_channels_are_named_and_not_counted_as_symmetric():
    net = mapper()
    net[2].weight.data[1] = 0
    net[2].bias.data[1] = 0
    result = symmeter.measure(net, IMAGES, "C4", "geed(channelwise)", "logits", progress=False)
    assert any("1 of 3 channels are 0 on every sample and left out: 1" in note for note in result.warnings)
    alive = lambda x: net(x)[:, [0, 2]]
    with torch.no_grad():
        expected = plain.geed(alive, IMAGES, "C4", True, "channelwise")
    assert result.rows[0].value == pytest.approx(expected, rel=1e-9)


def test_a_distance_of_ones_own():
    net = mapper()
    largest = lambda a, b: (a - b).abs().flatten(1).amax(1)
    found = symmeter.measure(net, IMAGES, "C4", GEED(largest), "logits", progress=False).rows[0]
    with torch.no_grad():
        plain.DISTANCES["largest"] = lambda a, b: float((a - b).abs().max())
        expected = plain.geed(net, IMAGES, "C4", True, "largest")
    assert found.value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("measure", "constant"), [
    ("geed(kl)", 0.0), ("geed(cosine)", -1.0), ("consistency", 1.0), ("same_prediction", 1.0), ("twirled_variance", 0.0),
])  # fmt: skip
def test_a_constant_network_looks_perfect_and_every_row_says_what_it_would_score(measure, constant):
    row = symmeter.measure(classifier(), IMAGES, "C4", measure, progress=False).rows[0]
    assert row.constant == pytest.approx(constant, abs=1e-12)

    class Constant(nn.Module):
        def forward(self, x):
            return torch.ones(len(x), CLASSES, dtype=x.dtype) * torch.arange(CLASSES)

    row = symmeter.measure(Constant(), IMAGES, "C4", measure, progress=False).rows[0]
    assert row.value == pytest.approx(constant, abs=1e-12)
    assert row.verdict == "not resolved"
    assert row.selectivity is None


@pytest.mark.parametrize(("shape", "measure", "words"), [
    ((1,), "geed(cosine)", r"one number has none but its sign; output 'logits' is \(B, 1\): use geed\(euclidean\)"),
    ((4, 1, 1), "geed(channelwise)", r"is \(B, 4, 1, 1\): use geed"),
])  # fmt: skip
def test_distances_that_are_constant_on_an_output_are_refused(shape, measure, words):
    net = lambda x: x.mean((1, 2, 3)).reshape(-1, *[1] * len(shape)).expand(-1, *shape)
    check_refused(words, symmeter.measure, net, IMAGES, "C4", measure, "logits", progress=False)


def test_a_single_number_is_compared_by_its_size():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(72, 1)).double()
    row = symmeter.measure(net, IMAGES, "C4", "geed", "logits", progress=False).rows[0]
    assert row.measure == "geed(euclidean)" and row.value > 0.01 and row.verdict != "not resolved"
    with torch.no_grad():
        assert row.value == pytest.approx(plain.geed(net, IMAGES, "C4", False, "euclidean"), rel=1e-9)


def test_pointwise_networks_have_no_normalised_variance_where_shifts_are_open():
    torch.manual_seed(0)
    pointwise = nn.Conv2d(2, 3, 1).double().eval()
    row = symmeter.measure(
        pointwise, IMAGES, "shift(2,open)", "normalised_variance", "logits", progress=False
    ).rows[0]
    assert row.verdict == "not resolved" and row.value < 1e-12


def test_the_error_of_a_pooled_selectivity_is_that_of_paired_images():
    """Images of very different contrast: value and control share that, and their ratio does not scatter by it."""
    net = classifier()
    ratios, errors = [], []
    for seed in range(30):
        random = torch.Generator().manual_seed(seed)
        x = torch.randn(30, 2, 6, 6, dtype=torch.float64, generator=random)
        x = x * torch.rand(30, 1, 1, 1, dtype=torch.float64, generator=random) ** 2
        row = symmeter.measure(net, x, "C4", "normalised_variance", "logits", progress=False).rows[0]
        ratios.append(row.ratio_of_means)
        errors.append(row.ratio_of_means_standard_error)
        independent = row.ratio_of_means * math.hypot(row.standard_error / row.value,
                                                   row.control_standard_error / row.control)  # fmt: skip
        assert errors[-1] != pytest.approx(independent, rel=1e-3)
    assert sum(errors) / 30 == pytest.approx(float(torch.tensor(ratios).std()), rel=0.35)


def test_what_is_divided_divides():
    result = symmeter.measure(classifier(), IMAGES, "C4", "geed(cosine),consistency,geed(kl)", progress=False)
    for row in result.rows:
        if row.ratio_of_means is not None:
            assert row.ratio_of_means == pytest.approx(row.error / row.control_error, rel=1e-9)
    row = result.rows[0]
    assert row.value == pytest.approx(row.error - 1) and row.control == pytest.approx(row.control_error - 1)
    text = str(symmeter.measure(classifier(), IMAGES, "C4", "geed(cosine)", progress=False))
    assert re.search(r"symmetry +value \[95 %\] +error +stability", text)
    assert "stability: error over that to changes of the same size" in text
    assert f"{row.error:.3g}" in text
