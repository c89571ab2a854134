"""The mean over a group: exact where the group is, a share of the error elsewhere, and a network as it was."""

import copy
import math

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
    images,
    molecules,
    purpose,
)
from tests.helpers import check_refused
from torch import nn

from symmeter.curing.listing import parse_remedies
from symmeter.curing.remedies.averaged import AveragedOver
from symmeter.curing.remedy import Expected

MISFITS = ("nonsense", "-1", "C4,1", "C4,x", "C4,3,3", "C4,99999999", "rotation", "C4,-2")


class TestOverQuarterTurns(RemedyContract):
    remedy = AveragedOver("C4")
    case = Case(Scores, images(), "C4", "softmax")
    factor = 1e12
    unhelped = Case(Scores, images(), "shift(1)", "softmax")
    arguments = ("C4", "D4", "SO2,8", "shift(1)", "shift(2,open),3")
    misfits = MISFITS

    def test_it_does_not_apply_or_does_not_help_elsewhere(self):
        """Turned errors cancel like independent ones whatever they are of, so a fraction is left and not all."""
        model = self.unhelped.model()
        before, after = self.unhelped.error(model), self.unhelped.error(self.cure(self.unhelped, model))
        assert before > after > before / 100


class TestOverShifts(RemedyContract):
    remedy = AveragedOver("shift(1)")
    case = Case(Scores, images(), "translation_x", options={"definition": "periodic"})
    factor = 2.0
    unhelped = Case(Scores, images(), "hflip", "softmax")
    misfits = MISFITS

    test_it_does_not_apply_or_does_not_help_elsewhere = (
        TestOverQuarterTurns.test_it_does_not_apply_or_does_not_help_elsewhere
    )


class TestOverRotationsOfSpace(RemedyContract):
    remedy = AveragedOver("SO3,12")
    case = Case(Pooled, clouds(), "rotation_x", domain="points", inputs="points")
    factor = 5.0
    unhelped = Case(Pooled, clouds() + 3, "translation_x", domain="points", inputs="points")
    misfits = MISFITS

    test_it_does_not_apply_or_does_not_help_elsewhere = (
        TestOverQuarterTurns.test_it_does_not_apply_or_does_not_help_elsewhere
    )


def net(seed=0):
    torch.manual_seed(seed)
    return Scores().double().eval()


def cured(word, model, asked):
    return parse_remedies(word)[0].wrapped(model, asked)


def test_probabilities_are_averaged_and_scores_returned():
    model, x = net(), images()
    turned = [torch.rot90(x, k, (-2, -1)) for k in range(4)]
    of_softmax = cured("averaged(C4)", model, purpose("C4", output="softmax"))(x)
    assert torch.allclose(of_softmax.softmax(1), sum(model(one).softmax(1) for one in turned) / 4, atol=1e-12)
    of_logits = cured("averaged(C4)", model, purpose("C4", output="logits"))(x)
    assert torch.allclose(of_logits, sum(map(model, turned)) / 4, atol=1e-12)
    assert not torch.allclose(of_softmax.softmax(1), of_logits.softmax(1), atol=1e-6)


def test_scores_without_any_doubt_stay_finite():
    class Sure(nn.Module):
        def forward(self, x):
            return torch.stack([1e4 * x[:, 0, 0, 0], -1e4 * x[:, 0, 0, 0]], 1)

    y = cured("averaged(C4)", Sure(), purpose("C4"))(images(dtype=torch.float32) + 1)
    assert y.isfinite().all() and torch.equal(y.softmax(1)[:, 0], torch.ones(6))


@pytest.mark.parametrize("seed", range(2))
def test_the_least_and_the_most_hold_for_untrained_networks(seed):
    """Conjugated errors of a network without any structure are about independent: near a quarter, never above all."""
    model, x = net(seed), images(16)
    asked = purpose("rotation", output="logits")
    expected = AveragedOver("C4").expected(asked, "rotation")
    assert expected == Expected(0.25, 0.0, 1.0)
    (before,), (after,) = (
        errors(model, x, "rotation"),
        errors(cured("averaged(C4)", model, asked), x, "rotation"),
    )
    assert expected.low < after / before < expected.high
    assert expected.ratio / 2.5 < after / before < expected.ratio * 2.5
    assert errors(cured("averaged(C4)", model, asked), x, "C4")[0] < 1e-25


def test_what_is_expected():
    told = lambda word, symmetry, **kwargs: parse_remedies(word)[0].expected(
        purpose(symmetry, **kwargs), symmetry
    )
    nothing = Expected(0, 0, 0)
    assert (
        told("averaged(C4)", "C4")
        == told("averaged(D4)", "hflip")
        == told("averaged(hflip)", "hflip")
        == nothing
    )
    assert told("averaged(icosahedral)", "icosahedral", domain="points") == nothing
    assert told("averaged(octahedral)", "C4(z)", domain="volumes") == nothing
    assert told("averaged(C8)", "C8").ratio == 1 / 8  # between pixels
    assert told("averaged(C4,2)", "C4").ratio == 1 / 2
    assert told("averaged(C4)", "D4").ratio == told("averaged(C4)", "hflip").ratio == 1 / 4
    assert told("averaged(shift(1))", "translation").ratio == 1 / 9
    assert told("averaged(shift(1))", "translation", domain="volumes").ratio == 1 / 27
    assert told("averaged(SO3,60)", "rotation", domain="points") == Expected(1 / 60, 0, 1)
    assert told("averaged(SO3)", "SO3", domain="points").ratio == 1 / 120


