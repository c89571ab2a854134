"""What the README and SECURITY.md promise of code: a list runs none but the user's own, and a hub none unasked."""

import json
import re
from pathlib import Path

import pytest
from tests.hostile.refused import Bad, check_refused, make, table

import symmeter
from symmeter.cli.app import main
from symmeter.errors import SymmeterError
from symmeter.models.load import load_model
from symmeter.sweeps.model_list import read_models

ROOT = Path(__file__).resolve().parents[2]
MARK = "open('ran', 'w').close()\n"
NETS = """
import os, subprocess
from os import system
from torch import nn
from helpers import imported
if True:
    def inside(width=4):
        return nn.Flatten()
class Net(nn.Module):
    import shutil
    def small(self):
        return nn.Flatten()
def build(width=4):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
alias = os.system
"""
FILES = {"lists/nets.py": MARK + NETS, "lists/helpers.py": "def imported():\n    pass\n", "nets.py": MARK + NETS,
         "lists/sub/own.py": "def build():\n    pass\n", "lists/broken.py": "def build(:\n",
         "lists/link.py": lambda place: place.symlink_to(place.parent.parent / "nets.py"),
         "mypackage/__init__.py": MARK, "mypackage/models.py": MARK + NETS}  # fmt: skip

OTHERS = [
    "os:system", "subprocess:run", "subprocess:check_output", "builtins:eval", "builtins:exec", "builtins:__import__",
    "posix:system", "shutil:rmtree", "pathlib:Path.unlink", "importlib:import_module", "runpy:run_path", "code:interact",
    "pickle:loads", "pickle:load", "marshal:loads", "ctypes:CDLL", "webbrowser:open", "urllib.request:urlopen",
    "socket:create_connection", "torch:load", "torch.hub:load", "torch.utils.cpp_extension:load_inline",
    "torch.nn:Linear", "timm:", "symmeter.models.from_code:_import_file", "symmeter.sweeps:sweep", "yaml:unsafe_load",
    "multiprocessing:Process", "pty:spawn", "antigravity:fly", "this:s", "mypackage:build", "mypackage.models:build",
    "mypackage.models:system", ":system", "os:", "a:b:c", "nets:build", "sub.own:build", "OS:system", "os :system",
]  # fmt: skip
IN_FILES = {
    "../nets.py:build": "outside of the folder of the list",
    "sub/../../nets.py:build": "outside of the folder of the list",
    "link.py:build": "outside of the folder of the list",
    "/etc/passwd.py:build": "outside of the folder of the list",
    "~/nets.py:build": "no such file",
    "missing.py:build": "no such file missing.py in the folder of the list",
    "sub:nets.py:build": "no such file",
    "broken.py:build": "no Python",
    "nets.py:": "does not define ''",
    "nets.py": "code",
    "nets.py:system": "does not define 'system' itself",
    "nets.py:os.system": "does not define 'os' itself",
    "nets.py:subprocess.run": "does not define 'subprocess' itself",
    "nets.py:imported": "does not define 'imported' itself",
    "nets.py:nn.Linear": "does not define 'nn' itself",
    "nets.py:alias.__call__": "does not define '__call__' itself",
    "nets.py:Net.shutil": "does not define 'shutil' itself",
    "nets.py:Net.shutil.rmtree": "does not define 'shutil' itself",
    "nets.py:build.__globals__": "does not define '__globals__' itself",
    "nets.py:__builtins__": "does not define '__builtins__' itself",
    "nets.py:Net.__init__": "does not define '__init__' itself",
    "nets.py:biuld": "did you mean 'build'",
}


def _rows(model: str, ending: str) -> str:
    if ending == "csv":
        return f'model,model_kwargs\n"{model}",command=touch\n'
    if ending == "yaml":
        return f"- {{model: {json.dumps(model)}, model_kwargs: {{command: touch ran}}}}\n"
    return f"{model}\n"


def in_list(model: str, ending: str, *words: str) -> Bad:
    name = f"{ending}: {model.strip()}"
    file = f"lists/m.{ending}"
    command = ("sweep", file, "builtin:photos", "--store", "store", "--quiet")
    line = "line 1" if ending != "csv" else "line 2"
    return Bad(name, command, (file, line, *words), {**FILES, file: _rows(model, ending)})


