"""e3nn's own layers: at the floor in the irreps that they promise, far above it in any others of as many components."""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

import symmeter

# e3nn compiles when it is imported and when a layer is made, which torch says is no longer done; what the audit of
# actions says of wrong irreps is tested elsewhere.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning", "ignore:.*times smaller"
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    o3 = pytest.importorskip("e3nn.o3")
    from e3nn import nn as e3


class Layer(NamedTuple):
    """What makes a layer, the irreps of its inputs, and those of its output."""

    build: Callable[[], nn.Module]
    inputs: tuple[str, ...]
    output: str


def normed() -> nn.Module:
    """A normalisation that has seen data."""
    layer = e3.BatchNorm("2x0e+2x1o+1x2e")
    for buffer in layer.buffers():
        buffer.copy_(torch.rand(buffer.shape) + 0.5)
    return layer


FIRST, SECOND = "2x0e+2x1o+1x2e", "1x0e+1x1o"
LAYERS = {
    "Linear": Layer(lambda: o3.Linear(FIRST, "3x0e+1x1o+2x2e"), (FIRST,), "3x0e+1x1o+2x2e"),
    "FullyConnectedTensorProduct": Layer(
        lambda: o3.FullyConnectedTensorProduct(FIRST, SECOND, "2x0e+1x1o+1x1e+1x2e"),
        (FIRST, SECOND), "2x0e+1x1o+1x1e+1x2e",
    ),
    "TensorProduct": Layer(
        lambda: o3.TensorProduct(
            "2x1o", "2x1o", "2x0e+2x1e+2x2e", [(0, 0, k, "uuu", True) for k in range(3)]
        ),
        ("2x1o", "2x1o"), "2x0e+2x1e+2x2e",
    ),
    "FullTensorProduct": Layer(lambda: o3.FullTensorProduct("1o", "2e"), ("1o", "2e"), "1o+2o+3o"),
    "Gate": Layer(
        lambda: e3.Gate("2x0e", [torch.tanh], "3x0e", [torch.sigmoid], "2x1o+1x2e"), ("5x0e+2x1o+1x2e",), "2x0e+2x1o+1x2e"
    ),
    "BatchNorm": Layer(normed, (FIRST,), FIRST),
    "NormActivation": Layer(lambda: e3.NormActivation(FIRST, torch.sigmoid), (FIRST,), FIRST),
    "Norm": Layer(lambda: o3.Norm(FIRST), (FIRST,), "5x0e"),
}  # fmt: skip


class Named(nn.Module):
    """The output of a layer under several names, so that one run compares it with as many words."""

    def __init__(self, layer: nn.Module, names: list[str]):
        super().__init__()
        self.layer, self.names = layer, names

    def forward(self, *inputs: Tensor) -> dict[str, Tensor]:
        y = self.layer(*inputs)
        return dict.fromkeys(self.names, y)


