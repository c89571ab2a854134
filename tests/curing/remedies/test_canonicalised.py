"""One pose that follows each sample: exactly equivariant, and what the network itself returns in that pose."""

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
from symmeter.curing.remedies.canonicalised import Canonicalised
from symmeter.curing.remedy import Expected


class TestByTheSurestPose(RemedyContract):
    remedy = Canonicalised("C4")
    case = Case(Scores, images(), "C4", "softmax")
    factor = 1e12
    unhelped = Case(Scores, images(), "translation_x", options={"definition": "periodic"})
    arguments = ("C4", "D4", "hflip", "SO3", "o3")
    misfits = ("nonsense", "-1", "rotation", "C4,2")


class TestByPrincipalAxes(RemedyContract):
    remedy = Canonicalised("SO3")
    case = Case(Pooled, clouds(), "rotation_x", domain="points", inputs="points")
    factor = 1e12
    unhelped = Case(Pooled, clouds() + 3, "translation_x", domain="points", inputs="points")


def net(seed=0):
    torch.manual_seed(seed)
    return Scores().double().eval()


def cured(word, model, asked):
    return parse_remedies(word)[0].wrapped(model, asked)


def test_it_is_the_pose_of_which_the_network_is_surest():
    """A plain loop over samples and quarter turns; the scores are those of the network, not made anew."""
    model, x = net(), images(12)
    found = cured("canonicalised(C4)", model, purpose("C4"))(x)
    for one, y in zip(x, found, strict=True):
        poses = [model(torch.rot90(one, k, (-2, -1))[None])[0].detach() for k in range(4)]
        entropies = [float(torch.distributions.Categorical(logits=pose).entropy()) for pose in poses]
        assert torch.allclose(y, poses[entropies.index(min(entropies))], atol=1e-12)
    assert not torch.allclose(found, model(x), atol=1e-4)


@pytest.mark.parametrize(
    ("group", "dtype", "most"), [("C4", torch.float64, 1e-12), ("D4", torch.float32, 1e-6)]
)
def test_it_is_invariant_on_random_networks(group, dtype, most):
    for seed in range(3):
        made = cured(f"canonicalised({group})", net(seed).to(dtype), purpose(group))
        x = images(8, dtype)
        turned = x.rot90(1, (-2, -1)) if group == "C4" else x.flip(-1).rot90(3, (-2, -1))
        assert (made(turned) - made(x)).abs().max() < most
        assert (net(seed).to(dtype)(turned) - net(seed).to(dtype)(x)).abs().max() > 1e-2


def test_maps_of_classes_are_turned_back():
    torch.manual_seed(0)
    model = nn.Conv2d(1, 3, 3, padding=1).double().eval()
    made = cured("canonicalised(C4)", model, purpose("C4", output="softmax:equivariant"))
    x = images(5)
    assert torch.allclose(made(x.rot90(1, (-2, -1))), made(x).rot90(1, (-2, -1)), atol=1e-12)
    assert errors(model, x, "C4", output="softmax:equivariant")[0] > 1e-5
    assert errors(made, x, "C4", output="softmax:equivariant")[0] < 1e-25


def test_points_lie_along_their_axes():
    """R^T x with the eigenvectors of the covariance, each with a third moment above 0 but for the last."""
    torch.manual_seed(0)
    model, x = Pooled().double().eval(), clouds()
    found = cured("canonicalised(SO3)", model, purpose("SO3", "points", inputs="points"))(x)
    for one, y in zip(x, found, strict=True):
        centred = one - one.mean(0)
        values, vectors = torch.linalg.eigh(centred.T @ centred)
        first, second = vectors[:, values.argmax()], vectors[:, 1]
        first, second = (v * torch.sign(((centred @ v) ** 3).sum()) for v in (first, second))
        axes = torch.stack([first, second, torch.linalg.cross(first, second)], 1)
        assert torch.allclose(y, model((one @ axes)[None])[0], atol=1e-10)


@pytest.mark.parametrize("group", ["SO3", "O3"])
def test_vectors_are_turned_back(group):
    model, x = forces(), molecules(2)
    words = {"domain": "points", "inputs": WORDS, "output": OUTPUT}
    made = cured(f"canonicalised({group})", model, purpose(group, **words))
    before = errors(model, x, group, elements=2, sampling="haar", **words)
    after = errors(made, x, group, elements=2, sampling="haar", **words)
    assert min(before) > 1e-3 and max(after) < 1e-18


