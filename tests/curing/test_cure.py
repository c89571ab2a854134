"""The verb `cure`, end to end on networks whose faults are known."""

import json
import warnings
from dataclasses import replace

import pytest
import torch
from torch import nn

import symmeter
from symmeter.curing.finetuning import Finetuning
from symmeter.errors import SymmeterError
from symmeter.measuring.interrupt import Interrupted

X = torch.rand(16, 1, 17, 17, generator=torch.Generator().manual_seed(0))


def strided() -> nn.Sequential:
    """All of its error along translations is aliasing of one strided convolution."""
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 6, 3, stride=2), nn.Tanh()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)).eval()


def cured(net: nn.Module | None = None, **more) -> "symmeter.Cure":
    net = net or strided()
    given = {
        "symmetry": "translation_x",
        "output": "logits",
        "definition": "periodic",
        "remedies": "blur",
    } | more
    return symmeter.cure(net, (X, net(X).argmax(1)), **given)


@pytest.fixture(scope="module")
def found() -> "symmeter.Cure":
    return cured()


def test_the_ratio_is_that_of_two_measurements(found):
    row = found.rows[0]
    before, after = (
        symmeter.measure(net, X, "translation_x", output="logits", definition="periodic", control=False)
        .rows[0]
        .value
        for net in (strided(), found.model)
    )
    assert row.ratio == pytest.approx(after / before, rel=1e-6)
    assert (row.error_before, row.error) == (pytest.approx(before), pytest.approx(after))
    assert row.ratio_low < row.ratio < row.ratio_high < 1


def test_what_helps_is_recommended_with_its_price(found):
    assert found.chosen == 0
    assert found.rows[0].verdict == "smaller error"
    assert found.recommendation.startswith("Recommended: blur at 0: the error of translation_x to ")
    assert "accuracy +0.0 points" in found.recommendation or found.rows[0].accuracy_change
    assert found.rows[0].operations >= 1 and found.rows[0].passes > 0


def test_the_prediction_is_near_what_is_measured_where_one_layer_makes_all(found):
    row = found.rows[0]
    assert row.predicted == pytest.approx(row.ratio, rel=0.5)


def test_the_network_is_left_as_it_was():
    net = strided().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    state = torch.get_rng_state()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cured(net)
    assert net.training and all(module.training for module in net.modules())
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in net.modules())


def test_a_network_without_the_fault_gets_no_recommendation():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, padding_mode="circular"), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    result = cured(net.eval())
    assert result.chosen is None and not result.rows
    assert result.recommendation.startswith("Recommended: nothing")
    assert result.model is not None
    with pytest.raises(SymmeterError, match="recommends nothing"):
        symmeter.remedied(net, result)


def test_saved_and_made_again(found, tmp_path):
    folder = found.save(tmp_path / "cured")
    made = symmeter.remedied(strided(), folder)
    assert torch.equal(made(X), found.model(X))
    content = json.loads((folder / "cure.json").read_text())
    assert content["schema"] == "symmeter.curing.cure/1" and content["chosen"] == 0
    assert content["recipes"] == [[{"remedy": "blur", "places": ["0"]}]]
    assert content["rows"][0]["ratio"] == found.rows[0].ratio


def test_weights_that_do_not_fit_are_refused_by_name(found, tmp_path):
    folder = found.save(tmp_path / "cured")
    other = nn.Sequential(nn.Conv2d(1, 5, 3, stride=2), nn.Flatten())
    with pytest.raises(SymmeterError, match=r"weights\.pth"):
        symmeter.remedied(other, folder)
    with pytest.raises(SymmeterError, match="no part"):
        symmeter.remedied(nn.Flatten(), folder)
    with pytest.raises(SymmeterError, match="no saved cure"):
        symmeter.remedied(other, tmp_path / "nothing")


def test_mistakes_are_one_line():
    with pytest.raises(SymmeterError, match="unknown remedy 'blurr'; did you mean 'blur'"):
        cured(remedies="blurr")
    with pytest.raises(SymmeterError, match=r"no nn\.Module"):
        symmeter.cure(lambda x: x.mean((-2, -1)), X, "translation_x", output="logits")
    with pytest.raises(SymmeterError, match="loss is -1"):
        cured(loss=-1)


def test_a_function_around_a_network_cannot_be_copied_and_says_so():
    net = strided()
    result = cured(lambda x: net(x))
    assert [row.failed for row in result.rows] and "cannot be copied" in result.rows[0].failed
    assert result.chosen is None


