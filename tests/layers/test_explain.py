"""The difference of two networks by layers: the oracle is the sum, image by image, and what is built to differ."""

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.helpers import check_refused
from tests.layers.profiles import Residual, images
from tests.results.compared import made_result, values_of
from torch import nn

import symmeter
from symmeter.layers.difference_row import ALL, LESS, MORE, ROUND_OFF
from symmeter.layers.explain import VIEWS
from symmeter.results.intervals import ends_of

SPEC = {
    "symmetry": "translation_x,rotation",
    "output": "logits",
    "probes": 0,
    "control": False,
    "progress": False,
}


def network(blocks=2, stride=2, seed=0, act=nn.GELU):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, stride, 1), act(), nn.Sequential(*(Residual(6) for _ in range(blocks))),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5),
    ).eval()  # fmt: skip


def profile(*made, n=12, **options):
    return symmeter.attribute(network(*made), images(n), **SPEC | options)


@pytest.fixture(scope="module")
def first():
    return profile()


@pytest.fixture(scope="module")
def other():
    """The same architecture with other weights."""
    return profile(2, 2, 1)


@pytest.fixture(scope="module")
def longer():
    return profile(4, 1, 2)


def explained(*profiles, **more):
    return symmeter.compare(*profiles, layers=True, **more)


def by_hand(found, reference, model, symmetry, by):
    """Differences of lines (lines, n), from the columns of both profiles and nothing else."""
    lines = {line.label: line for line in VIEWS[by](reference.parts, model.parts)}
    differences = {}
    for label, line in lines.items():
        sums = []
        for one, places in ((reference, line.reference), (model, line.model)):
            names = [f"contribution:{symmetry}:{one.parts[i].layer}" for i in places]
            sums.append(sum((one.samples[name] for name in names), np.zeros(found.images)))
        differences[label] = sums[1] - sums[0]
    return differences


@pytest.mark.parametrize("by", VIEWS)
@pytest.mark.parametrize("model", ["other", "longer"])
def test_lines_add_up_to_the_difference(by, model, first, request):
    model = request.getfixturevalue(model)
    found = explained(first, model, by=by)
    for symmetry in found.symmetries:
        lee = model.samples[f"lee:{symmetry}"] - first.samples[f"lee:{symmetry}"]
        differences = by_hand(found, first, model, symmetry, by)
        total = np.sum(list(differences.values()), axis=0)
        np.testing.assert_allclose(total, lee, rtol=0, atol=1e-5 * np.abs(lee).max())  # round-off of float32
        lines = {row.layer: row for row in found.lines(symmetry, by)}
        assert lines.keys() == {*differences, ROUND_OFF}
        for label, values in differences.items():
            assert lines[label].difference == pytest.approx(values.mean(), abs=1e-15)
        assert lines[ROUND_OFF].difference == pytest.approx((lee - total).mean(), abs=1e-15)
        whole = found[symmetry]
        size = max(first[symmetry].value, model[symmetry].value)
        for name, sums in (
            ("difference", lee.mean()),
            ("value", whole.value),
            ("reference_value", whole.reference_value),
        ):
            assert sum(row[name] for row in lines.values()) == pytest.approx(sums, abs=1e-10 * size)
        assert whole.difference == pytest.approx(model[symmetry].value - first[symmetry].value)
        if whole.clear:
            assert sum(row.share for row in lines.values()) == pytest.approx(1)
        assert sum(row.own_share for row in lines.values()) == pytest.approx(0, abs=1e-10)


def test_the_other_way_round_all_signs_change(first, longer):
    there, back = explained(first, longer), explained(longer, first)
    assert there.views == back.views == ("kind", "stage") and len(there) == len(back)
    words = {MORE: LESS, LESS: MORE}
    for row in there.rows:
        (own,) = (
            one
            for one in back.lines(row.symmetry, row.by)
            if set(one.layer.split(" / ")) == set(row.layer.split(" / "))
        )
        assert own.difference == -row.difference and own.p_corrected == row.p_corrected
        assert own.verdict == words.get(row.verdict, row.verdict)
        assert (own.value, own.floor) == (row.reference_value, pytest.approx(row.floor))
        for name in ("difference", "own_share"):
            ends = row[f"{name}_low"], row[f"{name}_high"]
            mirrored = own[f"{name}_high"], own[f"{name}_low"]
            assert [None if end is None else -end for end in mirrored] == pytest.approx(list(ends))
        assert (own.share is None) == (row.share is None)
        assert row.share is None or own.share == pytest.approx(row.share)


def test_a_network_against_itself_has_no_difference(first):
    found = explained(first, first)
    assert found.views == ("module",) and len(found.rows) > 20
    for row in found.rows:
        assert row.difference == 0 and row.verdict == "none" and row.share is None
        assert row.difference_low is None and "equal" in row.difference_remark
    assert "more error" not in str(found) and "less error" not in str(found)


