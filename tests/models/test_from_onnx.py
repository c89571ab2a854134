"""ONNX files: computed in their own dtype, layout and batch size."""

import pytest
import torch
from tests.helpers import check_refused

from symmeter.domains.images.inputs import preprocessing_of
from symmeter.errors import SymmeterError
from symmeter.models.from_onnx import OnnxModel
from symmeter.models.load import describe, load_model


def onnx_file(path, kind="FLOAT", shape=("N", 3, 4, 4), extra_input=False, mark=False, last=False):
    """y = 2 mean(x) over the grid, z = x, and (with mark) an integer output first."""
    import onnx
    from onnx import TensorProto, helper

    code = getattr(TensorProto, kind)
    axes = (1, 2) if last else (2, 3)
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
    assert loaded.model.input_size == preprocessing_of(loaded).size == (4, 4)
    assert loaded.model.output_names == ("s", "y", "z")
    assert loaded.info["output"] == "y"
    assert loaded.info["family"] == "onnx"
    assert loaded.info["weights"] == loaded.info["name"] == loaded.name == "net.onnx"
    assert len(loaded.info["weights_sha256"]) == 64
    assert loaded.info["spec"] == path
    assert describe(loaded.model).info == loaded.info
    z = load_model(path, model_kwargs={"output": "z"}).model(x)
    torch.testing.assert_close(z.double(), x, rtol=1e-6, atol=1e-6)


def test_onnx_with_an_open_size_and_with_channels_last(tmp_path):
    open_size = OnnxModel(onnx_file(tmp_path / "a.onnx", shape=("N", 3, "H", "W")))
    assert open_size.input_size is None
    assert open_size(torch.ones(2, 3, 5, 6)).tolist() == [[2.0] * 3] * 2
    last = OnnxModel(onnx_file(tmp_path / "b.onnx", shape=(1, 6, 5, 3), last=True))
    assert (last.input_size, last.channels) == ((6, 5), 3)
    x = torch.rand(2, 3, 6, 5)
    torch.testing.assert_close(last(x), 2 * x.mean((2, 3)))


@pytest.mark.parametrize(("shape", "channels"), [
    (("N", 32, 32, 4), 4), (("N", 20, 24, 13), 13), (("N", "H", "W", 5), 5), ((2, 9, 9, 2), 2),
])  # fmt: skip
def test_channels_are_found_at_the_end(tmp_path, shape, channels):
    loaded = load_model(onnx_file(tmp_path / "net.onnx", shape=shape, last=True))
    assert loaded.model.channels_last and not loaded.notes
    assert preprocessing_of(loaded).channels == channels
    height, width = (n if isinstance(n, int) else 8 for n in shape[1:3])
    x = torch.rand(3, channels, height, width)
    torch.testing.assert_close(loaded.model(x), 2 * x.mean((2, 3)))


@pytest.mark.parametrize("shape", [("N", 4, 32, 32), ("N", 64, 7, 7), ("N", 13, "H", "W"), ("N", 4, 20, 24)])
def test_channels_are_found_in_front(tmp_path, shape):
    loaded = load_model(onnx_file(tmp_path / "net.onnx", shape=shape))
    assert not loaded.model.channels_last and not loaded.notes
    assert preprocessing_of(loaded).channels == shape[1]


def test_a_shape_that_could_be_either_is_said_and_can_be_told(tmp_path):
    path = onnx_file(tmp_path / "net.onnx", shape=("N", 8, 8, 8), last=True)
    loaded = load_model(path)
    assert not loaded.model.channels_last
    assert "was read as (N, C, H, W)" in loaded.notes[0] and "layout=channels_last" in loaded.notes[0]
    told = load_model(path, model_kwargs={"layout": "channels_last"})
    assert told.model.channels_last and not told.notes
    x = torch.rand(2, 8, 8, 8)
    torch.testing.assert_close(told.model(x), 2 * x.mean((2, 3)))
    check_refused("unknown layout 'NHWC'; choose from", load_model, path, model_kwargs={"layout": "NHWC"})


def test_wrong_onnx_files_give_one_line(tmp_path):
    path = onnx_file(tmp_path / "net.onnx")
    check_refused("drop --weights and --untrained", load_model, path, untrained=True)
    check_refused("drop --weights and --untrained", load_model, path, weights="w.pth")
    check_refused("an ONNX file knows only output=NAME", load_model, path, model_kwargs={"foo": 1})
    check_refused("no output 'q'; choose from y, z", load_model, path, model_kwargs={"output": "q"})
    check_refused("one floating point", load_model, onnx_file(tmp_path / "two.onnx", extra_input=True))
    check_refused(
        "one floating point", load_model, onnx_file(tmp_path / "int.onnx", kind="INT32", shape=("N", 3, 4, 4))
    )
    (tmp_path / "bad.onnx").write_bytes(b"nonsense")
    check_refused("not a readable ONNX file", load_model, f"{tmp_path}/bad.onnx")
    with pytest.raises(SymmeterError, match=r"on input \(1, 3, 9, 9\)"):
        OnnxModel(path)(torch.zeros(1, 3, 9, 9))
