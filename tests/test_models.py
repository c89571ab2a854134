"""Models: every form of a name, what is told of each, and one line for every mistake."""

import json
import sys
import textwrap
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from symmeter.data import open_data
from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.models import LoadedModel, OnnxModel, describe, list_models, load_model, parse_model_kwargs
from symmeter.preprocessing import Preprocessing

NETS = """
    import torch
    from torch import nn
    from helpers import WIDTH

    def build(width=WIDTH, train=True):
        return nn.Sequential(nn.Flatten(), nn.Linear(12, width), nn.Dropout()).train(train)

    ready = nn.Linear(2, 2)

    def fails():
        raise KeyError("no such thing\\nand more")

    def number():
        return 3

    def leaves():
        raise SystemExit(2)

    SIZE = 3
"""


@pytest.fixture
def nets(tmp_path):
    (tmp_path / "nets.py").write_text(textwrap.dedent(NETS))
    (tmp_path / "helpers.py").write_text("WIDTH = 5")
    return str(tmp_path / "nets.py")


def refused(words, *args, **kwargs):
    with pytest.raises(SymmeterError, match=words) as caught:
        load_model(*args, **kwargs)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_untrained_timm_is_seeded_in_eval_mode_and_leaves_the_generator_alone():
    before = torch.get_rng_state()
    first = load_model("timm:test_resnet", untrained=True, seed=3, model_kwargs={"num_classes": 7})
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(5)
    again = load_model("timm:test_resnet", untrained=True, seed=3, model_kwargs={"num_classes": 7})
    other = load_model("timm:test_resnet", untrained=True, seed=4, model_kwargs={"num_classes": 7})
    assert not first.model.training
    assert first.name == "timm:test_resnet"
    assert torch.equal(first.model.conv1[0].weight, again.model.conv1[0].weight)
    assert not torch.equal(first.model.conv1[0].weight, other.model.conv1[0].weight)
    assert first.info["family"] == "resnet"
    assert first.info["weights"] == "untrained"
    assert first.info["seed"] == 3
    assert first.info["num_classes"] == 7
    assert first.info["parameters"] == sum(p.numel() for p in first.model.parameters())
    assert json.loads(json.dumps(first.info)) == first.info
    assert first.preprocessing.size == (160, 160)


def test_timm_with_another_size_and_channel_count():
    kwargs = {"img_size": 64, "in_chans": 1}
    loaded = load_model("timm:test_vit.r160_in1k", untrained=True, model_kwargs=kwargs)
    assert loaded.preprocessing.size == (64, 64)
    assert loaded.preprocessing.channels == 1
    assert loaded.model(torch.zeros(1, 1, 64, 64)).shape == (1, 1000)


def test_weights_from_a_file_are_loaded_and_named(tmp_path):
    source = load_model("timm:test_resnet", untrained=True, seed=9).model
    path = tmp_path / "own.pth"
    torch.save({"state_dict": source.state_dict()}, path)
    loaded = load_model("timm:test_resnet", weights=str(path))
    x = torch.rand(1, 3, 64, 64)
    assert torch.equal(loaded.model(x), source(x))
    assert loaded.info["weights"].startswith("own.pth sha256:")
    assert "seed" not in loaded.info


def test_untrained_torchvision_and_its_preset():
    loaded = load_model("torchvision:shufflenet_v2_x0_5", untrained=True, model_kwargs={"num_classes": 4})
    assert not loaded.model.training
    assert loaded.model(torch.zeros(1, 3, 64, 64)).shape == (1, 4)
    assert loaded.preprocessing == Preprocessing.from_torchvision("shufflenet_v2_x0_5")
    assert (loaded.info["family"], loaded.info["num_classes"]) == ("torchvision", 4)


