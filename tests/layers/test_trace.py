"""The calls of a forward pass, and gradients that pass through one module only."""

import pytest
import torch
from torch import nn

from symmeter.layers.trace import Trace


def gradients(trace):
    found = {}
    trace.backward(
        torch.ones_like(trace.output), lambda tap, g: found.setdefault(tap.slot, []).append(g.clone())
    )
    return found


class Inplace(nn.Module):
    """Residual adds and activations in place, one activation called twice, an input used by two modules."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.act(self.one(x))
        y = self.two(x)
        y += x
        return self.act(y)


def test_calls_and_their_tree():
    net = nn.Sequential(Inplace(), nn.Linear(4, 2))
    trace = Trace(net, net, torch.randn(3, 4))
    assert [(c.layer, c.number, c.parent.layer if c.parent else None) for c in trace.calls] == [
        ("", 0, None), ("0", 0, ""), ("0.one", 0, "0"), ("0.act", 0, "0"), ("0.two", 0, "0"), ("0.act", 1, "0"), ("1", 0, ""),
    ]  # fmt: skip
    assert [len(c.inputs) for c in trace.calls] == [1] * 7


@pytest.mark.parametrize("copies", ["all", "as the scout saw"])
def test_gradients_and_contents_survive_changes_in_place(copies):
    torch.manual_seed(0)
    net, x = Inplace().double(), torch.randn(5, 4, dtype=torch.float64)
    scout = Trace(net, net, x)
    trace = scout if copies == "all" else Trace(net, net, x, scout.changed)
    if copies != "all":
        assert not trace.changed
        assert 0 < len(scout.changed) < 10
    found = gradients(trace)
    # by hand, without a change in place
    a = net.one(x).detach().requires_grad_()
    h = a.relu()
    into_two = h.detach().requires_grad_()
    y = (net.two(into_two) + h.detach()).detach().requires_grad_()
    y.relu().sum().backward()
    net.two(into_two).backward(y.grad)
    h.backward(y.grad + into_two.grad)
    values = {tap.slot: tap.value.data for call in trace.calls for tap in call.taps}
    expected = {("one", 0, True): (a, a.grad), ("act", 0, False): (a, a.grad), ("two", 0, False): (into_two, into_two.grad),
                ("act", 1, False): (y, y.grad), ("act", 0, True): (h, y.grad + into_two.grad)}  # fmt: skip
    for (layer, call, outgoing), (value, gradient) in expected.items():
        (slot,) = [s for s in values if (s.layer, s.call, s.outgoing) == (layer, call, outgoing)]
        torch.testing.assert_close(values[slot], value.detach())
        torch.testing.assert_close(sum(found[slot]), gradient)


def test_the_graph_is_freed_and_no_hook_stays():
    import gc
    import weakref

    net = Inplace()
    trace = Trace(net, net, torch.randn(2, 4))
    gradients(trace)
    output = weakref.ref(trace.output)
    del trace
    gc.collect()
    assert output() is None
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


class Fails(nn.Module):
    def forward(self, x):
        raise ValueError("no")


class Tries(nn.Module):
    """Goes on after an exception inside."""

    def __init__(self):
        super().__init__()
        self.wrong = nn.Sequential(nn.Linear(4, 4), Fails())
        self.right = nn.Linear(4, 4)

    def forward(self, x):
        try:
            return self.wrong(x)
        except ValueError:
            return self.right(x)


def test_calls_that_end_in_an_exception_are_dropped():
    net = nn.Sequential(Tries())
    trace = Trace(net, net, torch.randn(2, 4))
    assert [c.layer for c in trace.calls] == ["", "0", "0.wrong.0", "0.right"]
    assert [c.parent.layer for c in trace.calls[1:]] == ["", "0", "0"]
    with pytest.raises(ValueError, match="no"):
        Trace(net, nn.Sequential(net, net[0].wrong), torch.randn(2, 4))
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


def test_keywords_tuples_and_dicts():
    class Inner(nn.Module):
        def forward(self, x, *, scale, mask=None):
            return {"a": x * scale, "more": (x + 1, 3, None)}

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def forward(self, x):
            out = self.inner(x, scale=x.sum(), mask=torch.ones(2, dtype=torch.bool))
            return out["a"] + out["more"][0]

    net = Outer()
    trace = Trace(net, net, torch.randn(2, 4))
    call = trace.calls[1]
    assert (len(call.inputs), len(call.outputs), call.opaque) == (2, 2, "")


def test_what_the_taps_cannot_see_is_named():
    class Box:
        def __init__(self, x):
            self.x = x

    class Boxes(nn.Module):
        def forward(self, x):
            return Box(x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.box = Boxes()

        def forward(self, x):
            return self.box(x).x * 2

    net = Net()
    assert Trace(net, net, torch.randn(2, 4)).calls[1].opaque == "Box"
