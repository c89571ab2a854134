"""A network averaged over a group: equivariant by construction, a function, and the model's own state."""

import copy
import io

import pytest
import torch
from tests.helpers import check_refused
from torch import nn

import symmeter
from symmeter.demo.networks import QuarterTurnAverage
from symmeter.domains.space.orthogonal import Orthogonal
from symmeter.measures.squared_error import SquaredError
from symmeter.symmetry.groups.sampling import HAAR
from symmeter.training.averaged import elements_of


def network(seed=0):
    torch.manual_seed(seed)
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout(0.3)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64, 5)).eval()


def images(count=12, dtype=torch.float32, channels=1):
    random = torch.Generator().manual_seed(1)
    return torch.rand(count, channels, 6, 6, generator=random, dtype=dtype)


def error(net, x, group, output="logits"):
    return (
        symmeter.measure(net, x, group, SquaredError(), output, control=False, progress=False).rows[0].value
    )


def test_quarter_turns_are_those_of_the_definition():
    """The mean of f over the four turned images, as a plain loop."""
    net, x = network().double(), images(dtype=torch.float64)
    with torch.no_grad():
        expected = sum(net(torch.rot90(x, k, (-2, -1))) for k in range(4)) / 4
        assert torch.allclose(symmeter.Averaged(net, "C4")(x), expected, atol=1e-12)
        assert torch.allclose(QuarterTurnAverage(net)(x), expected, atol=1e-12)


@pytest.mark.parametrize("group", ["C4", "D4", "hflip", "shift"])
def test_the_error_falls_to_the_floor(group):
    net, x = network().double(), images(dtype=torch.float64)
    averaged = symmeter.Averaged(net, group)
    assert error(net, x, group) > 1e-5
    assert error(averaged, x, group) < 1e-28
    assert not torch.allclose(averaged(x), averaged(x.roll(1, -1).flip(-2) + 0.1), atol=1e-4)  # no constant


def test_an_equivariant_output_turns_with_the_image():
    torch.manual_seed(0)
    net, x = nn.Conv2d(1, 1, 3, padding=1).double().eval(), images(dtype=torch.float64)
    averaged = symmeter.Averaged(net, "D4", output="logits:equivariant")
    assert error(net, x, "D4", "logits:equivariant") > 1e-3
    assert error(averaged, x, "D4", "logits:equivariant") < 1e-28
    with torch.no_grad():
        turned = [torch.rot90(net(torch.rot90(x, k, (-2, -1))), -k, (-2, -1)) for k in range(4)]
        assert torch.allclose(symmeter.Averaged(net, "C4", output="logits:equivariant")(x), sum(turned) / 4)


def test_what_motions_bring_in_from_outside_is_not_averaged():
    """Of an identity network the mean of moved images is the image itself, wherever it is known."""
    x = images(dtype=torch.float64)
    averaged = symmeter.Averaged(nn.Identity(), "shift(2,open)", output="logits:equivariant")
    assert torch.allclose(averaged(x), x, atol=1e-9)


def test_chunks_make_no_difference():
    net, x = network().double(), images(dtype=torch.float64)
    one, other = (symmeter.Averaged(net, "D4", batch_size=size)(x) for size in (1, 1000))
    assert torch.allclose(one, other, rtol=1e-12)


def test_sampled_elements_are_fixed():
    net, x = network(), images()
    first = symmeter.Averaged(net, "SO2", elements=5, sampling=HAAR)
    assert torch.equal(first(x), first(x))
    again = symmeter.Averaged(net, "SO2", elements=5, sampling=HAAR)
    assert torch.equal(again(x), first(x))
    other = symmeter.Averaged(net, "SO2", elements=5, sampling=HAAR, seed=1)
    assert not torch.allclose(other(x), first(x))


def test_which_elements_serve():
    so2, so3 = symmeter.parse_group("SO2"), Orthogonal()
    assert [g.name for g in elements_of(so2, 4)[0]] == ["identity", "rotate 90", "rotate 180", "rotate 270"]
    turns, weights = elements_of(so3, 12)
    assert len(turns) == 12 and weights == [1.0] * 12
    assert {(g @ h).name for g in turns for h in turns} == {g.name for g in turns}  # a subgroup
    assert len(elements_of(so3)[0]) == 120 and len(elements_of(symmeter.parse_group("C8"))[0]) == 8
    elements, weights = elements_of(so3, 24, sampling="lebedev")
    assert len(elements) == len(weights) and sum(weights) == pytest.approx(len(weights))


def test_the_state_is_that_of_the_model():
    net, other, x = network(), network(1), images()
    averaged = symmeter.Averaged(net, "C4")
    assert list(averaged.state_dict()) == list(net.state_dict())
    other.load_state_dict(averaged.state_dict())
    assert torch.equal(other(x), net(x))
    back = symmeter.Averaged(network(2), "C4")
    back.load_state_dict(net.state_dict())
    assert torch.equal(back(x), averaged(x))
    inside = nn.Sequential(symmeter.Averaged(network(2), "C4"), nn.Softmax(1))
    inside.load_state_dict({f"0.{name}": value for name, value in net.state_dict().items()})
    assert torch.equal(inside(x), averaged(x).softmax(1))
    with pytest.raises(RuntimeError, match="Missing key"):
        back.load_state_dict({"0.weight": net[0].weight})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        back.load_state_dict({**net.state_dict(), "more": torch.ones(1)})


