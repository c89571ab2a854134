"""What passes through layers, against a network whose deviations are computed by hand."""

import torch
from torch import nn

from symmeter.curing.diagnosis import Diagnosis
from symmeter.curing.remedies.blur import BlurBeforeStride
from symmeter.layers.attribute import profiled
from symmeter.measuring.execution import run_along
from symmeter.measuring.plan import Given, Settings, plan_along


def network() -> nn.Sequential:
    torch.manual_seed(3)
    layers = [
        nn.Conv2d(1, 4, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(4, 4, 3, stride=2, padding=1),
        nn.Tanh(),
    ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).eval()


def diagnosed(net: nn.Module, x: torch.Tensor, layers: list | None = None):
    observer = Diagnosis([BlurBeforeStride()] if layers is None else layers, None, 0)
    given = Given(x, None, None, None, {"definition": "periodic"})
    plan = plan_along(net, given, "translation", "logits", Settings(control=False), "a test")
    done = run_along(plan, observer)
    return observer, profiled(done, observer), observer.passing(done.run)


def test_all_of_the_error_passes_through_the_last_layer_of_a_chain():
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    _, profile, passing_of = diagnosed(network(), x)
    for t, name in enumerate(profile.symmetries):
        lee = torch.tensor(profile.contributions(name)[0])
        made = torch.tensor(profile.contributions(name)[[1, 2, 3]]).sum(
            0
        )  # by the first layers up to the last convolution
        passing = torch.tensor(passing_of["2"][t])
        assert torch.allclose(passing, made, rtol=1e-4, atol=1e-9 * float(lee.max()))


def test_what_passes_through_the_first_layer_is_what_it_makes():
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    _, profile, passing_of = diagnosed(network(), x)
    for t, name in enumerate(profile.symmetries):
        own = torch.tensor(profile.contributions(name)[1])
        assert torch.allclose(torch.tensor(passing_of["0"][t]), own, rtol=1e-4, atol=1e-12)


def test_branches_share_what_passes():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = (nn.Conv2d(1, 2, 3, stride=2, padding=1) for _ in range(2))

        def forward(self, x):
            return (self.one(x) + self.two(x)).tanh().mean((-2, -1))

    torch.manual_seed(0)
    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    _, profile, passing_of = diagnosed(Branches().eval(), x)
    both = passing_of["one"] + passing_of["two"]
    for t, name in enumerate(profile.symmetries):
        made = torch.tensor(profile.contributions(name)[[1, 2]].sum(0))
        assert torch.allclose(torch.tensor(both[t]), made, rtol=1e-4, atol=1e-12)


def test_contributions_and_error_are_those_of_an_attribution():
    import symmeter

    x = torch.rand(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    net = network()
    _, profile, _ = diagnosed(net, x)
    plain = symmeter.attribute(net, x, "translation", "logits", "periodic", control=False, probes=0)
    assert [row.layer for row in profile.rows] == [row.layer for row in plain.rows]
    for own, other in zip(profile.rows, plain.rows, strict=True):
        assert abs(own.contribution - other.contribution) <= 1e-5 * abs(plain.rows[0].contribution)


def test_what_is_left_of_a_layer_that_stays_is_all_of_it():
    class Same(BlurBeforeStride):
        name = "same"

        def exchange(self, layer, seen):
            return layer if isinstance(layer, nn.Conv2d) else None

    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    observer, *_ = diagnosed(network(), x, [Same()])
    assert set(observer.left["same"]) == {"0", "2"}
    assert all(abs(left - 1) < 1e-5 for layer in observer.left["same"].values() for left in layer)
    assert not observer.failed


def test_a_remedy_that_fails_is_said_and_the_others_go_on():
    class Broken(BlurBeforeStride):
        name = "broken"

        def exchange(self, layer, seen):
            if seen is None:
                return layer if isinstance(layer, nn.Conv2d) else None
            raise RuntimeError("no such kernel")

    x = torch.rand(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    observer, *_ = diagnosed(network(), x, [Broken(), BlurBeforeStride()])
    assert observer.failed == {"broken at 0": "no such kernel", "broken at 2": "no such kernel"}
    assert observer.left["broken"] == {}
    assert set(observer.left["blur"]) == {"0", "2"}