def test_torchvision_networks_that_ask_how_to_start_are_not_asked():
    loaded = load_model("torchvision:googlenet", untrained=True, model_kwargs={"aux_logits": False})
    assert loaded.info["weights"] == "untrained"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("timm:test_resnt", "unknown model 'timm:test_resnt'; did you mean 'timm:test_resnet"),
        (
            "timm:resnet50.a9_in1k",
            "unknown model 'timm:resnet50.a9_in1k'; did you mean 'timm:resnet50.ra_in1k'",
        ),
        ("timm:qqqqqqqqqqqqqqqqqqqq", "`symmeter list models` names them all"),
        ("timm:botnet50ts_256", "timm has no pretrained weights for it; pass --weights FILE, or --untrained"),
        (
            "timm:test_resnet",
            r"could not be downloaded \(no network\?\); pass --weights FILE, or --untrained",
        ),
        ("hf:nobody/nothing", r"could not be downloaded \(no network\?\); check the name, or give a local"),
        ("hf:/no/such/folder", "no such folder"),
        ("torchvision:resnt18", "did you mean 'torchvision:resnet18'"),
        ("torchvision:resnet18.V9", "unknown model 'torchvision:resnet18.V9'"),
        (
            "keras:resnet50",
            "MODEL is timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable",
        ),
        ("tim:resnet50", r"MODEL is timm:NAME.*did you mean 'timm:resnet50'\?"),
        ("resnet50", r"MODEL is timm:NAME.*did you mean 'timm:resnet50'\?"),
        ("regnet_y_128gf", r"did you mean 'torchvision:regnet_y_128gf'\?"),
        ("", "MODEL is timm:NAME"),
        (":", "MODEL is timm:NAME"),
        ("..x:y", "MODEL is timm:NAME"),
        ("nothing.onnx", "nothing.onnx: no such file"),
        ("nothing.py:build", "no such file nothing.py"),
        ("torch.nn:Lineal", "no 'Lineal' in torch.nn"),
    ],
)
def test_wrong_names_give_one_line(spec, words):
    refused(words, spec)


def test_torchvision_without_a_network_gives_one_line(monkeypatch, tmp_path, capsys):
    import urllib.error
    import urllib.request

    def unreachable(*_args, **_kwargs):
        raise urllib.error.URLError(OSError("no route"))

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    refused(r"could not be downloaded \(no network\?\); pass --weights FILE", "torchvision:squeezenet1_1")


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ({"weights": "w.pth"}, "weights w.pth: no such file"),
        ({"weights": "w.pth", "untrained": True}, "contradict each other"),
        ({"untrained": True, "model_kwargs": {"foo": 1}}, "timm:test_resnet: TypeError: .*'foo'"),
        (
            {"model_kwargs": {"pretrained": True}},
            "--model-kwargs pretrained: say --weights FILE or --untrained",
        ),
    ],
)
def test_wrong_options_give_one_line(kwargs, words):
    refused(words, "timm:test_resnet", **kwargs)


def test_missing_extras_are_named(monkeypatch):
    for package, extra in (("timm", "vision"), ("torchvision", "vision"), ("transformers", "hf")):
        monkeypatch.setitem(sys.modules, package, None)
        prefix = "hf" if package == "transformers" else package
        refused(rf"{package} is not installed: pip install 'symmeter\[{extra}\]'", f"{prefix}:anything")


def test_a_callable_from_a_file(nets):
    before, path = torch.get_rng_state(), list(sys.path)
    loaded = load_model(f"{nets}:build", model_kwargs={"width": 6})
    assert torch.equal(before, torch.get_rng_state())
    assert sys.path[: len(path)] == path
    assert loaded.model[1].weight.shape == (6, 12)
    assert loaded.model.training
    assert loaded.preprocessing == Preprocessing.unknown()
    assert loaded.info["family"] == "callable"
    assert loaded.info["weights"] == "as built"
    again = load_model(f"{nets}:build", model_kwargs={"width": 6})
    assert torch.equal(loaded.model[1].weight, again.model[1].weight)
    assert not load_model(f"{nets}:build", model_kwargs={"train": False}).model.training


def test_a_relative_file_a_ready_network_and_a_package(nets, monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(Path(nets).parent)
    assert isinstance(load_model("nets.py:ready").model, nn.Linear)
    assert isinstance(
        load_model("torch.nn:Linear", model_kwargs={"in_features": 2, "out_features": 3}).model, nn.Linear
    )
    Path("mine").mkdir()
    Path("mine/nets.py").write_text("from torch import nn\ndef tiny():\n    return nn.Identity()\n")
    assert isinstance(load_model("mine.nets:tiny").model, nn.Identity)


def test_two_files_may_have_helpers_of_the_same_name(nets, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "nets.py").write_text(textwrap.dedent(NETS))
    (other / "helpers.py").write_text("WIDTH = 9")
    assert load_model(f"{nets}:build").model[1].out_features == 5
    assert load_model(f"{other}/nets.py:build").model[1].out_features == 9
    assert load_model(f"{nets}:build").model[1].out_features == 5


def test_a_changed_file_is_read_anew(tmp_path):
    path = tmp_path / "net.py"
    for width in (3, 4):
        path.write_text(f"from torch import nn\ndef build():\n    return nn.Linear(2, {width})\n")
        assert load_model(f"{path}:build").model.out_features == width


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (":bild", "no 'bild' in .*nets.py; it has build, fails, number, leaves"),
        ("", "write .*nets.py:CALLABLE; it has build"),
        (":", "write .*nets.py:CALLABLE; it has build"),
        (":fails", r"KeyError at nets.py:\d+: 'no such thing"),
        (":leaves", r"SystemExit at nets.py:\d+: 2"),
        (":number", "it must return an nn.Module, not int"),
        (":SIZE", "TypeError"),
    ],
)
def test_wrong_callables_give_one_line(nets, name, words):
    refused(words, nets + name)


