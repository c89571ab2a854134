"""Lists of models."""

import pytest
from tests.helpers import check_refused

from symmeter.models.hub import hubs
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.model_list import read_models


def test_names_wildcards_and_lists_make_one_list_without_repetitions(tmp_path):
    (tmp_path / "names.txt").write_text("timm:resnet18  # the small one\n\n# nothing\ntimm:resnet1?t\n")
    found = read_models([str(tmp_path / "names.txt"), "timm:resnet18", "torchvision:alexnet"], untrained=True)
    assert [e.model for e in found] == [
        "timm:resnet18",
        "timm:resnet10t",
        "timm:resnet14t",
        "torchvision:alexnet",
    ]
    assert all(e.untrained for e in found)


def test_wildcards_without_untrained_bring_models_that_have_weights():
    trained = {e.model for e in read_models("timm:resnet*")}
    assert "timm:resnet50" in trained and trained < {
        e.model for e in read_models("timm:resnet*", untrained=True)
    }


def test_a_csv_row_says_how_a_model_is_loaded_and_the_rest_are_tags(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"x")
    (tmp_path / "m.csv").write_text(
        "model,name,weights,model_kwargs,mean,std,img_size,layouts,year,untrained\n"
        "timm:vit_tiny_patch16_224,ours,w.pth,num_classes=7 qkv_bias=false,0.5 0.5 0.5,0.25,160,blocks.*=tokens(1+10x10),2020,\n"
        "torchvision:alexnet,,,,,,,,,yes\n"
    )
    first, second = read_models(str(tmp_path / "m.csv"))
    assert first == Entry(
        "timm:vit_tiny_patch16_224", "ours", str(tmp_path / "w.pth"), False, {"num_classes": 7, "qkv_bias": False}, None,
        {"blocks.*": "tokens(1+10x10)"}, options={"img_size": 160, "mean": (0.5, 0.5, 0.5), "std": 0.25}, tags={"year": "2020"},
    )  # fmt: skip
    assert second == Entry("torchvision:alexnet", untrained=True)


def test_a_yaml_list_has_names_and_rows(tmp_path):
    (tmp_path / "m.yaml").write_text(
        "- timm:resnet18\n- {model: timm:resnet34, untrained: true, model_kwargs: {num_classes: 3}, tier: a}\n"
    )
    first, second = read_models(str(tmp_path / "m.yaml"))
    assert first.model == "timm:resnet18" and second.model_kwargs == {"num_classes": 3}
    assert second.untrained and second.tags == {"tier": "a"}


def test_an_untrained_sweep_keeps_the_weights_that_rows_name():
    found = read_models([{"model": "timm:resnet18", "weights": "a.pth"}, "timm:resnet18"], untrained=True)
    assert [e.untrained for e in found] == [False, True]


@pytest.mark.parametrize(("text", "words"), [
    ("name\nx\n", "line 2: no column 'model'"),
    ("modell\ntimm:resnet18\n", "did you mean 'modell'?"),
    ("model,untrained\ntimm:resnet18,maybe\n", "line 2: untrained: 'maybe' is not true or false"),
    ("model,mean\ntimm:resnet18,grey\n", "line 2: mean: 'grey' is not a number"),
    ("model,domain\ntimm:resnet18,image\n", "line 2: unknown domain 'image'; did you mean 'images'?"),
    ("model,inputs\ntimm:resnet18,x=\n", "line 2: inputs 'x=': write leaf=word"),
    ("model\n", "no models given"),
])  # fmt: skip
def test_mistakes_in_a_list_name_file_and_row(tmp_path, text, words):
    (tmp_path / "m.csv").write_text(text)
    check_refused(words, read_models, str(tmp_path / "m.csv"))


@pytest.mark.parametrize(("models", "words"), [
    ("missing.csv", "missing.csv: cannot be read"),
    ("timm:resnt*", r"timm:resnt\*: no model has such a name"),
    ([3], "not int"),
    ([], "no models given"),
])  # fmt: skip
def test_mistakes_in_names(models, words):
    check_refused(words, read_models, models)


def test_yaml_that_is_no_list_is_refused(tmp_path):
    (tmp_path / "m.yaml").write_text("a: [")
    check_refused("not YAML", read_models, str(tmp_path / "m.yaml"))
    (tmp_path / "m.yaml").write_text("model: timm:resnet18")
    check_refused("write a list", read_models, str(tmp_path / "m.yaml"))


def test_a_row_says_how_the_symmetry_acts_on_inputs(tmp_path):
    (tmp_path / "m.csv").write_text('model,inputs\ntorchvision:alexnet,"x=image,y=scalars"\n')
    (entry,) = read_models(str(tmp_path / "m.csv"))
    assert entry.inputs == {"x": "image", "y": "scalars"} and not entry.tags
    (entry,) = read_models({"model": "torchvision:alexnet", "inputs": "image"})
    assert entry.inputs == "image"


def test_hubs_are_asked_once_for_all_lines_of_a_list(tmp_path, monkeypatch):
    asked = []

    def names(self, tagged=False, trained=False):
        asked.append((tagged, trained))
        return ["resnet18", "resnet34"]

    monkeypatch.setattr(type(hubs()["timm"]), "names", names)
    path = tmp_path / "models.txt"
    path.write_text("".join(f"timm:resnet{i}?\n" for i in (1, 3)) * 30)
    assert [entry.model for entry in read_models(str(path))] == ["timm:resnet18", "timm:resnet34"]
    assert asked == [(False, True)]