TRUST = "--trust-remote-code"
FLAGS = [
    *[in_list(model, ending, "") for model in OTHERS if model != "timm:" for ending in ("csv", "yaml", "txt")],
    *[in_list(model, ending, words) for model, words in IN_FILES.items() for ending in ("csv", "yaml", "txt")],
    Bad("trust as an argument", ("measure", "hf:x", "builtin:photos", "--model-kwargs", "trust_remote_code=True"),
        ("flag of its own, --trust-remote-code",)),
    Bad("trust as an argument, untrained", ("measure", "hf:x", "builtin:photos", "--untrained", "--model-kwargs",
        "trust_remote_code=1"), ("flag of its own, --trust-remote-code",)),
    Bad("distrust as an argument", ("layers", "hf:x", "builtin:photos", "--model-kwargs", "trust_remote_code=False"),
        ("flag of its own, --trust-remote-code",)),
    Bad("trust as an argument of timm", ("measure", "timm:resnet18", "builtin:photos", "--model-kwargs",
        "trust_remote_code=1"), ("flag of its own, --trust-remote-code",)),
    Bad("trust as an argument of list", ("list", "layers", "hf:x", "--model-kwargs", "trust_remote_code=1"),
        ("flag of its own, --trust-remote-code",)),
    Bad("trust in compare", ("compare", "hf:x", "hf:y", "--data", "builtin:photos", "--model-kwargs",
        "trust_remote_code=1"), ("flag of its own, --trust-remote-code",)),
    Bad("trust for timm", ("measure", "timm:resnet18", "builtin:photos", TRUST), ("is for hf:NAME", "brings none")),
    Bad("trust for code", ("measure", "lists/nets.py:build", "builtin:photos", TRUST), ("brings none",), FILES),
    Bad("trust for list models", ("list", "models", TRUST), ("list models takes no --trust-remote-code",)),
    Bad("trust in a sweep of timm", ("sweep", "timm:resnet18", "builtin:photos", "--store", "s", TRUST),
        ("--trust-remote-code: no model here may bring code",)),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@table(FLAGS)
def test_code_of_others_is_refused_and_not_even_imported(case, tmp_path, capsys):
    check_refused(case, tmp_path, capsys, soon=2.0)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("model", ["nets.py:build", "nets.py:inside", "nets.py:Net", "nets.py:Net.small",
                                   "nets.py:alias", "sub/own.py:build"])  # fmt: skip
def test_own_files_may_be_named_and_are_not_run_to_find_that_out(tmp_path, model):
    make(FILES, tmp_path)
    Path("lists/m.txt").write_text(model)
    (entry,) = read_models("lists/m.txt")
    assert entry.model == f"lists/{model}" and entry.name == model
    assert not Path("ran").exists()


def test_a_list_below_another_names_code_beside_it_and_none_outside(tmp_path):
    make(FILES, tmp_path)
    Path("lists/m.txt").write_text("sub/n.txt\n")
    Path("lists/sub/n.txt").write_text("own.py:build\n../nets.py:build\n")
    assert [entry.name for entry in read_models("lists/m.txt")] == ["own.py:build", "../nets.py:build"]
    with pytest.raises(SymmeterError, match="outside of the folder"):
        read_models("lists/sub/n.txt")


@pytest.mark.parametrize(("model", "pattern"), [
    ("mypackage.models:build", "mypackage.models:build"),
    ("mypackage.models:build", "mypackage.models:*"),
    ("../nets.py:build", "../nets.py:*"),
    ("torch.nn:Flatten", "torch.nn:Flatten"),
])  # fmt: skip
def test_other_code_may_be_allowed_by_who_starts_the_sweep(tmp_path, model, pattern):
    make(FILES, tmp_path)
    Path("lists/m.txt").write_text(model)
    with pytest.raises(SymmeterError, match=re.escape(f"--allow-code {model!r}")):
        read_models("lists/m.txt", allow_code=["mypackage.other:*"])
    (entry,) = read_models("lists/m.txt", allow_code=[pattern])
    assert entry.model.endswith(model.removeprefix("../"))


def test_what_the_caller_names_is_the_callers_own():
    assert [e.model for e in read_models(["os:system", {"model": "os:getcwd"}])] == ["os:system", "os:getcwd"]


@pytest.mark.slow
def test_allowed_code_is_measured(tmp_path, capsys):
    make(FILES, tmp_path)
    Path("lists/m.csv").write_text("model,name\ntorch.nn:Flatten,flat\n")
    words = [
        "sweep",
        "lists/m.csv",
        "builtin:photos",
        "--store",
        "store",
        "--quiet",
        "--symmetry",
        "rotation",
    ]
    words += ["--control", "none", "--samples", "2", "--img-size", "8"]
    assert main(words) == 2
    assert main([*words, "--allow-code", "torch.nn:Flatten"]) == 0
    assert set(symmeter.load("store")["name"]) == {"flat"}


CONFIG = {"architectures": ["MineForImageClassification"], "model_type": "mine",
          "auto_map": {"AutoConfig": "mine.MineConfig", "AutoModelForImageClassification": "mine.Mine"}}  # fmt: skip
MINE = """
import pathlib
import torch
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel
pathlib.Path(RAN).touch()
class MineConfig(PretrainedConfig):
    model_type = "mine"
    num_channels = 3
class Mine(PreTrainedModel):
    config_class = MineConfig
    main_input_name = "pixel_values"
    def __init__(self, config):
        super().__init__(config)
        self.layer = nn.Linear(3, 5)
        self.post_init()
    def _init_weights(self, module):
        pass
    def forward(self, pixel_values):
        return {"logits": self.layer(pixel_values.mean((2, 3)))}
"""


def test_code_of_a_hub_runs_with_the_flag_only(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "cache"))
    ran = tmp_path / "ran"
    folder = tmp_path / "mine"
    make(
        {"mine/config.json": json.dumps(CONFIG), "mine/mine.py": MINE.replace("RAN", repr(str(ran)))},
        tmp_path,
    )
    with pytest.raises(SymmeterError) as caught:
        load_model(f"hf:{folder}", untrained=True)
    assert "\n" not in str(caught.value) and not ran.exists()
    with pytest.raises(SymmeterError, match="flag of its own"):
        load_model(f"hf:{folder}", untrained=True, model_kwargs={"trust_remote_code": True})
    assert not ran.exists()
    loaded = load_model(f"hf:{folder}", untrained=True, trust_remote_code=True)
    assert ran.exists() and type(loaded.model).__name__ == "Mine"


@pytest.mark.parametrize("page", ["README.md", "docs/sweeps.md", "docs/quick-start.md"])
def test_pages_say_so_and_link_to_the_model_of_trust(page):
    assert "SECURITY.md)" in (ROOT / page).read_text()
    assert "nothing that is in a file of data ever is" in " ".join((ROOT / page).read_text().split())


def test_the_model_of_trust_names_every_kind_of_input():
    text = (ROOT / "SECURITY.md").read_text()
    for word in ("images", "weights", "stores", "lists", "ONNX", "saved results", "FILE.py", "--allow-code",
                 "--trust-remote-code", "report"):  # fmt: skip
        assert word.lower() in text.lower(), word
