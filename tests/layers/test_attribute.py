"""The profile: rows that add up, error bars, files, and mistakes in one line."""

import json

import numpy as np
import pytest
import torch
from tests.layers.profiles import images, net, profile
from torch import nn

import symmeter
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.layers.profile import LayerRow, Profile

FIELDS = ("measure", "symmetry", "output", "layer", "value", "standard_error", "n", "floor", "control", "selectivity",
          "unit", "direction", "contribution", "share", "norm", "kind", "depth", "calls")  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return profile()


def test_rows_add_up_to_the_lee_that_measure_gives(found):
    whole = symmeter.measure(net(), images(), output="logits")
    for row in whole.rows:
        root, *rest = [r for r in found.rows if r.symmetry == row.symmetry]
        assert (root.layer, root.share, root.contribution) == ("", 1.0, root.value)
        assert root.value == pytest.approx(row.value, rel=1e-5)
        assert root.selectivity == pytest.approx(row.selectivity, rel=1e-4)
        terminal = [r for r in rest if r.terminal]
        assert sum(r.contribution for r in terminal) == pytest.approx(root.value, rel=1e-4)
        assert sum(r.share for r in terminal) == pytest.approx(1, rel=1e-4)
        assert {r.n for r in rest} == {6}
    assert max(map(abs, found.header["spec"]["residue"].values())) < 1e-4


def test_per_image_values_give_the_errors(found):
    for row in found.rows:
        if row.depth == 0:
            continue
        values = found.samples[f"contribution:{row.symmetry}:{row.layer}"]
        assert row.value == pytest.approx(values.mean())
        assert row.standard_error == pytest.approx(values.std(ddof=1) / 6**0.5)
        norms = found.samples[f"norm:{row.symmetry}:{row.layer}"]
        assert row.norm == pytest.approx(norms.mean()) and (norms >= 0).all()
        assert row.norm_probe_error >= 0


def test_what_adds_nothing_is_not_resolved_or_none(found):
    verdicts = {row.layer: row.verdict for row in found.rows if row.symmetry == "translation_x"}
    assert verdicts["1"] in ("none", "not resolved")  # batch norm
    assert verdicts["5"] == "none"  # flattening vectors
    assert verdicts["0"] == "too few"  # of images, for a verdict


def test_kinds_calls_and_depths(found):
    kinds = {part.layer: (part.kind, part.depth) for part in found.parts}
    assert kinds == {
        "": ("network", 0), "0": ("convolution, strided", 1), "1": ("normalisation", 1), "2": ("activation", 1),
        "3": ("block", 1), "3.0": ("block", 2), "3.0.conv": ("convolution, unit stride", 3), "3.0.act": ("activation", 3),
        "3.0.(glue)": ("glue", 3), "3.1": ("block", 2), "3.1.conv": ("convolution, unit stride", 3),
        "3.1.act": ("activation", 3), "3.1.(glue)": ("glue", 3), "4": ("pooling", 1), "5": ("other", 1),
        "6": ("linear", 1),
    }  # fmt: skip


def test_json_and_folder_bring_it_back(found, tmp_path):
    found.to_json(tmp_path / "p.json")
    raw = json.loads((tmp_path / "p.json").read_text())
    assert raw["schema"] == "symmeter.results.result/1" and set(FIELDS) <= set(raw["rows"][1])
    found.save(tmp_path / "p")
    for path in (tmp_path / "p.json", tmp_path / "p"):
        again = symmeter.load(path)
        assert (
            isinstance(again, Profile) and again.parts == found.parts and isinstance(again.rows[0], LayerRow)
        )
        expected = found.contributions("translation_x")
        root, *parts = again.contributions("translation_x").mean(1)
        np.testing.assert_allclose(parts, expected[1:].mean(1), rtol=1e-12)
        # without columns the root is LEE by forward mode: the same in exact arithmetic, and to float32 here
        assert root == pytest.approx(expected[0].mean(), rel=1e-5)
    np.testing.assert_array_equal(again.norms("translation_y"), found.norms("translation_y"))
    assert len(found.to_pandas()) == 2 * len(found.parts)


def test_float64_knows_more_than_float32(found):
    wide = symmeter.attribute(net().double(), images().double(), output="logits", probes=0)
    assert wide.rows[1].norm is None
    for narrow, row in zip(found.rows, wide.rows, strict=True):
        assert abs(narrow.value - row.value) <= max(20 * (narrow.floor or 0), 1e-4 * abs(row.value))