def test_a_ready_network_takes_no_arguments(nets):
    refused("it is a network already", f"{nets}:ready", model_kwargs={"width": 3})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def build(:", "SyntaxError"),
        (
            "import nothing_of_the_kind",
            "ModuleNotFoundError at net.py:1: No module named 'nothing_of_the_kind'",
        ),
        ("raise ValueError('deep')", "ValueError at net.py:1: deep"),
    ],
)
def test_files_that_do_not_import_give_one_line(tmp_path, text, words):
    (tmp_path / "net.py").write_text(text)
    refused(words, f"{tmp_path}/net.py:build")


def test_weights_for_a_callable(nets, tmp_path):
    path = tmp_path / "w.pth"
    weights = load_model(f"{nets}:build", seed=5).model.state_dict()
    torch.save(weights, path)
    loaded = load_model(f"{nets}:build", weights=str(path))
    assert torch.equal(loaded.model[1].weight, weights["1.weight"])
    assert loaded.model.training
    weights["1.bias"][0] = float("nan")
    torch.save(weights, path)
    with pytest.warns(SymmeterWarning, match="NaN or infinite"):
        load_model(f"{nets}:build", weights=str(path))
    refused("do not fit Sequential", f"{nets}:build", weights=str(path), model_kwargs={"width": 8})


def tiny_vit():
    from transformers import ViTConfig

    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 16, "image_size": 16, "patch_size": 8, "num_labels": 5}
    return ViTConfig(**sizes)


def test_hf_from_a_local_folder(tmp_path, capsys):
    from transformers import ViTForImageClassification, ViTImageProcessor
    from transformers.utils import logging

    source = ViTForImageClassification(tiny_vit()).eval()
    source.save_pretrained(tmp_path)
    ViTImageProcessor(size={"height": 16, "width": 16}).save_pretrained(tmp_path)
    capsys.readouterr()
    level = logging.get_verbosity()
    before = torch.get_rng_state()
    loaded = load_model(f"hf:{tmp_path}")
    assert torch.equal(before, torch.get_rng_state())
    assert logging.get_verbosity() == level
    assert capsys.readouterr() == ("", "")
    x = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(loaded.model(x)["logits"], source(x).logits)
    assert not loaded.model.training
    assert (loaded.info["family"], loaded.info["num_classes"]) == ("hf", 5)
    assert loaded.preprocessing.size == (16, 16)
    assert loaded.preprocessing.mean == (0.5, 0.5, 0.5)
    untrained = load_model(f"hf:{tmp_path}", untrained=True, model_kwargs={"num_labels": 3})
    assert untrained.model(x)["logits"].shape == (2, 3)
    assert untrained.info["weights"] == "untrained"
    refused("its config knows no such setting", f"hf:{tmp_path}", model_kwargs={"nonsense": 3})


def test_hf_without_a_classifier_gets_no_random_one(tmp_path):
    from transformers import ViTModel

    ViTModel(tiny_vit(), add_pooling_layer=False).save_pretrained(tmp_path)
    loaded = load_model(f"hf:{tmp_path}")
    assert loaded.model(torch.rand(2, 3, 16, 16))["last_hidden_state"].shape == (2, 5, 16)
    assert "num_classes" not in loaded.info


def test_hf_with_files_missing_gives_one_line(tmp_path):
    from safetensors.torch import load_file, save_file
    from transformers import BertConfig, BertModel, ViTForImageClassification

    refused("no config.json in this folder", f"hf:{tmp_path}")
    ViTForImageClassification(tiny_vit()).save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights.pop("classifier.weight")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    refused(r"its files lack 1 weights \(classifier.weight", f"hf:{tmp_path}")
    (tmp_path / "model.safetensors").unlink()
    refused("no file named model.safetensors.*pass --weights FILE, or --untrained", f"hf:{tmp_path}")
    words: dict[str, Any] = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
    }
    BertModel(BertConfig(vocab_size=10, **words)).save_pretrained(tmp_path)
    refused("this network takes input_ids, not images", f"hf:{tmp_path}")


