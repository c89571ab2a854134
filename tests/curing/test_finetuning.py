"""Fine-tuning: what is trained falls, what is not stays, and mistakes are one line."""

import copy
import math
import os
import random
import signal

import numpy as np
import pytest
import torch
from torch import nn

import symmeter
from symmeter.curing.finetuning import Finetuning, finetuned
from symmeter.curing.remedy import Purpose
from symmeter.domains.images.domain import Images
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.measures.squared_error import SquaredError
from symmeter.measuring.plan import Given
from symmeter.models.load import describe
from symmeter.symmetry.hypothesis import parse_symmetry

COUNT = 64


def network(seed=0, classes=4):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = nn.Conv2d(1, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.Dropout(0.1)
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(96, classes)).eval()


def images(count=COUNT, classes=4):
    """A bright bar in one of four places, in noise, and which."""
    random = torch.Generator().manual_seed(3)
    labels = torch.arange(count) % classes
    x = 0.3 * torch.rand(count, 1, 8, 8, generator=random)
    for i, label in enumerate(labels.tolist()):
        x[i, 0, :, 2 * (label % 4)] += 1
    return x, labels


def purpose(symmetry="translation", **more):
    return Purpose(parse_symmetry(symmetry, Images.symmetry, Images.symmetries), "images", **more)


def run(model, how, meant=None):
    return finetuned(describe(model), Given(images()), meant or purpose(), how, progress=False)


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def error(model, symmetry="translation"):
    measure = [SquaredError()] if symmetry[0] == "C" else None
    rows = symmeter.measure(model, images()[0], symmetry, measure, control=False, progress=False).rows
    return sum(row.value for row in rows)


def test_the_loss_falls_and_the_number_of_steps_is_exact():
    net = network()
    told = run(net, Finetuning(images(), epochs=3, rate=0.1, weight=0, batch_size=10))
    assert told["steps"] == 3 * math.ceil(COUNT / 10) == 21
    assert told["loss_last"] < 0.8 * told["loss_first"] and told["seconds"] > 0
    assert "penalty_first" not in told
    assert net[1].num_batches_tracked == 21


def test_a_last_batch_of_one_sample_is_left_out():
    x, y = images()
    told = run(network(), Finetuning((x[:33], y[:33]), weight=0, batch_size=16))
    assert told["steps"] == 2


@pytest.mark.parametrize("symmetry", ["translation", "C4", "translation,C4"])
def test_the_error_is_lower_with_the_penalty_than_without(symmetry):
    """Paired: the same network, data, order and dropout."""
    errors = {}
    for weight in (0.0, 2.0):
        net = network()
        told = run(
            net, Finetuning(images(), epochs=3, rate=0.1, weight=weight, batch_size=16), purpose(symmetry)
        )
        errors[weight] = sum(error(net, word) for word in symmetry.split(","))
    assert errors[2.0] < 0.7 * errors[0.0]
    assert told["penalty_last"] < told["penalty_first"]


def test_the_weight_does_not_depend_on_the_unit_of_the_error():
    """Twice the output has four times the error; what the penalty counts for stays the same."""
    scales = []
    for factor in (1.0, 2.0):
        net = network()
        with torch.no_grad():
            net[-1].weight *= factor
            net[-1].bias *= factor
        how = Finetuning(images(), rate=1e-12, weight=0.5, batch_size=16)
        told = run(net, how, purpose(output="logits"))
        scales.append(told["penalty_first"])
    assert scales[1] == pytest.approx(4 * scales[0], rel=1e-3)
    assert same(state(network()), state(network()))


def test_equal_seeds_give_equal_networks_whatever_the_caller_drew():
    found = []
    for drawn, seed in ((0, 0), (5, 0), (0, 1)):
        torch.rand(drawn)
        net = network()
        run(
            net,
            Finetuning(
                images(),
                weight=1.0,
                batch_size=16,
                seed=seed,
                augment=lambda x: x.roll(int(torch.randint(3, ())), -1),
            ),
        )
        found.append(state(net))
    assert same(found[0], found[1]) and not same(found[0], found[2])


def test_nothing_else_of_the_caller_or_the_network_changes():
    net = network()
    net[0].train()
    net[5].bias.requires_grad_(False)
    net[4].register_forward_hook(lambda *_: None)
    bias, hooks = net[5].bias.clone(), dict(net[4]._forward_hooks)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    data = images()
    with torch.no_grad():
        run(net, Finetuning(data, weight=1.0, batch_size=16))
        assert not torch.is_grad_enabled()
    assert [module.training for module in net] == [True] + [False] * 5 and not net.training
    assert torch.equal(net[5].bias, bias) and net[4]._forward_hooks == hooks
    assert all(parameter.grad is None for parameter in net.parameters())
    assert torch.equal(torch.get_rng_state(), before[0]) and random.getstate() == before[2]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert torch.equal(data[0], images()[0])


def test_a_loss_that_is_not_finite_leaves_the_network_as_it_was():
    net = network()
    before, calls = state(net), []

    def broken(x):
        calls.append(1)
        return x * torch.inf if len(calls) == 3 else x

    with pytest.raises(
        SymmeterError, match=r"not finite after 32 of the images: give a smaller rate than 0\.1"
    ) as told:
        run(net, Finetuning(images(), rate=0.1, weight=0, batch_size=16, augment=broken))
    assert "\n" not in str(told.value) and len(calls) == 3
    assert same(before, state(net)) and not net[1].training