@pytest.fixture(autouse=True)
def double():
    """Constants in layers are of the type that is the usual one when they are made."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def errors(
    layer: nn.Module, inputs: tuple[str, ...], words: list[str], symmetry: str = "O3"
) -> dict[str, Any]:
    """A row by word for the output."""
    data = tuple(o3.Irreps(text).randn(4, -1) for text in inputs)
    outputs = {f"as{k}": word for k, word in enumerate(words)}
    options: dict[str, Any] = {"elements": 6, "sampling": "haar", "control": False, "progress": False}
    said: Any = inputs if len(inputs) > 1 else inputs[0]
    net = Named(layer, list(outputs)).eval()
    rows = symmeter.measure(net, data if len(data) > 1 else data[0], symmetry, "relative_error", outputs,
                            inputs=said, **options).rows  # fmt: skip
    return {outputs[row.output]: row for row in rows}


def flipped(text: str) -> list[str]:
    """One part at a time of the other parity."""
    parts, other = text.split("+"), {"e": "o", "o": "e"}
    changed = [part[:-1] + other[part[-1]] for part in parts]
    return ["+".join([*parts[:k], one, *parts[k + 1 :]]) for k, one in enumerate(changed)]


def of_wrong_degrees(text: str) -> list[str]:
    """Of as many components: one part at a time made of scalars, and all parts in the other order."""
    parts = text.split("+")
    scalars = [f"{o3.Irreps(part).dim}x0e" for part in parts]
    found = ["+".join([*parts[:k], one, *parts[k + 1 :]]) for k, one in enumerate(scalars)]
    found.append("+".join(reversed(parts)))
    return [word for word in found if word != text]


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_at_the_floor_in_their_own_irreps_only(name: str):
    build, inputs, output = LAYERS[name]
    layer = build()
    wrong = [*flipped(output), *of_wrong_degrees(output)]
    found = errors(layer, inputs, [output, *wrong])
    right = found.pop(output)
    assert right.value < 1e-12 and right.verdict == "not resolved", right
    assert len(found) == len(set(wrong))
    for word, row in found.items():
        assert row.value > 0.05 and row.value > 1e6 * row.floor, (word, row.value)


@pytest.mark.parametrize("name", LAYERS)
def test_rotations_see_degrees_and_no_parities(name: str):
    build, inputs, output = LAYERS[name]
    blind, seen = flipped(output), of_wrong_degrees(output)
    found = errors(build(), inputs, [*blind, *seen], "SO3")
    for word in blind:
        assert found[word].verdict == "not resolved", word
    for word in seen:
        assert found[word].value > 0.05, word


@pytest.mark.parametrize("name", ["Linear", "FullyConnectedTensorProduct", "Gate", "BatchNorm"])
def test_an_input_that_is_taken_for_another_is_far_above_the_floor(name: str):
    build, inputs, output = LAYERS[name]
    layer = build()
    for wrong in flipped(inputs[0]):
        (row,) = errors(layer, (wrong, *inputs[1:]), [output]).values()
        assert row.value > 0.01 and row.value > 1e6 * row.floor, wrong


def same_size(degree: int) -> list[str]:
    """All irreps in falling order of degrees with 2 l + 1 components, parts of one degree having one parity."""

    def filled(left: int, highest: int) -> list[list[str]]:
        if not left:
            return [[]]
        found = []
        for l in range(highest, -1, -1):
            for copies in range(1, left // (2 * l + 1) + 1):
                rest = filled(left - copies * (2 * l + 1), l - 1) if l or copies == left else []
                found += [[f"{copies}x{l}{p}", *more] for more in rest for p in "eo"]
        return found

    return ["+".join(parts) for parts in filled(2 * degree + 1, degree)]


class Harmonics(nn.Module):
    """Those of one degree, in float64."""

    def __init__(self, degree: int):
        super().__init__()
        self.degree, self.unit = degree, nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.unit * o3.spherical_harmonics(self.degree, x, normalize=True)


@pytest.mark.parametrize("degree", range(5))
def test_harmonics_are_far_above_the_floor_in_all_other_irreps_of_their_size(degree: int):
    own = f"1x{degree}{'eo'[degree % 2]}"
    words = same_size(degree)
    assert own in words and all(o3.Irreps(word).dim == 2 * degree + 1 for word in words)
    found = errors(Harmonics(degree), ("1o",), words)
    assert found.pop(own).value < 1e-12
    for word, row in found.items():
        assert row.value > 0.2, (word, row.value)


def test_the_batch_normalisation_of_torch_is_at_the_floor_for_scalars_only():
    norm = nn.BatchNorm1d(8)
    for buffer in norm.buffers():
        buffer.copy_(torch.rand(buffer.shape) + 0.5)
    assert errors(norm, ("8x0e",), ["8x0e"])["8x0e"].value < 1e-12
    assert errors(norm, ("2x0e+2x1o",), ["2x0e+2x1o"])["2x0e+2x1o"].value > 0.1
