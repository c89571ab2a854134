"""Accuracy of class folders: of the right classes, or of none, with one line that says why."""

import json
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from tests.helpers import check_refused
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision.datasets import ImageFolder

import symmeter
from symmeter.cli.app import main

STEP = 20  # between the grays of two folders


class Grays(nn.Module):
    """Says class `found[k]` of `outputs` of an image of gray k STEP."""

    def __init__(self, outputs, found, id2label=None):
        super().__init__()
        self.outputs, self.found = outputs, torch.tensor(found)
        if id2label is not None:
            self.config = SimpleNamespace(id2label=id2label)
        self.eval()

    def forward(self, x):
        kind = (x.mean((1, 2, 3)) * 255 / STEP).round().long().clamp(0, len(self.found) - 1)
        return 4.0 * nn.functional.one_hot(self.found[kind], self.outputs) + 0 * x.mean((2, 3))[:, :1]


@pytest.fixture
def folders(tmp_path):
    def make(*names, labels=False):
        place = tmp_path / "-".join(names)
        for k, name in enumerate(names):
            (place / ("" if labels else name)).mkdir(parents=True, exist_ok=True)
            for i in range(2):
                file = f"{name}{i}.png" if labels else f"{name}/{i}.png"
                gray = np.broadcast_to(np.arange(6)[:, None], (6, 6, 3)) + STEP * k + i
                Image.fromarray(gray.astype(np.uint8)).save(place / file)
        if labels:
            rows = [f"{name}{i}.png,{name}" for name in names for i in range(2)]
            (place / "labels.csv").write_text("\n".join(["file,label", *rows]))
        return place

    return make


def accuracy(model, data, **options):
    options = {"measure": "consistency", "progress": False, "output": "logits", "control": False} | options
    return symmeter.measure(model, data, "hflip", **options).header["accuracy"]


def no_accuracy(words, model, data, **options):
    with pytest.warns(match=words):
        assert accuracy(model, data, **options) is None


def test_as_many_folders_as_outputs_are_in_the_order_of_the_alphabet(folders):
    found = accuracy(Grays(3, [0, 1, 0]), folders("cat", "dog", "eel"))
    assert found["top1"] == pytest.approx(2 / 3) and found["n"] == 6 and found["standard_error"] > 0
    assert found["order"] == "the order of the classes in the data"


def test_fewer_folders_than_outputs_have_no_accuracy(folders):
    animals = folders("cat", "dog", "eel")
    words = (
        r"no accuracy: the data has 3 classes \(cat, dog, eel\) and the model 1000 outputs: .*--classes FILE"
    )
    for data in (
        animals,
        ImageFolder(animals),
        DataLoader(ImageFolder(animals), batch_size=None),
    ):
        no_accuracy(words.replace("cat, dog, eel", ".*"), Grays(1000, [1, 2, 3]), data)
    check_refused(words, accuracy, Grays(1000, [1, 2, 3]), animals, measure="orbit_accuracy")
    with pytest.warns(match=words):
        result = symmeter.measure(Grays(1000, [1, 2, 3]), animals, "rotation", control=False, progress=False)
    assert result.header["accuracy"] is None


def test_names_in_a_table_are_classes_as_folders_are(folders):
    place = folders("ant", "bee", "cow", labels=True)
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        assert accuracy(Grays(9, [7, 3, 5]), place) is None
    assert any("no accuracy: the data has 3 classes (ant, bee, cow)" in str(one.message) for one in found)
    with pytest.warns(match="3 label names numbered from 0"):
        assert accuracy(Grays(9, [7, 3, 5]), place, classes={"ant": 7, "bee": 3, "cow": 5})["top1"] == 1


def test_wordnet_ids_are_those_of_imagenet(folders):
    place = folders("n01440764", "n02099601", "n02123045")
    found = accuracy(Grays(1000, [0, 207, 281]), place)
    assert (found["top1"], found["order"]) == (1.0, "the order of ImageNet-1k")
    no_accuracy("no accuracy", Grays(21841, [0, 207, 281]), place)
    no_accuracy("no accuracy", Grays(1000, [0, 207, 281]), folders("n01440764", "n99999999"))


def test_the_model_s_own_names_come_before_the_alphabet(folders):
    place = folders("cat", "dog", "eel")
    own = Grays(3, [2, 0, 1], {0: "Dog, hound", 1: "eel", 2: "cat"})
    assert accuracy(own, place)["order"] == "the model's id2label" and accuracy(own, place)["top1"] == 1
    assert accuracy(Grays(3, [0, 1, 2], {i: f"LABEL_{i}" for i in range(3)}), place)["top1"] == 1
    assert accuracy(own, ImageFolder(place))["top1"] == 1


@pytest.mark.parametrize("order", [
    {"cat": 7, "dog": 3, "eel": 5},
    {"7": ["n1", "cat"], "3": "dog", "5": "eel"},
    {7: "cat", 3: "dog", 5: "eel"},
    ["a", "b", "c", "dog", "d", "eel", "e", "cat"],
])  # fmt: skip
def test_the_order_that_the_user_says(folders, order, tmp_path):
    place, model = folders("cat", "dog", "eel"), Grays(9, [7, 3, 5])
    (tmp_path / "order.json").write_text(json.dumps(order))
    for data in (place, ImageFolder(place), Subset(ImageFolder(place), range(6))):
        assert accuracy(model, data, classes=order)["top1"] == 1
    for measure in ("orbit_accuracy", "worst_accuracy"):
        result = symmeter.measure(model, place, "hflip", measure, "logits", classes=order, progress=False)
        assert result.rows[0].value == 1
    assert accuracy(model, place, classes=str(tmp_path / "order.json"))["order"] == "classes order.json"


def test_what_an_order_lacks_is_one_line(folders):
    place, model = folders("cat", "dog"), Grays(5, [0, 1])
    check_refused(
        "classes: no class 'dog'; did you mean 'dgo'", accuracy, model, place, classes=["cat", "dgo"]
    )
    check_refused(
        "'dog' is number 9, and the model has 5 outputs", accuracy, model, place, classes={"cat": 0, "dog": 9}
    )
    check_refused("has no names of classes", accuracy, model, torch.rand(3, 3, 6, 6), classes=["cat"])
    check_refused("classes is 3; give a list", accuracy, model, place, classes=3)


def test_folders_that_are_numbers_are_numbers_unless_they_are_names(folders):
    place = folders("1", "2", "4")
    assert accuracy(Grays(7, [1, 2, 4]), place)["top1"] == 1
    assert accuracy(Grays(7, [0, 1, 3]), place, classes={"1": 0, "2": 1, "4": 3})["top1"] == 1
    no_accuracy("labels go up to 4 but the model has 3 outputs", Grays(3, [0, 1, 2]), place)


def test_on_the_command_line(folders, tmp_path, monkeypatch, capsys):
    place = folders("cat", "dog", "eel")
    monkeypatch.chdir(tmp_path)
    code = "from tests.measuring.test_class_numbers import Grays\nbuild = lambda: Grays(9, [7, 3, 5])\n"
    (tmp_path / "net.py").write_text(code)
    (tmp_path / "c.json").write_text('{"cat": 7, "dog": 3, "eel": 5}')
    words = [
        "measure",
        "net.py:build",
        str(place),
        "--symmetry",
        "hflip",
        "--output",
        "logits",
        "--json",
        "-",
    ]
    assert main([*words, "--classes", "c.json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"]["top1"] == 1
    assert main([*words, "--classes", "none.json"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