def test_hf_runs_no_code_of_a_folder(tmp_path):
    config = {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    mark = tmp_path / "it ran"
    (tmp_path / "evil.py").write_text(f"open({str(mark)!r}, 'w')")
    refused("ValueError", f"hf:{tmp_path}")
    assert not mark.exists()


def onnx_file(path, kind="FLOAT", shape=("N", 3, 4, 4), extra_input=False, mark=False):
    """y = 2 mean(x) over the grid, z = x, and (with mark) an integer output first."""
    import onnx
    from onnx import TensorProto, helper

    code = getattr(TensorProto, kind)
    axes = (1, 2) if shape[-1] == 3 else (2, 3)
    nodes = [
        helper.make_node("ReduceMean", ["x", "axes"], ["m"], keepdims=0),
        helper.make_node("Mul", ["m", "two"], ["y"]),
        helper.make_node("Identity", ["x"], ["z"]),
    ]
    outputs = [helper.make_tensor_value_info(n, code, None) for n in ("y", "z")]
    if mark:
        nodes.append(helper.make_node("Shape", ["x"], ["s"]))
        outputs.insert(0, helper.make_tensor_value_info("s", TensorProto.INT64, None))
    inputs = [helper.make_tensor_value_info("x", code, list(shape))]
    if extra_input:
        nodes.append(helper.make_node("Identity", ["x2"], ["y2"]))
        inputs.append(helper.make_tensor_value_info("x2", code, [1]))
    constants = [
        helper.make_tensor("two", code, [], [2.0]),
        helper.make_tensor("axes", TensorProto.INT64, [2], axes),
    ]
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return str(path)


@pytest.mark.parametrize("batch", ["N", 1, 3])
@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE"])
def test_onnx_computes_in_its_own_dtype_and_batch(tmp_path, kind, batch):
    path = onnx_file(tmp_path / "net.onnx", kind, (batch, 3, 4, 4), mark=True)
    loaded = load_model(path)
    x = torch.rand(7, 3, 4, 4, dtype=torch.float64)
    y = loaded.model(x)
    assert y.dtype == loaded.model.dtype == (torch.float32 if kind == "FLOAT" else torch.float64)
    torch.testing.assert_close(y.double(), 2 * x.mean((2, 3)), rtol=1e-6, atol=1e-6)
    assert loaded.model.input_size == loaded.preprocessing.size == (4, 4)
    assert loaded.model.output_names == ("s", "y", "z")
    assert loaded.info["output"] == "y"
    assert loaded.info["family"] == "onnx"
    assert loaded.info["weights"].startswith("net.onnx sha256:")
    assert describe(loaded.model).info == loaded.info
    z = load_model(path, model_kwargs={"output": "z"}).model(x)
    torch.testing.assert_close(z.double(), x, rtol=1e-6, atol=1e-6)


def test_onnx_with_an_open_size_and_with_channels_last(tmp_path):
    open_size = OnnxModel(onnx_file(tmp_path / "a.onnx", shape=("N", 3, "H", "W")))
    assert open_size.input_size is None
    assert open_size(torch.ones(2, 3, 5, 6)).tolist() == [[2.0] * 3] * 2
    last = OnnxModel(onnx_file(tmp_path / "b.onnx", shape=(1, 6, 5, 3)))
    assert (last.input_size, last.preprocessing.channels) == ((6, 5), 3)
    x = torch.rand(2, 3, 6, 5)
    torch.testing.assert_close(last(x), 2 * x.mean((2, 3)))


def test_wrong_onnx_files_give_one_line(tmp_path):
    path = onnx_file(tmp_path / "net.onnx")
    refused("drop --weights and --untrained", path, untrained=True)
    refused("drop --weights and --untrained", path, weights="w.pth")
    refused("an ONNX file knows only output=NAME", path, model_kwargs={"foo": 1})
    refused("no output 'q'; choose from y, z", path, model_kwargs={"output": "q"})
    refused("one floating point", onnx_file(tmp_path / "two.onnx", extra_input=True))
    refused("one floating point", onnx_file(tmp_path / "int.onnx", kind="INT32", shape=("N", 3, 4, 4)))
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    refused("not a readable ONNX file", f"{tmp_path}/bad.onnx")
    with pytest.raises(SymmeterError, match=r"on input \(1, 3, 9, 9\)"):
        OnnxModel(path)(torch.zeros(1, 3, 9, 9))


def test_describe():
    import timm

    plain = describe(nn.Linear(2, 3))
    assert (plain.name, plain.info["parameters"], plain.info["family"]) == ("Linear", 9, "callable")
    assert plain.preprocessing == Preprocessing.unknown()
    assert describe(plain) is plain
    assert describe(torch.relu).name == "relu"
    assert describe(torch.relu).info["parameters"] is None
    known = describe(timm.create_model("test_resnet"))
    assert known.preprocessing.size == (160, 160)
    assert known.info["family"] == "resnet"
    assert known.model.training
    assert isinstance(known, LoadedModel)
    with pytest.raises(SymmeterError, match="not int"):
        describe(3)


def test_parse_model_kwargs():
    items = [
        "a=1",
        "b=0.5",
        "c=True",
        "d=NONE",
        "e=avg",
        "f=(1, 2)",
        "g=[1,",
        "h=",
        "i=x=y",
        "j='1'",
        "k=false",
    ]
    expected = {
        "a": 1,
        "b": 0.5,
        "c": True,
        "d": None,
        "e": "avg",
        "f": (1, 2),
        "g": "[1,",
        "h": "",
        "i": "x=y",
    }
    assert parse_model_kwargs(items) == expected | {"j": "1", "k": False}
    assert parse_model_kwargs(None) == {}


@pytest.mark.parametrize("items", [["width"], ["=3"], ["a b=3"], ["a=1", "a=2"]])
def test_malformed_model_kwargs_give_one_line(items):
    with pytest.raises(SymmeterError, match=r"^--model-kwargs .*(write key=value|given twice)"):
        parse_model_kwargs(items)


def test_list_models():
    everything = list_models()
    assert len(everything) > 1000
    assert {"timm:resnet50", "torchvision:resnet50"} <= set(everything)
    assert list_models("resnet1?") == ["timm:resnet18", "torchvision:resnet18"]
    assert list_models("torchvision:vgg1?") == [f"torchvision:vgg1{n}" for n in (1, 3, 6, 9)]
    assert all("mixer_b16" in name for name in list_models("mixer_b16"))
    assert "timm:resnet50.a1_in1k" in list_models("resnet50.*")
    assert list_models("no_such_thing") == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "kwargs", "file", "size", "normal", "published"),
    [
        ("timm:mobilenetv2_100", {"pad_type": "same"}, "mobilenetv2_100", 224, (0.5, 0.5), 0.835),
        ("models.py:mobilenetv1_050", {}, "mobilenetv1_050", 160, (0.5, 0.5), 0.635),
        ("torchvision:squeezenet1_0", {}, "squeezenet1_0", 224, None, 0.555),
        ("models.py:cifar10_resnet20", {}, "cifar10_resnet20", 32, None, 0.7615),
        ("models.py:cifar10_resnet56", {}, "cifar10_resnet56", 32, None, 0.800),
    ],
)
def test_real_weights_classify_real_images(shared_data, spec, kwargs, file, size, normal, published):
    """A sample agrees with the figure for all: 200 photographs, or the first 2000 images of CIFAR-10."""
    weights = str(shared_data / "weights" / f"{file}.pth")
    loaded = load_model(
        spec.replace("models.py", f"{shared_data}/models.py"), weights=weights, model_kwargs=kwargs
    )
    mean, std = normal or ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    preprocessing = loaded.preprocessing.override(
        img_size=size, crop_pct=1.0, mean=mean, std=std, interpolation="bilinear"
    )
    data = shared_data / "images" / "photos"
    if "cifar" in file:
        with np.load(shared_data / "images" / "cifar10" / "test.npz") as archive:
            data = (archive["images"][:2000], archive["labels"][:2000])
    loaded.model.eval()
    hits = []
    samples = 200 if "cifar" in file else 40
    for batch in open_data(data, preprocessing, samples=samples).batches(50):
        with torch.no_grad():
            hits += (loaded.model(batch.images).argmax(1) == batch.labels).tolist()
    assert len(hits) == samples
    assert np.mean(hits) == pytest.approx(published, abs=2 * np.sqrt(published * (1 - published) / samples))