def test_a_sample_that_gives_no_number_costs_the_others_nothing():
    class Picky(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = strided()

        def forward(self, x):
            return self.net(x) + torch.where(x[:, 0, 0, 0] > 2, torch.nan, 0.0)[:, None]

    x = X.clone()
    x[5, 0, 0, 0] = 3.0
    given = {"output": "logits", "definition": "periodic", "remedies": "blur"}
    with pytest.warns(symmeter.SymmeterWarning):
        result = symmeter.cure(Picky().eval(), x, "translation_x", **given)
    assert result.status == "partial" and result.rows[0].n == 15
    assert result.rows[0].predicted == pytest.approx(result.rows[0].ratio, rel=2)


@pytest.mark.parametrize("stop", [Interrupted(None), KeyboardInterrupt()], ids=["measuring", "between"])
def test_ctrl_c_keeps_what_was_tried(monkeypatch, stop):
    from symmeter.curing.trials import Trials

    calls: list[nn.Module] = []

    def cost(self, model):
        calls.append(model)
        if len(calls) > 1:
            raise stop
        return original(self, model)

    original = Trials._cost
    monkeypatch.setattr(Trials, "_cost", cost)
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(1, 6, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(6, 6, 3, stride=2, padding=1),
        nn.Tanh(),
    ]
    net = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    with pytest.raises(Interrupted) as caught:
        cured(net)
    assert caught.value.result.status == "partial"
    assert len(caught.value.result.rows) == 1


def normed() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [
        nn.Conv2d(1, 6, 3, stride=2),
        nn.BatchNorm2d(6),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
    ]
    return nn.Sequential(*layers, nn.Linear(6, 3)).eval()


def test_batch_norm_of_a_changed_network_gets_new_statistics_and_these_alone_have_a_row():
    result = cured(normed())
    alone, blurred = result.rows
    assert (alone.remedy, alone.recalibrated, alone.predicted) == ("no remedy", True, None)
    assert (blurred.remedy, blurred.recalibrated) == ("blur", True)
    (kept,) = cured(normed(), recalibrate=False).rows
    assert (kept.remedy, kept.recalibrated) == ("blur", False)
    assert kept.error_before == blurred.error_before and kept.error != pytest.approx(blurred.error, rel=0.1)


def test_the_best_remedy_is_trained_on_beside_the_network_as_it_was(tmp_path):
    net = strided()
    result = cured(net, finetune=Finetuning((X, net(X).argmax(1)), epochs=2, batch_size=8))
    assert [(row.remedy, row.finetuned) for row in result.rows] == [
        ("blur", False),
        ("no remedy", True),
        ("blur", True),
    ]
    assert set(result.finetuning) == {1, 2} and result.finetuning[2]["steps"] == 4
    trained = result.rows[2]
    assert trained.ratio != result.rows[0].ratio
    folder = result.save(tmp_path / "cured")
    assert json.loads((folder / "cure.json").read_text())["finetuning"]["1"]["steps"] == 4
    assert torch.equal(symmeter.remedied(strided(), folder)(X), result.model(X))


def test_it_shows_itself(found):
    text = str(found)
    assert "remedies for Sequential, translation_x" in text and "* blur 0" in text
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "<table" in found._repr_html_()
    assert found["blur"].remedy == "blur"
    assert list(found.to_pandas()["remedy"]) == ["blur"]
    assert found.plot().get_ylabel() == "error, with / without"


def test_a_table_says_nothing_of_accuracy_without_labels_and_little_of_what_is_many_times_worse(found):
    assert "accuracy: change in points" in str(found)
    bare = symmeter.cure(strided(), X, "translation_x", "logits", "periodic", remedies="blur")
    assert "change in points" not in str(bare) and "accuracy not known" in str(bare)
    worse = replace(found, rows=(replace(found.rows[0], ratio=4633.0, ratio_low=0.0, ratio_high=50461.0),))
    assert "4633 times" in str(worse) and "[0 5046100]" not in str(worse)


def test_from_the_command_line(tmp_path, monkeypatch, capsys):
    from symmeter.cli.app import main

    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(
        "import torch\nfrom torch import nn\n\n\ndef build():\n    torch.manual_seed(0)\n"
        "    layers = [nn.Conv2d(3, 4, 3, stride=2), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]\n"
        "    return nn.Sequential(*layers)\n"
    )
    command = ["cure", "net.py:build", "builtin:photos", "--symmetry", "translation_x", "--output", "logits",
               "--img-size", "32", "--mean", "0", "--std", "1", "--remedies", "blur", "--quiet"]  # fmt: skip
    assert main([*command, "--out", "cured", "--plot", "cure.png"]) == 0
    assert "Recommended" in capsys.readouterr().out
    assert (tmp_path / "cured" / "cure.json").is_file() and (tmp_path / "cure.png").is_file()
    assert main([*command[:-3], "--remedies", "nothing"]) == 2
    assert "unknown remedy 'nothing'" in capsys.readouterr().err
