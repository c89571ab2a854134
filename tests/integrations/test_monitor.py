"""What callbacks share: when it is time, what a measurement is called, and that it harms nothing."""

import math
import warnings

import pytest
import torch
from torch import nn

import symmeter
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.integrations.monitor import Monitor, scalars

SETTINGS = {"symmetry": "rotation", "output": "softmax"}


def images(n=9):
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(144, 3))


def test_every_n_epochs():
    assert [epoch for epoch in range(1, 8) if Monitor(images(), SETTINGS, 3).due(epoch)] == [3, 6]


def test_values_are_those_of_measure_and_nothing_is_said_of_train_mode():
    monitor, net = Monitor(images(), SETTINGS), network().train()
    state, random = {name: value.clone() for name, value in net.state_dict().items()}, torch.get_rng_state()
    found = monitor.values(1, net)
    assert all(module.training for module in net.modules()) and torch.equal(random, torch.get_rng_state())
    assert all(torch.equal(value, state[name]) for name, value in net.state_dict().items())
    (row,) = symmeter.measure(net.eval(), images(), **SETTINGS).rows
    assert (
        found
        == {
            "symmetry/rotation": row.value,
            "symmetry/rotation_low": row.interval_low,
            "symmetry/rotation_high": row.interval_high,
            "symmetry/rotation_stability": row.stability,
        }
        and monitor.results[1].rows[0].value == row.value
    )


def test_numbers_that_are_not_there_are_left_out():
    with pytest.warns(SymmeterWarning, match="one image"):
        result = symmeter.measure(network().eval(), images(1), "rotation,C4", measure="lee,geed,consistency")
    assert set(scalars(result)) == {
        "symmetry/lee/rotation",
        "symmetry/geed(kl)/C4",
        "symmetry/consistency/C4",
    }


def test_an_end_that_is_not_set_is_infinite():
    one, rest = 5 * images(1), 0.01 * images(12)[1:]  # one carries all
    result = symmeter.measure(lambda x: x[:, :, 3, 3], torch.cat([one, rest]), "rotation", output="logits")
    assert result.rows[0].interval_high is None and result.rows[0].interval_low is not None
    assert scalars(result)["symmetry/rotation_high"] == math.inf


def test_a_note_is_said_once():
    monitor = Monitor(images(1), SETTINGS)
    with pytest.warns(SymmeterWarning, match="one image"):
        monitor.values(1, network())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert monitor.values(2, network())


def test_after_an_error_the_model_is_as_it_was():
    net, random = network().train(), torch.get_rng_state()
    small = images()[..., :4]
    with pytest.warns(
        SymmeterWarning, match="epoch 3: no symmetry was measured: the model cannot be measured"
    ):
        assert Monitor(small, SETTINGS).values(3, net) == {}
    assert all(module.training for module in net.modules()) and torch.equal(random, torch.get_rng_state())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())
    with pytest.raises(SymmeterError, match="cannot be measured"):
        Monitor(small, SETTINGS, on_error="raise").values(3, net)


def test_ctrl_c_ends_the_training():
    class Stopping(nn.Module):
        def forward(self, x):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Monitor(images(), SETTINGS).values(1, Stopping())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"symmetry": "rotaton"}, "did you mean 'rotation'"),
        ({"output": "softmaxx:"}, "softmaxx"),
        ({"measure": "geed"}, "needs a group"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"definition": "bilinar"}, "did you mean 'bilinear'"),
        ({"paddin": "zeros"}, "paddin"),
    ],
)
def test_settings_that_mean_nothing_are_refused_at_once(settings, message):
    with pytest.raises(SymmeterError, match=message):
        Monitor(images(), SETTINGS | settings)