@pytest.mark.parametrize(("options", "words"), [
    ({"probes": -1}, "probes is -1"),
    ({"symmetry": "C4"}, "'C4' has no generator, and attribution needs one of"),
    ({"layouts": {"3": "tokens(1x1)"}}, "layout of module '3'"),
    ({"output": "layer9"}, "unknown output 'layer9'"),
])  # fmt: skip
def test_mistakes(options, words):
    with pytest.raises(SymmeterError, match=words):
        profile(**options)


def test_what_has_no_modules_or_no_gradient():
    with pytest.raises(SymmeterError, match=r"needs an nn\.Module"):
        symmeter.attribute(lambda x: x.mean((2, 3)), images(), output="logits")

    class Detached(nn.Module):
        def forward(self, x):
            return x.mean((2, 3)).detach() * 1.0

    with pytest.raises(SymmeterError, match="no backward pass"):
        symmeter.attribute(Detached(), images(), output="logits")


def test_a_gradient_that_is_wrong_is_named():
    class Rounded(torch.autograd.Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x):
            return 2 * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, g):
            return g

        @staticmethod
        def jvp(ctx, t):
            return 2 * t

    class Liar(nn.Module):
        def forward(self, x):
            return Rounded.apply(x)

    broken = nn.Sequential(*list(net()), Liar()).eval()
    with pytest.warns(symmeter.SymmeterWarning, match="miss LEE by"):
        symmeter.attribute(broken, images(), "translation_x", output="logits", probes=0, batch_size=2)


def test_inner_outputs_and_colour():
    inner = profile(output="3.0", symmetry="rotation,gain", probes=0)
    assert [row.layer for row in inner.rows if row.symmetry == "gain"][:4] == ["", "0", "1", "2"]
    assert max(map(abs, inner.header["spec"]["residue"].values())) < 1e-4
    gain = {row.layer: row.share for row in inner.rows if row.symmetry == "gain" and row.terminal}
    assert abs(sum(gain.values()) - 1) < 1e-4


def test_results_do_not_depend_on_batches(found):
    one = profile(batch_size=1)
    np.testing.assert_allclose(
        one.contributions("translation_x"), found.contributions("translation_x"), rtol=2e-3, atol=1e-9
    )


def test_running_out_of_memory_halves_the_chunk(monkeypatch, found):
    from symmeter.layers.attribute import Attributor

    real, sizes = Attributor._attribute, []

    def scarce(self, x, derivative, probes, seed):
        sizes.extend([len(x)] if probes else [])  # not those for the floor
        if len(x) > 1:
            raise RuntimeError("can't allocate memory: you tried to allocate 7 bytes")
        return real(self, x, derivative, probes, seed)

    monkeypatch.setattr(Attributor, "_attribute", scarce)
    again = profile(batch_size=3)
    assert max(sizes) == 3 and sizes.count(1) == 6
    np.testing.assert_allclose(
        again.contributions("translation_x"), found.contributions("translation_x"), rtol=2e-3, atol=1e-9
    )


class Spectral(nn.Module):
    """The identity by way of a matrix that mixes positions, and its inverse, which is not followed."""

    def forward(self, x):
        waves = torch.fft.fft(torch.eye(x.shape[-1], dtype=torch.cdouble))
        return (x.to(waves) @ waves @ waves.inverse()).real


def test_a_told_layout_is_gone_on_from():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, 2, 1), Spectral(), nn.Conv2d(4, 6, 3, 2, 1), nn.GELU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(6, 3),
    ).double().eval()  # fmt: skip
    images = torch.rand(3, 1, 12, 16, dtype=torch.float64)
    options = {"output": "logits", "control": False, "progress": False}
    with pytest.warns(SymmeterWarning, match="the layout is not known: 1, 2, 3"):
        lost = symmeter.attribute(model, images, "rotation", **options)
    assert {"2", "3", "4"} <= set(lost.header["spec"]["folded"])
    told = symmeter.attribute(model, images, "rotation", layouts={"1": "channels_first"}, **options)
    assert not told.header["spec"]["folded"]
    bare = nn.Sequential(*(module for module in model if not isinstance(module, Spectral))).eval()
    plain = symmeter.attribute(bare, images, "rotation", **options)
    values = [part.contribution for part in told.rows if part.terminal and part.layer != "1"]
    assert values == pytest.approx(
        [part.contribution for part in plain.rows if part.terminal], rel=1e-9, abs=1e-15
    )
