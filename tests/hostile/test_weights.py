"""Weights that are damaged, strange or hostile: one line with the file and the keys, and the model as it was."""

import io
import json
import pickle
import random
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.hostile.lines import line_of
from torch import nn

from symmeter.errors import SymmeterError
from symmeter.models.weights import fit_weights, read_weights

pytestmark = [
    pytest.mark.filterwarnings("ignore:Sparse CSR"),
    pytest.mark.filterwarnings("ignore:.*quantize_per_tensor"),
]


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def state() -> dict[str, Any]:
    torch.manual_seed(1)
    return dict(net().state_dict())


def with_weight(change: Callable[[torch.Tensor], object], name: str = "0.weight") -> dict[str, Any]:
    """Weights of which one is changed."""
    weights = state()
    return {**weights, name: change(weights[name])}


def circle() -> dict[str, Any]:
    """A dictionary that holds itself, and no tensor."""
    found: dict[str, Any] = {"epoch": 3}
    found["model"] = found["state_dict"] = found["rest"] = found
    return found


def deep(levels: int) -> dict[str, Any]:
    """Dictionaries in dictionaries."""
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"model": found}
    return found


def shared(levels: int) -> dict[str, Any]:
    """Each level holds the next twice: paths double with each level."""
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"a": found, "b": found, "model": found, "net": found}
    return found


def quantised(weight: torch.Tensor) -> torch.Tensor:
    return torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8)


CHECKPOINTS: dict[str, tuple[Callable[[], object], str]] = {
    "sparse": (lambda: with_weight(torch.Tensor.to_sparse), "1 tensor of no plain kind .0.weight: sparse"),
    "sparse rows": (
        lambda: with_weight(lambda w: w.flatten(1).to_sparse_csr(), "3.weight"),
        "1 tensor of no plain kind .3.weight: sparse",
    ),
    "quantised": (lambda: with_weight(quantised), "0.weight: quantised"),
    "meta": (lambda: with_weight(lambda w: w.to("meta")), "0.weight: without values"),
    "all meta": (lambda: {k: v.to("meta") for k, v in state().items()}, "7 tensors|8 tensors|9 tensors"),
    "complex": (lambda: with_weight(lambda w: w + 1j), "0.weight: complex64 given, float32 needed"),
    "whole": (lambda: with_weight(torch.Tensor.long), "0.weight: int64 given, float32 needed"),
    "bytes": (lambda: with_weight(lambda w: w.to(torch.int8)), "0.weight: int8 given, float32 needed"),
    "truths": (lambda: with_weight(torch.Tensor.bool), "0.weight: bool given"),
    "fractions of a counter": (
        lambda: with_weight(lambda w: w + 0.5, "1.num_batches_tracked"),
        "1.num_batches_tracked: float32 given, int64 needed",
    ),
    "another shape": (lambda: with_weight(lambda w: w[:1]), r"0.weight: \(1, 3, 3, 3\) given"),
    "expanded to the sky": (
        lambda: with_weight(lambda w: torch.zeros(1).expand(10**6, 10**6, 3, 3)),
        r"0.weight: \(1000000, 1000000, 3, 3\) given",
    ),
    "scalars": (lambda: with_weight(lambda w: w.sum()), r"0.weight: \(\) given"),
    "no weights": (lambda: with_weight(lambda w: None), "1 missing .0.weight"),
    "a list for one": (lambda: with_weight(torch.Tensor.tolist), "1 missing .0.weight"),
    "one more": (lambda: {**state(), "head.weight": torch.zeros(2)}, "1 unexpected .head.weight"),
    "long names": (lambda: {"x" * 10_000: torch.zeros(2)}, "unexpected .xxx"),
    "names with lines": (lambda: {**state(), "a\nb": torch.zeros(2)}, "unexpected .a b"),
    "numbers for names": (lambda: {0: torch.zeros(2), 1: torch.zeros(2)}, "unexpected .0, 1"),
    "circle": (circle, "no tensors in it; it has epoch"),
    "deep": (lambda: deep(300), "no tensors in it; it has model"),
    "shared": (lambda: shared(40), "no tensors in it; it has a, b, model"),
    "empty": (dict, "no tensors in it"),
    "a list": (lambda: [torch.zeros(2)], "no tensors in it"),
    "a tensor": (lambda: torch.zeros(2), "no tensors in it"),
    "a number": (lambda: 3, "no tensors in it"),
    "nothing": (lambda: None, "no tensors in it"),
    "words": (lambda: {"model": "resnet50"}, "no tensors in it; it has model"),
    "a module": (net, "wants to run code"),
    "a function": (lambda: {"f": np.linalg.norm, "a": state()}, "wants to run code|not a readable"),
    "arrays": (
        lambda: {k: v.numpy() for k, v in state().items()},
        "wants to run code|no tensors|not a readable",
    ),
}


