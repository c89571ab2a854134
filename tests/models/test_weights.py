"""Weights: files are plain tensors or refused, networks are loaded whole or left alone."""

import argparse
import functools
import pickle
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from symmeter.errors import SymmeterError, SymmeterWarning
from symmeter.models import weights
from symmeter.models.weights import file_tag, fit_weights, quick_downloads, read_weights


def net() -> Any:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))


def state():
    torch.manual_seed(1)
    return net().state_dict()


def saved(content, path):
    torch.save(content, path)
    return path


def one_line(caught):
    assert "\n" not in str(caught.value)
    return str(caught.value)


class Touch:
    """A pickle of this makes a file when it is loaded carelessly."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (Path(self.mark),)


class Shell:
    def __reduce__(self):
        import os

        return os.system, ("exit 1",)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 3, "optimizer": {"state": {0: {"step": torch.tensor(1)}}}},
        lambda s: {"model": s},
        lambda s: {"model_state_dict": s, "loss": 0.5},
        lambda s: {"state_dict_ema": s},
        lambda s: {"teacher": s},
        lambda s: {"net": {"params": s}},
        lambda s: {"generator": s, "step": 3},
        lambda s: {f"module.{k}": v for k, v in s.items()},
        lambda s: {f"_orig_mod.module.{k}": v for k, v in s.items()},
        lambda s: {f"module._orig_mod.{k}": v for k, v in s.items()} | {"n_averaged": torch.tensor(3)},
        lambda s: {"args": argparse.Namespace(lr=0.1), "best": np.float64(0.9), "state_dict": s},
        lambda s: {k: nn.Parameter(v, requires_grad=False) for k, v in s.items()},
    ],
)
def test_nestings_and_prefixes_are_removed(tmp_path, wrap):
    found = read_weights(saved(wrap(state()), tmp_path / "w.pth"))
    assert found.keys() == state().keys()
    assert all(torch.equal(found[k], v) for k, v in state().items())


def test_one_tensor_by_the_name_of_a_counter_is_a_tensor(tmp_path):
    found = read_weights(saved({"n_averaged": torch.tensor(3)}, tmp_path / "w.pth"))
    assert list(found) == ["n_averaged"]


def test_the_first_of_several_nestings_is_taken(tmp_path):
    averaged = {k: v + 1 for k, v in state().items()}
    found = read_weights(saved({"model_ema": averaged, "model": state()}, tmp_path / "w.pth"))
    assert torch.equal(found["3.weight"], state()["3.weight"])


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
def test_every_file_format_is_read(tmp_path, form):
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pt")
    if form == "safetensors":
        from safetensors.torch import save_file

        save_file(state(), path)
    else:
        torch.save(state(), path, _use_new_zipfile_serialization=form == "zip")
    model = net()
    fit_weights(model, read_weights(path), path)
    assert torch.equal(model[3].weight, state()["3.weight"])


@pytest.mark.parametrize("form", ["zip", "legacy", "pickle 2", "pickle 4"])
def test_code_in_a_file_is_named_and_not_run(tmp_path, form):
    mark, path = tmp_path / "it ran", tmp_path / "w.pth"
    content = {"weight": torch.zeros(2), "extra": Touch(mark)}
    if form.startswith("pickle"):
        path.write_bytes(pickle.dumps({"extra": Touch(mark)}, protocol=int(form[-1])))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(
        SymmeterError, match=r"refused, it wants to run code \(\S+\); symmeter loads plain"
    ) as e:
        read_weights(path)
    assert "pathlib" in one_line(e) or "getattr" in one_line(e)
    assert str(path) in one_line(e)
    assert not mark.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_shell_command_is_named(tmp_path, protocol):
    path = tmp_path / "w.bin"
    path.write_bytes(pickle.dumps({"a": Shell()}, protocol=protocol))
    with pytest.raises(SymmeterError, match=r"\((posix|nt)\.system\)"):
        read_weights(path)


def test_a_pickled_network_is_refused_by_its_class(tmp_path):
    with pytest.raises(SymmeterError, match=r"torch\.nn\.modules\.container\.Sequential"):
        read_weights(saved(net(), tmp_path / "w.pth"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.mkdir(), "this is a folder"),
        (lambda p: p.write_bytes(b""), "not a readable checkpoint: truncated, or not a checkpoint"),
        (lambda p: p.write_text("hello, world"), "not a readable checkpoint"),
        (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(50)), "not a readable checkpoint"),
        (lambda p: p.write_bytes(pickle.dumps({"a": 1})), "not a readable checkpoint"),
        (lambda p: torch.save({"epoch": 3, "loss": 0.1}, p), "no tensors in it; it has epoch, loss"),
        (lambda p: torch.save(["a"], p), "no tensors in it"),
        (lambda p: torch.save({k: {"x": torch.ones(1)} for k in "ab"}, p), "no tensors in it; it has a, b"),
    ],
)  # fmt: skip
def test_unusable_files_give_one_line(tmp_path, make, words):
    path = tmp_path / "w.pth"
    make(path)
    with pytest.raises(SymmeterError, match=f"weights .*w.pth: .*{words}") as caught:
        read_weights(path)
    assert len(one_line(caught)) < 400


@pytest.mark.parametrize("form", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("share", [0.1, 0.6, 0.99])
def test_truncated_files_give_one_line(tmp_path, form, share):
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pt")
    content = {"a": torch.rand(2000)}
    if form == "safetensors":
        from safetensors.torch import save_file

        save_file(content, path)
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SymmeterError, match="not a readable") as caught:
        read_weights(path)
    one_line(caught)


def test_torchscript_is_recognised(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "w.pt")
    with pytest.raises(SymmeterError, match=r"TorchScript archive; save model\.state_dict"):
        read_weights(tmp_path / "w.pt")


def test_a_shared_prefix_goes_only_where_the_names_then_fit():
    model = net()
    fit_weights(model, {f"model.backbone.{k}": v for k, v in state().items()}, "w.pth")
    assert torch.equal(model[0].weight, state()["0.weight"])

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.model = net()

    outer = Outer()
    fit_weights(outer, {f"model.{k}": v for k, v in state().items()}, "w.pth")
    assert torch.equal(outer.model[0].weight, state()["0.weight"])


def test_old_networks_without_batch_counters_fit():
    weights = {k: v for k, v in state().items() if not k.endswith("num_batches_tracked")}
    model = net()
    fit_weights(model, weights, "w.pth")
    assert torch.equal(model[1].running_var, weights["1.running_var"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.pop("0.bias"), r"1 missing \(0.bias\)"),
        (lambda s: s.update(extra=torch.ones(1)), r"1 unexpected \(extra\)"),
        (lambda s: s.update({"3.bias": torch.ones(5)}), r"1 of another shape \(3.bias: \(5,\) given, \(2,\)"),
        (lambda s: [s.pop(k) for k in list(s)[:5]], r"5 missing \(0.weight, 0.bias, 1.weight, ...\)"),
    ],
)  # fmt: skip
def test_a_misfit_is_told_and_nothing_is_loaded(change, words):
    model, weights = net(), state()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    change(weights)
    with pytest.raises(SymmeterError, match=f"weights w.pth do not fit Sequential: .*{words}") as caught:
        fit_weights(model, weights, "w.pth")
    one_line(caught)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_broken_values_warn_by_name(value, dtype):
    weights = {k: v.to(dtype) if v.is_floating_point() else v for k, v in state().items()}
    weights["3.bias"] = torch.tensor([0.0, value], dtype=dtype)
    with pytest.warns(SymmeterWarning, match=r"NaN or infinite values in 1 tensor\(s\): 3.bias"):
        fit_weights(net(), weights, "w.pth")


def test_training_flags_are_left_alone():
    model = net()
    model[1].eval()
    fit_weights(model, state(), "w.pth")
    assert [m.training for m in model] == [True, False, True, True]


def test_file_tag_has_name_and_digest(tmp_path):
    import hashlib

    path = tmp_path / "w.bin"
    path.write_bytes(b"abc")
    assert file_tag(path) == {"weights": "w.bin", "weights_sha256": hashlib.sha256(b"abc").hexdigest()}


def test_downloads_give_up_fast_and_leave_the_settings(monkeypatch):
    import socket

    from huggingface_hub import constants, hf_hub_download

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{port}")
    naps = []
    monkeypatch.setattr(time, "sleep", naps.append)  # what waits to try again
    with quick_downloads() as answers:
        assert not answers and constants.HF_HUB_OFFLINE is True
        with pytest.raises(OSError, match=r"cannot find|offline|connection"):
            hf_hub_download("nobody/nothing", "config.json")
    assert not naps
    assert constants.HF_HUB_OFFLINE is False
    assert socket.getdefaulttimeout() is None


def test_a_hub_that_answers_with_an_error_is_there(monkeypatch):
    import http.server
    import threading

    from huggingface_hub import constants

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_error(403)

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Refuse)
    threading.Thread(target=server.handle_request, daemon=True).start()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    # Five seconds for an answer are plenty for a user, not for a thread on a machine that has other things to do.
    monkeypatch.setattr(weights, "_answers", functools.partial(weights._answers, seconds=300))
    with quick_downloads() as answers:
        assert answers
        assert constants.HF_HUB_OFFLINE is False
    server.server_close()