def test_mirror_images_are_another_matter():
    asked = purpose("O3", "points", inputs="points")
    torch.manual_seed(0)
    model, x = Pooled().double().eval(), clouds()
    mirrored = x * torch.tensor([-1.0, 1.0, 1.0])
    only_turned, all_of_it = (cured(f"canonicalised({group})", model, asked) for group in ("SO3", "O3"))
    assert (only_turned(mirrored) - only_turned(x)).abs().max() > 1e-3
    assert (all_of_it(mirrored) - all_of_it(x)).abs().max() < 1e-10


def test_it_jumps_where_third_moments_vanish():
    """As the documentation says: no choice of one pose is without jumps."""
    torch.manual_seed(0)
    model = Pooled().double().eval()
    made = cured("canonicalised(SO3)", model, purpose("SO3", "points", inputs="points"))
    half = clouds(1)
    x = torch.cat([half, -half], 1)  # no third moment
    far = torch.zeros_like(x)
    far[0, 0] = x[0, 0]
    assert (made(x + 1e-7 * far) - made(x - 1e-7 * far)).abs().max() > 1e-4


def test_what_is_expected_and_usual():
    told = lambda word, symmetry, **kwargs: parse_remedies(word)[0].expected(
        purpose(symmetry, **kwargs), symmetry
    )
    assert told("canonicalised(D4)", "C4") == told("canonicalised(SO3)", "rotation_x", domain="points")
    assert told("canonicalised(D4)", "C4") == Expected(0, 0, 0)
    assert told("canonicalised(C4)", "rotation") == Expected(1, 0, 4)
    assert told("canonicalised(SO3)", "translation_x", domain="points") == Expected(1, 0, math.inf)
    assert told("canonicalised(SO3)", "O3", domain="points") == Expected(1, 0, math.inf)
    usual = lambda symmetry, domain="images", output="softmax": [
        str(one) for one in Canonicalised.usual(purpose(symmetry, domain, output=output))
    ]
    assert usual("rotation") == usual("C4") == ["canonicalised(C4)"]
    assert usual("translation,SO2,C8") == usual("rotation", output="energy") == []
    assert usual("rotation_x,permutation", "points") == ["canonicalised(SO3)", "canonicalised(C8(x))"]
    assert usual("SO3", "points") == ["canonicalised(SO3)", "canonicalised(icosahedral)"]
    assert usual("SO3", "points", "energy:invariant") == ["canonicalised(SO3)"]
    assert usual("O3", "points") == ["canonicalised(O3)", "canonicalised(icosahedral)"]


@pytest.mark.parametrize("seed", range(3))
def test_an_error_along_a_generator_stays_within_what_is_expected(seed):
    model, x, asked = net(seed), images(24), purpose("rotation", output="logits")
    expected = Canonicalised("C4").expected(asked, "rotation")
    ratio = (
        errors(cured("canonicalised(C4)", model, asked), x, "rotation")[0] / errors(model, x, "rotation")[0]
    )
    assert expected.low < ratio < expected.high


def test_mistakes_are_one_line():
    model, x = net(), images()
    refused = lambda words, *args: check_refused(words, cured, *args)
    refused("C8 is none; use averaged", "canonicalised(C8)", model, purpose("C8"))
    refused("SO2 is none", "canonicalised(SO2)", model, purpose("SO2"))
    refused("no group 'SO3'", "canonicalised(SO3)", model, purpose("rotation"))
    refused("no group is usual that acts exactly", "canonicalised", model, purpose("translation"))
    energy = cured(
        "canonicalised(octahedral)", forces(), purpose("SO3", "points", inputs=WORDS, output=OUTPUT)
    )
    check_refused("no scores of classes", energy, molecules())
    check_refused("square images", cured("canonicalised(C4)", nn.Flatten(), purpose("C4")), x[..., :4])
    one = nn.Sequential(nn.Flatten(), nn.Linear(64, 1)).double()
    check_refused("no scores of classes", cured("canonicalised(C4)", one, purpose("C4", output="logits")), x)