@pytest.mark.parametrize("name", CHECKPOINTS)
@pytest.mark.parametrize("packed", [True, False], ids=["zip", "legacy"])
def test_a_checkpoint_is_refused_in_a_line_and_the_model_is_as_it_was(tmp_path, name, packed):
    make, words = CHECKPOINTS[name]
    path = tmp_path / "w.pth"
    torch.save(make(), path, _use_new_zipfile_serialization=packed)
    line, changed = refusal(path)
    assert re.search(words, line), line
    assert str(path) in line and "\n" not in line and len(line) < 600
    assert changed == []


def refusal(path: Path) -> tuple[str, list[str]]:
    """What a file of weights is refused with, and the names of what it has changed of the model."""
    model = net()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(SymmeterError) as caught:
        fit_weights(model, read_weights(path), path)
    after = model.state_dict()
    there = before.keys() & after.keys()
    changed = before.keys() ^ after.keys() | {
        name for name in there if not torch.equal(before[name], after[name])
    }
    return str(caught.value), sorted(changed)


def bomb(path: Path) -> None:
    """A small archive that unpacks to 300 megabytes."""
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("w/data.pkl", "w") as member,
    ):
        for _ in range(300):
            member.write(bytes(2**20))


def archive_of(members: dict[str, bytes]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return write


def content_of(data: bytes) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(data) and None


def saved(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """A checkpoint whose bytes are changed."""

    def write(path: Path) -> None:
        content = io.BytesIO()
        torch.save(state(), content)
        path.write_bytes(change(content.getvalue()))

    return write


def safe(header: object, body: bytes = b"", length: int | None = None) -> Callable[[Path], None]:
    """A safetensors file with this header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    start = struct.pack("<Q", len(text) if length is None else length)
    return lambda path: path.write_bytes(start + text + body) and None


def one(**changed: object) -> dict[str, Any]:
    """A header of one tensor of two numbers."""
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changed}}


FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "nothing": ("w.pth", lambda path: None, "no such file"),
    "folder": ("w.pth", Path.mkdir, "this is a folder"),
    "empty": ("w.pth", Path.touch, "not a readable checkpoint"),
    "text": ("w.pth", content_of(b"hello"), "not a readable checkpoint"),
    "page": ("w.pth", content_of(b"<!DOCTYPE html><html>not found"), "not a readable checkpoint"),
    "git pointer": (
        "w.pth",
        content_of(b"version https://git-lfs.github.com/spec/v1\n"),
        "not a readable checkpoint",
    ),
    "zeros": ("w.pth", content_of(bytes(5000)), "not a readable checkpoint"),
    "ones": ("w.pth", content_of(b"\xff" * 5000), "not a readable checkpoint"),
    "png": ("w.pth", content_of(b"\x89PNG\r\n\x1a\n" + bytes(100)), "not a readable checkpoint"),
    "zip signature": ("w.pth", content_of(b"PK\x03\x04"), "not a readable checkpoint"),
    "other archive": ("w.pth", archive_of({"a.txt": b"hello"}), "not a readable checkpoint"),
    "archive of nothing": ("w.pth", archive_of({}), "not a readable checkpoint"),
    "archive without tensors": (
        "w.pth",
        archive_of({"w/data.pkl": pickle.dumps({}), "w/version": b"3"}),
        "w.pth",
    ),
    "half an archive": ("w.pth", saved(lambda data: data[: len(data) // 2]), "not a readable checkpoint"),
    "without its end": ("w.pth", saved(lambda data: data[:-1]), "not a readable checkpoint|w.pth"),
    "without its beginning": ("w.pth", saved(lambda data: data[100:]), "not a readable checkpoint"),
    "turned": ("w.pth", saved(lambda data: data[::-1]), "not a readable checkpoint"),
    "bomb": ("w.pth", bomb, "would unpack to 314572800"),
    "safe folder": ("w.safetensors", Path.mkdir, "this is a folder"),
    "safe empty": ("w.safetensors", Path.touch, "not a readable safetensors file"),
    "safe text": (
        "w.safetensors",
        content_of(b"hello world, hello world"),
        "not a readable safetensors file",
    ),
    "safe zeros": ("w.safetensors", content_of(bytes(100)), "not a readable safetensors file"),
    "safe checkpoint": ("w.safetensors", saved(lambda data: data), "not a readable safetensors file"),
    "safe header too long": ("w.safetensors", safe({}, length=2**62), "not a readable safetensors file"),
    "safe header beyond the file": ("w.safetensors", safe({}, length=500), "not a readable safetensors file"),
    "safe list": ("w.safetensors", safe([]), "not a readable safetensors file"),
    "safe number": ("w.safetensors", safe(3), "not a readable safetensors file"),
    "safe nothing": ("w.safetensors", safe({}), "no tensors in it"),
    "safe without offsets": ("w.safetensors", safe({"a": {}}), "not a readable safetensors file"),
    "safe unknown type": (
        "w.safetensors",
        safe(one(dtype="F3"), bytes(8)),
        "not a readable safetensors file",
    ),
    "safe without its data": ("w.safetensors", safe(one()), "not a readable safetensors file"),
    "safe beyond its data": (
        "w.safetensors",
        safe(one(data_offsets=[0, 80]), bytes(8)),
        "not a readable safetensors",
    ),
    "safe backwards": (
        "w.safetensors",
        safe(one(data_offsets=[8, 0]), bytes(8)),
        "not a readable safetensors file",
    ),
    "safe absurd": (
        "w.safetensors",
        safe(one(shape=[2**40, 2**40]), bytes(8)),
        "not a readable safetensors file",
    ),
    "safe negative": ("w.safetensors", safe(one(shape=[-2]), bytes(8)), "not a readable safetensors file"),
    "safe hole": (
        "w.safetensors",
        safe(one(data_offsets=[8, 16]), bytes(16)),
        "not a readable safetensors file",
    ),
    "safe no JSON": ("w.safetensors", safe(b"{'a': 1}"), "not a readable safetensors file"),
    "safe deep": ("w.safetensors", safe(b"[" * 50_000), "not a readable safetensors file"),
    "safe misfit": ("w.safetensors", lambda path: save_file({"a": torch.zeros(2)}, path), "1 unexpected .a"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_refused_in_a_line(tmp_path, name):
    file, make, words = FILES[name]
    path = tmp_path / file
    make(path)
    line, changed = refusal(path)
    assert re.search(words, line), line
    assert str(path) in line and "\n" not in line and len(line) < 600
    assert changed == []


class Particular(nn.Linear):
    """A layer that fails after it has taken half of its weights."""

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        with torch.no_grad():
            self.weight.copy_(state_dict[f"{prefix}weight"])
        raise KeyError("of its own")


def test_what_a_module_of_its_own_raises_leaves_no_half_loaded_state(tmp_path):
    model = nn.Sequential(nn.Linear(2, 2), Particular(2, 2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(SymmeterError, match=r"weights w.pth do not fit Sequential: KeyError: 'of its own'"):
        fit_weights(model, {name: value + 1 for name, value in before.items()}, "w.pth")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_counters_in_floating_point_and_layers_made_at_the_first_call_are_loaded():
    fit_weights(net(), with_weight(lambda w: torch.tensor(3.0), "1.num_batches_tracked"), "w.pth")
    lazy = nn.Sequential(nn.LazyLinear(2))
    fit_weights(lazy, {"0.weight": torch.ones(2, 5), "0.bias": torch.zeros(2)}, "w.pth")
    assert bool((lazy[0].weight == 1).all())


@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize("part", range(4))
def test_no_damaged_byte_is_more_than_a_line(tmp_path, ending, part):
    path, chance = tmp_path / f"w{ending}", random.Random(part)
    save_file(state(), path) if ending == ".safetensors" else torch.save(state(), path)
    content = path.read_bytes()
    for _ in range(40):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 1, 1, 30))):
            damaged[chance.randrange(min(len(damaged), 3000))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged[: chance.choice((len(damaged), chance.randrange(len(damaged))))])
        line = line_of(lambda: fit_weights(net(), read_weights(path), path))
        assert not line or str(path) in line