@pytest.mark.usefixtures("interrupts")
def test_ctrl_c_keeps_what_was_learned_and_says_so():
    net, calls = network(), []

    def interrupting(x):
        calls.append(1)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return x

    before = state(net)
    with pytest.warns(
        SymmeterWarning, match="interrupted after 2 steps: what was learned until then is kept"
    ):
        told = run(net, Finetuning(images(), weight=0, batch_size=16, augment=interrupting))
    assert told["steps"] == 2 and not same(before, state(net)) and not net[1].training


@pytest.mark.parametrize(
    ("data", "classes", "words"),
    [
        (images()[0], 4, "0 of the first 16 images with a class; fine-tuning needs a class for each"),
        ((images()[0], images()[1] + 2), 4, "labels go up to 5, and Sequential has 4 classes"),
        (images(1), 4, "1 of the first 1 image with a class"),
        (images(), 1, r"needs scores of classes, \(B, K\), and Sequential returns \(16, 1\)"),
    ],
)
def test_data_that_does_not_fit_is_one_line(data, classes, words):
    net = network(classes=classes)
    before = state(net)
    with pytest.raises(SymmeterError, match=words) as told:
        run(net, Finetuning(data, batch_size=16))
    assert "\n" not in str(told.value) and same(before, state(net))


def test_networks_that_cannot_be_trained_this_way_are_one_line():
    still = network().requires_grad_(False)
    with pytest.raises(SymmeterError, match="Sequential has no parameters that could be trained"):
        run(still, Finetuning(images()))
    with pytest.raises(SymmeterError, match="sum to 1 already: fine-tuning needs scores before a softmax"):
        run(nn.Sequential(*network(), nn.Softmax(1)), Finetuning(images()))


@pytest.mark.parametrize(
    ("word", "value", "words"),
    [("epochs", 0, "epochs is 0"), ("rate", 0.0, "rate is 0.0"), ("weight", -1, "weight is -1"),
     ("batch_size", 1, "batch_size is 1"), ("augment", 3, "augment is 3")],
)  # fmt: skip
def test_values_that_mean_nothing_are_refused(word, value, words):
    with pytest.raises(SymmeterError, match=f"^{words}; give "):
        Finetuning(images(), **{word: value})


def test_every_epoch_sees_the_same_samples_in_another_order():
    seen = []

    def watching(x):
        seen.append(x.mean((1, 2, 3)))
        return x

    run(network(), Finetuning(images(), epochs=2, weight=0, batch_size=16, samples=32, augment=watching))
    one, other = torch.cat(seen[:2]), torch.cat(seen[2:])
    assert len(one) == 32 and not torch.equal(one, other)
    assert torch.equal(one.sort().values, other.sort().values)


def test_labels_that_are_missing_for_some_are_left_out():
    x, y = images()
    y = torch.where(torch.arange(COUNT) < 32, y, -1)
    seen = []
    run(network(), Finetuning((x, y), weight=0, batch_size=64, augment=lambda x: (seen.append(len(x)), x)[1]))
    assert seen == [32]


def test_a_penalty_of_nothing_is_nothing():
    """A network without any error: the penalty is 0 and has no scale."""
    net = nn.Sequential(nn.Conv2d(1, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
    with torch.no_grad():
        net[3].weight.zero_()
    told = run(net, Finetuning(images(), rate=1e-9, batch_size=16), purpose("C4"))
    assert told["penalty_first"] == pytest.approx(0, abs=1e-9) and math.isfinite(told["loss_last"])


def test_a_copy_is_trained_and_not_what_it_was_copied_from():
    net = network()
    before = state(net)
    run(copy.deepcopy(net), Finetuning(images(), batch_size=16))
    assert same(before, state(net))


def test_pixels_are_prepared_as_they_are_to_be_measured():
    pixels = (255 * images()[0].clamp(0, 1)).byte()
    options, seen = {"mean": (0.5,), "std": (0.25,)}, []
    how = Finetuning((pixels, images()[1]), batch_size=64, augment=lambda x: (seen.append(x), x)[1])
    told = finetuned(
        describe(network()), Given(None, options=options), purpose(options=options), how, progress=False
    )
    assert told["steps"] == 1 and seen[0].min() == -2 and seen[0].max() == 2


def test_a_network_of_several_inputs_learns_too():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.other = network(), nn.Linear(3, 4)

        def forward(self, given):
            return self.inner(given["x"]) + self.other(given["z"])

    x, y = images()
    words = {"x": "image", "z": "scalars"}
    net = Two().eval()
    before, meant = state(net), purpose(inputs=words)
    how = Finetuning(({"x": x, "z": torch.rand(COUNT, 3)}, y), batch_size=16)
    told = finetuned(describe(net), Given(None, inputs=words), meant, how, progress=False)
    assert told["steps"] == 4 and told["penalty_first"] > 0
    assert not torch.equal(before["other.weight"], net.other.weight)


def test_a_failure_inside_of_the_network_is_one_line_and_leaves_it_as_it_was():
    net, steps = network(), []
    before = state(net)

    def failing(module, given):
        if len(steps) == 3:
            raise RuntimeError("no more\nof this")

    net[0].register_forward_pre_hook(failing)
    how = Finetuning(images(), weight=0, batch_size=16, augment=lambda x: (steps.append(1), x)[1])
    with pytest.raises(SymmeterError, match=r"^Sequential cannot be trained: no more$"):
        run(net, how)
    assert len(steps) == 3 and same(before, state(net))