def test_what_is_usual():
    usual = lambda symmetry, domain="images": [
        str(one) for one in AveragedOver.usual(purpose(symmetry, domain))
    ]
    assert usual("translation") == ["averaged(shift(1))"]
    assert usual("translation_y") == ["averaged(shift(1,y))"]
    assert usual("rotation") == ["averaged(C4)", "averaged(SO2,8)"]
    assert usual("D4,SO2,shift(8,crop)") == ["averaged(D4)", "averaged(SO2,8)"]
    assert (
        usual("rotation,translation", "points")
        == usual("SO3", "points")
        == [
            "averaged(SO3,60)",
            "averaged(SO3,120)",
        ]
    )
    assert usual("O3,translation(1)", "points") == ["averaged(O3,120)"]
    assert usual("rotation_y", "points") == ["averaged(SO2(y),8)"]
    assert usual("rotation", "volumes") == ["averaged(octahedral)"]
    assert usual("translation,polarity", "signals") == ["averaged(polarity)", "averaged(shift(1))"]
    assert usual("scale,hue") == []
    check_refused("write it in brackets", cured, "averaged", net(), purpose("scale"))


def test_without_brackets_it_is_the_usual_one():
    model, x, asked = net(), images(), purpose("rotation")
    assert torch.equal(cured("averaged", model, asked)(x), cured("averaged(C4)", model, asked)(x))


def test_several_outputs_of_several_inputs():
    """Energies and forces against a plain loop over rotations; what was not asked for is as it was."""
    model, x = forces(), molecules(2)
    asked = purpose("SO3", "points", inputs=WORDS, output=OUTPUT)
    made = cured("averaged(icosahedral)", model, asked)
    found = made(**x)
    assert list(found) == ["energy", "forces", "centre", "other"]
    rotations = [g.rotation for g in AveragedOver("icosahedral")._over(asked)[0].enumerate()]
    each = [(R, model(x["pos"] @ R.mT, x["kinds"])) for R in rotations]
    assert len(each) == 60
    assert torch.allclose(found["energy"], sum(y["energy"] for _, y in each) / 60)
    assert torch.allclose(found["forces"], sum(y["forces"] @ R for R, y in each) / 60)
    assert torch.allclose(found["centre"], sum(y["centre"] @ R for R, y in each) / 60)
    assert torch.equal(found["other"], model(**x)["other"])
    assert torch.equal(made(x["pos"], x["kinds"])["forces"], found["forces"])
    assert torch.equal(made(x)["forces"], found["forces"])
    before = errors(model, x, "C2(z)", domain="points", inputs=WORDS, output=OUTPUT)
    after = errors(made, x, "C2(z)", domain="points", inputs=WORDS, output=OUTPUT)
    assert min(before) > 1e-3 and max(after) < 1e-12


def test_gradients_reach_what_energies_are_differentiated_by():
    x = molecules()
    asked = purpose("SO3", "points", inputs=WORDS, output="energy:invariant")
    pos = x["pos"].requires_grad_()
    energy = cured("averaged(SO3,12)", forces(), asked)(pos, x["kinds"])["energy"]
    (slope,) = torch.autograd.grad(energy.sum(), pos)
    assert slope.isfinite().all() and slope.abs().max() > 1e-3


def test_it_leaves_and_loads_the_state_of_the_model():
    model, x, asked = net(), images(), purpose("C4")
    before = copy.deepcopy(model.state_dict())
    made = cured("averaged(C4)", model, asked)
    assert list(made.state_dict()) == list(before)
    made(x)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    back = cured("averaged(C4)", net(1), asked)
    back.load_state_dict(before)
    assert torch.equal(back(x), made(x))


def test_batches_of_any_size_give_the_same():
    made, x = cured("averaged(D4)", net(), purpose("D4")), images(300)
    whole = made(x)
    assert torch.allclose(torch.cat([made(part) for part in x.split(7)]), whole, atol=1e-12)
    assert torch.allclose(made(x.float().double()), whole, atol=1e-6)


def test_mistakes_are_one_line():
    model, x = net(), images()
    refused = lambda words, *args, **kwargs: check_refused(words, cured, *args, **kwargs)
    refused("points have no group 'hflip'", "averaged(hflip)", model, purpose("SO3", "points"))
    refused("images have no group 'icosahedral'", "averaged(icosahedral)", model, purpose("rotation"))
    inside = cured("averaged(C4)", model, purpose("C4", output="0:equivariant"))
    check_refused("is inside of the network", inside, x)
    same = cured("averaged(C4)", model, purpose("C4", output="softmax,logits"))
    check_refused("are the same tensor", same, x)
    assert not any(map(len, (model._forward_hooks, model[0]._forward_hooks)))  # after an exception, too


def test_a_group_that_is_not_the_one_leaves_an_error():
    """Flips are no quarter turns: what is left is far above round-off."""
    model, x = net(), images()
    assert errors(cured("averaged(hflip)", model, purpose("C4")), x, "C4")[0] > 1e-6
    assert errors(cured("averaged(hflip)", model, purpose("C4")), x, "hflip")[0] < 1e-25
    assert math.isclose(AveragedOver("hflip").expected(purpose("C4"), "C4").ratio, 0.5)
