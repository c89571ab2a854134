"""Damaged ONNX files: one line that names the file."""

from pathlib import Path

import pytest
import torch
from tests.hostile.damaged import DAMAGE
from tests.hostile.lines import line_of
from torch import nn

from symmeter.measuring.measure import measure

pytest.importorskip("onnxruntime")


def whole(path: Path) -> None:
    """A convolution and a mean, with weights of some hundred bytes."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    torch.manual_seed(0)
    weight = numpy_helper.from_array(nn.Conv2d(3, 4, 3).weight.detach().numpy(), "w")
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["p"]),
        helper.make_node("Flatten", ["p"], ["y"]),
    ]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])
    found = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "g", [given], [found], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, str(path))


def measured(path: Path) -> None:
    measure(str(path), torch.rand(2, 3, 8, 8), "hflip", output="logits", control=False, progress=False)


def test_the_whole_file_is_measured(tmp_path):
    whole(tmp_path / "net.onnx")
    assert line_of(measured, tmp_path / "net.onnx") == ""


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_network_is_named_in_a_line(tmp_path, damage):
    path = tmp_path / "net.onnx"
    DAMAGE[damage](whole)(path)
    line = line_of(measured, path)
    assert "net.onnx" in line