def test_the_layer_that_differs_is_found():
    """The same weights, but the convolution of the one samples every other pixel: it alone makes more error."""
    found = symmeter.compare(
        network(1, 1), network(1, 2), data=images(24), layers=True, symmetry="translation_x", output="logits"
    )
    assert found.views == ("module",) and found[0].verdict == MORE
    assert found.rows[1].layer == "0" and found["0", "translation_x"].verdict == MORE
    assert found["0", "translation_x"].share > 0.5
    worst = [abs(row.difference) for row in found.lines("translation_x", "module")]
    assert worst == sorted(worst, reverse=True)
    quiet = (
        "2.0.conv",
        "4",
    )  # convolutions of stride 1 make none but at the edge, and flattening none at all
    assert not any(found[name, "translation_x"].share > 0.2 for name in quiet)


def test_a_layer_that_was_replaced_by_several_is_one_line(first):
    net = network()
    net[0] = nn.Sequential(nn.AvgPool2d(3, 1, 1), net[0])
    smoother = symmeter.attribute(net.eval(), images(12), **SPEC)
    found = explained(first, smoother)
    assert found.views == ("module",)
    line = found["0", "rotation"]
    row = smoother["0", "rotation"]
    assert line.value == pytest.approx(row.value) and line.kind == "block"


def test_views_and_depth(first, other):
    found = explained(first, other, by="stage,module")
    assert found.views == ("stage", "module")
    collapsed = explained(first, other, depth=1)
    assert [row.layer for row in collapsed.lines("rotation", "module") if "(" not in row.layer].count(
        "2"
    ) == 1
    assert collapsed["2", "rotation"].difference == pytest.approx(
        other["2", "rotation"].value - first["2", "rotation"].value
    )


def test_holm_is_over_the_lines_of_one_view(first, longer):
    from symmeter.results.intervals import holm

    found = explained(first, longer, by="kind,stage")
    for by in (ALL, *found.views):
        rows = [row for row in found.rows if row.by == by]
        assert [row.p_corrected for row in rows] == holm([row.p for row in rows])


def test_below_the_floors_of_both_nothing_is_resolved(first, other):
    def raised(found, times):
        rows = [replace(row, floor=times * abs(row.value)) if row.layer == "1" else row for row in found.rows]
        return replace(found, rows=tuple(rows))

    assert explained(raised(first, 0), raised(other, 0))["1", "rotation"].verdict != "not resolved"
    low = explained(raised(first, 0.34), raised(other, 0.34))["1", "rotation"]
    assert low.verdict == "not resolved"
    assert low.floor == pytest.approx(0.34 * (abs(low.value) + abs(low.reference_value)))


def test_groups_of_points():
    class Cloud(nn.Module):
        def __init__(self, places):
            super().__init__()
            self.lift, self.places, self.head = nn.Linear(3, 8), nn.Embedding(16, 8), nn.Linear(8, 4)
            self.places.weight.data *= places

        def forward(self, x):
            return self.head((self.lift(x) + self.places(torch.arange(x.shape[1]))).amax(1))

    torch.manual_seed(0)
    first, second = Cloud(0.3).eval(), Cloud(1.0).eval()
    clouds = torch.rand(16, 16, 3)
    found = symmeter.compare(first, second, data=clouds, layers=True, symmetry="permutation", output="logits")
    assert (found[0].measure, found.item, found.definition) == ("squared_error", "set", "exact")
    line = found["places", "permutation"]
    assert line.verdict == MORE and line.share > 0.9 and "set by set" in str(found)
    lines = found.lines("permutation", "module")
    assert sum(row.difference for row in lines) == pytest.approx(found[0].difference, rel=1e-10)


def test_mistakes_are_one_line(first, other, tmp_path):
    check_refused("1 network; layers explain the difference of two", explained, first)
    check_refused("3 networks; layers explain", explained, first, first, other)
    check_refused("other samples", explained, first, renamed(other))
    check_refused(
        "definition: bandlimited in .* but periodic", explained, first, profile(definition="periodic")
    )
    check_refused("output: logits in .* but softmax", explained, first, profile(output="softmax"))
    check_refused("symmetry: .* but scale in", explained, first, profile(symmetry="scale"))
    result = made_result({"rotation": values_of(0)})
    check_refused("net: a result without layers; give what symmeter.attribute", explained, first, result)
    check_refused("depth 2 is of parts by module, not by kind", explained, first, other, by="kind", depth=2)
    check_refused(
        "unknown view of layers 'kinds'; choose from module, kind, stage", explained, first, other, by="kinds"
    )
    check_refused("by is of layers: give layers=True", symmeter.compare, first, other, by="kind")
    check_refused("by is 3; give some of module, kind, stage", explained, first, other, by=3)
    check_refused("data is given, but every model has been measured", explained, first, other, data=images())


def renamed(found):
    """As if it were of other samples."""
    return replace(found, header={**found.header, "data": {**found.header["data"], "name": "others"}})