def test_saving_and_copying():
    averaged, x = symmeter.Averaged(network(), "C4"), images()
    expected, file = averaged(x), io.BytesIO()
    torch.save(averaged, file)
    file.seek(0)
    assert torch.equal(torch.load(file, weights_only=False)(x), expected)
    assert torch.equal(copy.deepcopy(averaged)(x), expected)


def test_modes_pass_through_and_nothing_is_changed_before():
    net = network().train()
    net[1].eval()
    averaged = symmeter.Averaged(net, "C4")
    assert averaged.training and [m.training for m in net] == [True, False, True, True, True, True]
    assert not averaged.eval().training and not net[3].training
    assert averaged.train().training and net[1].training
    assert averaged.to(torch.float64).model is net and net[0].weight.dtype == torch.float64


def test_it_trains():
    net, x = network().train(), images()
    net[3].p = 0.0
    averaged = symmeter.Averaged(net, "C4")
    optimiser = torch.optim.Adam(averaged.parameters(), 0.05)
    target = torch.arange(12) % 5
    losses = []
    for _ in range(20):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(averaged(x), target)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    assert symmeter.penalty(averaged, x, "C4", output="logits") < 1e-8


def test_it_can_be_measured_along_generators():
    result = symmeter.measure(
        symmeter.Averaged(network(), "C4"), images(), "rotation", control=False, progress=False
    )
    assert result.rows[0].value > 0


def test_accuracy_does_not_fall_on_turned_images():
    """A classifier that was trained upright, on images that are turned."""
    random = torch.Generator().manual_seed(0)
    patterns = torch.rand(3, 1, 6, 6, generator=random)
    made = lambda count: (
        patterns.repeat(count, 1, 1, 1) + 0.3 * torch.randn(3 * count, 1, 6, 6, generator=random)
    )
    x, y = made(60), torch.arange(180) % 3
    torch.manual_seed(0)
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 32), nn.ReLU(), nn.Linear(32, 3))
    averaged = symmeter.Averaged(net, "C4")
    turned = torch.stack([torch.rot90(one, i % 4, (-2, -1)) for i, one in enumerate(x)])
    for trained in (net, averaged):
        optimiser = torch.optim.Adam(trained.parameters(), 0.01)
        for _ in range(60):
            optimiser.zero_grad()
            nn.functional.cross_entropy(trained(x), y).backward()
            optimiser.step()
        hits = lambda f, images: float((f(images).argmax(1) == y).float().mean())
        if trained is net:
            plain = hits(net, turned)
    assert hits(averaged, turned) == hits(averaged, x) >= plain


def test_small_shifts():
    net, x = network(), images()
    averaged = symmeter.Averaged(net, "shift(1)")
    with torch.no_grad():
        steps = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        expected = sum(net(x.roll(step, (-2, -1))) for step in steps) / 9
    assert torch.allclose(averaged(x), expected, atol=1e-5)
    shifted = lambda f: float((f(x.roll(1, -1)) - f(x)).square().mean().detach())
    assert shifted(averaged) < 0.5 * shifted(net)


def test_points_dicts_and_several_outputs():
    def f(pos, kinds):
        return {"energy": (pos[..., 2].square() * kinds).sum(1, keepdim=True), "forces": pos * pos[:, :1, 2:]}

    x = {"pos": torch.randn(4, 5, 3, dtype=torch.float64), "kinds": torch.ones(4, 5, dtype=torch.long)}
    words = {"inputs": {"pos": "points"}, "output": "energy:invariant,forces:vectors"}
    averaged = symmeter.Averaged(f, "SO3", elements=12, **words)
    found = averaged(x)
    assert torch.allclose(
        found["energy"], x["pos"].square().sum((1, 2))[:, None] / 3
    )  # 12 turns are enough for it
    assert found["forces"].shape == (4, 5, 3)


def test_a_function_that_hides_no_network():
    averaged, x = symmeter.Averaged(lambda z: z[:, 0, 0], "hflip", output="logits:invariant"), images()
    assert torch.allclose(averaged(x), (x[:, 0, 0] + x[:, 0, 0].flip(1)) / 2)
    assert dict(averaged.state_dict()) == {}


def test_autocast_moves_images_in_full():
    net, x = network(), images()
    averaged = symmeter.Averaged(net, "C4")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = averaged(x)
    assert half.dtype == torch.bfloat16 and torch.allclose(half.float(), averaged(x), atol=0.02)


def test_mistakes_are_one_line():
    net, x = network(), images()
    refused = lambda words, *args, **kwargs: check_refused(words, symmeter.Averaged, *args, **kwargs)
    refused("'rotation' is no group", net, "rotation")
    refused("group is 3; give one group", net, 3)
    refused("elements is 1", net, "C4", elements=1)
    refused("a model is", 3, "C4")
    check_refused("is not one group", symmeter.Averaged(net, "rotation", domain="images"), x)
    check_refused("x.float", symmeter.Averaged(net, "C4"), x.byte())
    check_refused("leave the word crop out", symmeter.Averaged(net, "shift(1,crop)"), x)
    check_refused("square images", symmeter.Averaged(nn.Identity(), "C4"), x[..., :4])
