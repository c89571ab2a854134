"""Files in one folder stand for downloads."""

import pytest
from tests.helpers import check_refused

from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.local_weights import with_weights_from


def test_a_file_with_the_name_of_a_model_is_its_weights(tmp_path):
    for name in ("resnet18.a1_in1k.safetensors", "resnet34.pth", "own.pt"):
        (tmp_path / name).touch()
    entries = [
        Entry("timm:resnet18.a1_in1k"),
        Entry("torchvision:resnet34", name="r34"),
        Entry("timm:resnet50"),
        Entry("timm:resnet18.a1_in1k", weights="mine.pt"),
        Entry("timm:resnet34", untrained=True),
        Entry("nets.py:own"),
    ]
    found = [entry.weights for entry in with_weights_from(entries, tmp_path)]
    first, second = str(tmp_path / "resnet18.a1_in1k.safetensors"), str(tmp_path / "resnet34.pth")
    assert found == [first, second, None, "mine.pt", None, None]
    assert with_weights_from(entries, tmp_path)[1].label == "r34"


def test_mistakes_have_one_line(tmp_path):
    entries = [Entry("timm:resnet18.a1_in1k"), Entry("timm:resnet50")]
    words = "no file there for any of 2 models; they are named as resnet18.a1_in1k.safetensors"
    check_refused(words, with_weights_from, entries, tmp_path)
    check_refused("no such folder", with_weights_from, entries, tmp_path / "none")


@pytest.mark.parametrize("entries", [[], [Entry("nets.py:own")]])
def test_without_a_model_of_a_hub_nothing_is_looked_for(tmp_path, entries):
    assert with_weights_from(entries, tmp_path) == entries
