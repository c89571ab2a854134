"""The mean over poses along principal axes: against a plain loop, exactly equivariant, and with derivatives."""

import pytest
import torch
from tests.curing.remedies.contract import Case, RemedyContract
from tests.curing.remedies.whole_networks import (
    OUTPUT,
    WORDS,
    Pooled,
    Scores,
    clouds,
    errors,
    forces,
    molecules,
    purpose,
)
from tests.helpers import check_refused

from symmeter.curing.listing import parse_remedies
from symmeter.curing.remedies.frames import Frames
from symmeter.curing.remedy import Expected


class TestOverRotations(RemedyContract):
    remedy = Frames()
    case = Case(Pooled, clouds(), "rotation_x", domain="points", inputs="points")
    factor = 1e12
    unhelped = Case(Pooled, clouds() + 3, "translation_x", domain="points", inputs="points")
    arguments = ("SO3", "o3")
    misfits = ("nonsense", "-1", "SE3")

    def test_it_does_not_apply_or_does_not_help_elsewhere(self):
        """Four turned errors are averaged: of translations some is left, not nothing."""
        model = self.unhelped.model()
        assert self.unhelped.error(self.cure(self.unhelped, model)) > self.unhelped.error(model) / 100


class TestOverMirrorImages(TestOverRotations):
    remedy = Frames("O3")
    case = Case(Pooled, clouds(), "rotation_y", domain="points", inputs="points")


def cured(word, model, asked):
    return parse_remedies(word)[0].wrapped(model, asked)


@pytest.mark.parametrize(("group", "count"), [("SO3", 4), ("O3", 8)])
def test_it_is_the_mean_over_all_signs_of_axes(group, count):
    torch.manual_seed(0)
    model, x = Pooled().double().eval(), clouds()
    found = cured(f"frames({group})", model, purpose("SO3", "points", inputs="points", output="logits"))(x)
    for one, y in zip(x, found, strict=True):
        centred = one - one.mean(0)
        values, vectors = torch.linalg.eigh(centred.T @ centred)
        vectors = vectors[:, values.argsort(descending=True)]
        poses = []
        for signs in torch.cartesian_prod(*[torch.tensor([1.0, -1.0]).double()] * 3):
            axes = vectors * signs
            if group == "O3" or torch.linalg.det(axes) > 0:
                poses.append(model((one @ axes)[None])[0])
        assert len(poses) == count
        assert torch.allclose(y, sum(poses) / count, atol=1e-10)


@pytest.mark.parametrize("group", ["SO3", "O3"])
def test_energies_forces_and_positions(group):
    model, x = forces(), molecules(2)
    words = {"domain": "points", "inputs": WORDS, "output": OUTPUT}
    made = cured(f"frames({group})", model, purpose(group, **words))
    before = errors(model, x, f"{group},permutation,rotation_z", elements=2, sampling="haar", **words)
    after = errors(made, x, f"{group},permutation,rotation_z", elements=2, sampling="haar", **words)
    assert max(after[:3]) < 1e-18 < 1e-3 < min(before[:3])
    assert torch.equal(made(**x)["other"], model(**x)["other"])


def test_single_precision_is_enough():
    torch.manual_seed(0)
    model, x = Pooled().eval(), clouds().float()
    made = cured("frames", model, purpose("SO3", "points", inputs="points"))
    turned = x @ torch.linalg.qr(torch.randn(3, 3))[0].mT
    assert (made(turned) - made(x)).abs().max() < 2e-6 or torch.linalg.det(turned[0, :3]) < 0
    assert (model(turned) - model(x)).abs().max() > 1e-2


def test_irreps_and_pseudovectors_turn_back():
    class Many(torch.nn.Module):
        def forward(self, x):
            a, b = (x**3).mean(1), (x.roll(1, 1) * x.abs()).mean(1)
            return {"axial": torch.linalg.cross(a, b) + x[:, 0], "d": torch.cat([a, b[:, :2]], 1)}

    words = {"domain": "points", "inputs": "points", "output": "axial:pseudovectors,d:2e"}
    made = cured("frames(O3)", Many().eval(), purpose("O3", **words))
    before = errors(Many().eval(), clouds(), "O3", elements=2, sampling="haar", **words)
    after = errors(made, clouds(), "O3", elements=2, sampling="haar", **words)
    assert max(after) < 1e-10 < 1e-3 < min(before)  # it has no parameters, so it is measured in float32


def test_what_is_expected_and_usual():
    told = lambda word, symmetry: parse_remedies(word)[0].expected(purpose(symmetry, "points"), symmetry)
    for symmetry in ("rotation_x", "rotation", "SO3", "SO2(y)", "icosahedral"):
        assert told("frames", symmetry) == told("frames(O3)", symmetry) == Expected(0, 0, 0)
    assert told("frames(O3)", "O3") == Expected(0, 0, 0)
    assert told("frames", "O3") == told("frames", "translation_x") == Expected(1 / 4, 0, 1)
    assert told("frames(O3)", "permutation") == told("frames(O3)", "SE3") == Expected(1 / 8, 0, 1)
    usual = lambda symmetry, domain="points": [str(one) for one in Frames.usual(purpose(symmetry, domain))]
    assert usual("rotation_x") == usual("SO3") == ["frames(SO3)"]
    assert usual("O3,rotation") == ["frames(O3)"]
    assert usual("translation,permutation") == usual("rotation", "images") == []


def test_mistakes_are_one_line():
    check_refused("for points in space", cured, "frames", Scores(), purpose("rotation"))
    check_refused("choose", parse_remedies, "frames(SE2)")
    made = cured(
        "frames", forces(), purpose("SO3", "points", inputs={"pos": "vectors"}, output="forces:vectors")
    )
    check_refused("say which are with inputs", made, molecules())