def test_profiles_saved_without_the_values_of_single_images(first, other, tmp_path):
    pytest.importorskip("pyarrow", exc_type=ImportError)
    first.save(tmp_path / "first")
    found = explained(tmp_path / "first", other)
    assert found[0].difference == explained(first, other)[0].difference
    other.to_json(tmp_path / "other.json")
    check_refused("a JSON file leaves them out", explained, tmp_path / "first", tmp_path / "other.json")
    lost = {name: values for name, values in other.samples.items() if name != "contribution:rotation:1"}
    check_refused(
        "single samples are not all there .no column 'contribution:rotation:1'.; attribute it again",
        explained, first, replace(other, samples=lost),
    )  # fmt: skip


def test_images_that_only_one_has_are_left_out(first, other):
    cut = {name: values[:9] for name, values in other.samples.items()}
    found = explained(first, replace(other, samples=cut, sample_names=other.sample_names[:9]))
    assert found.images == 9 and found.notes == ("9 of 12 are in both results, and only they count",)
    assert found[0].reference_value == pytest.approx(first.samples["lee:translation_x"][:9].mean())


def test_a_part_of_a_run_is_partial(first, other):
    stopped = replace(other, header={**other.header, "status": "partial"})
    assert explained(first, stopped).status == "partial" and explained(first, other).status == "complete"


def test_models_are_left_as_they_were():
    nets = network(), network(3)
    before = [{name: value.clone() for name, value in net.state_dict().items()} for net in nets]
    symmeter.compare(*nets, data=images(8), layers=True, symmetry="rotation", output="logits", progress=False)
    for net, state in zip(nets, before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
        assert not any(module.training or module._forward_hooks for module in net.modules())


def synthetic(reference, seed, n, effect):
    """A profile like that one, of lognormal images: its part `1` contributes so much, `2` a tenth, `0` the rest."""
    random = np.random.default_rng(seed)
    hard = np.random.default_rng(seed // 2).lognormal(sigma=0.7, size=n)  # the same images for both networks
    whole = hard * random.lognormal(sigma=0.3, size=n)
    parts = {"1": effect * whole * random.normal(1, 0.3, n), "2": 0.1 * whole * random.normal(1, 0.3, n)}
    parts["0"] = whole - sum(parts.values())
    samples = {"lee:rotation": whole, "contribution:rotation:": whole}
    samples |= {f"contribution:rotation:{part.layer}": np.zeros(n) for part in reference.parts[1:]}
    samples |= {f"contribution:rotation:{name}": values for name, values in parts.items()}
    rows = tuple(replace(row, floor=0.0) for row in reference.rows if row.symmetry == "rotation")
    names = tuple(f"photo{i}.png" for i in range(n))
    return replace(reference, rows=rows, samples=samples, sample_names=names)


def test_coverage_and_verdicts_on_a_synthetic_population(first):
    """Part `1` is .4 of the error of one network and .2 of that of the other; part `2` a tenth of both."""
    mean, draws = np.exp(0.7**2 / 2 + 0.3**2 / 2), 60
    held, told, wrong = 0, 0, 0
    for draw in range(draws):
        pair = synthetic(first, 2 * draw, 48, 0.2), synthetic(first, 2 * draw + 1, 48, 0.4)
        found = explained(*pair, depth=1)
        line, same = found["1", "rotation"], found["2", "rotation"]
        low, high = ends_of(line.difference_low, line.difference_high)
        held += low <= 0.2 * mean <= high
        held += line.own_share_low <= 0.2 <= line.own_share_high
        held += same.own_share_low <= 0 <= same.own_share_high
        told += line.verdict == MORE
        wrong += same.clear + found["rotation"].clear
    assert held / (3 * draws) > 0.95
    assert told / draws > 0.8
    assert wrong / (2 * draws) < 0.05


@pytest.mark.slow
def test_real_networks(shared_data):
    """ResNet-20 against ResNet-56 by kind and stage, and untrained against trained part by part, of CIFAR-10."""
    place = f"{shared_data}/models.py:cifar10_resnet"
    weights = [f"{shared_data}/weights/cifar10_resnet{depth}.pth" for depth in (20, 56)]
    models = [
        symmeter.load_model(f"{place}20", weights=weights[0]),
        symmeter.load_model(f"{place}56", weights=weights[1]),
        symmeter.load_model(f"{place}20", untrained=True),
    ]
    spec = {"symmetry": "translation_x", "output": "logits", "samples": 24, "probes": 0, "control": False}
    spec |= {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "progress": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small, large, fresh = (
            symmeter.attribute(one, f"{shared_data}/images/cifar10/test.npz", **spec) for one in models
        )
    depth, training = explained(small, large), explained(fresh, small)
    assert depth.views == ("kind", "stage") and training.views == ("module",)
    assert {"layer1", "layer2", "layer3"} <= {row.layer for row in depth.rows}
    for found, one, two in ((depth, small, large), (training, fresh, small)):
        lee = two.samples["lee:translation_x"].mean() - one.samples["lee:translation_x"].mean()
        for view in found.views:
            lines = found.lines("translation_x", view)
            assert sum(row.difference for row in lines) == pytest.approx(lee, rel=1e-10)
            assert abs(found[ROUND_OFF, view].difference) < 1e-5 * abs(lee)
    assert training["translation_x"].verdict == MORE
    assert [row for row in training.rows if row.clear and not row.whole]
    json.dumps(training.to_dict())
