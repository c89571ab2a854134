"""Options that would have no effect are refused by name, and nothing measured is never a success."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.hostile.refused import Bad, check_refused, make, table, warm_up
from tests.hostile.test_hangs import FILES as NET

from symmeter.cli import compare, cure, layers, measure, robustness, sweep
from symmeter.cli.app import main
from symmeter.cli.inputs import KindOfData

GOOD = ("net.py:build", "t.npz")
GROUP, GENERATOR = ("--symmetry", "SO2"), ("--symmetry", "rotation")


def _broken(place: Path) -> None:
    place.write_bytes(b"no image")


def _archive(**arrays):
    return lambda place: np.savez(place, **arrays)


IMAGES = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
FAILING = """
from torch import nn
class Nan(nn.Module):
    def forward(self, x):
        return x.mean((2, 3)) * float("nan")
class Infinite(nn.Module):
    def forward(self, x):
        return x.mean((2, 3)) + float("inf")
class Raising(nn.Module):
    def forward(self, x):
        raise ValueError("not today")
class Empty(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))[:, :0]
class Nothing(nn.Module):
    def forward(self, x):
        return None
class Whole(nn.Module):
    def forward(self, x):
        return x.mean((2, 3)).long()
class Unable:
    def __init__(self):
        raise RuntimeError("no such weights")
"""
FILES = {
    **NET,
    "bad.py": FAILING,
    "damaged/a.png": _broken,
    "damaged/b.png": _broken,
    "hidden/.a.png": _broken,
    "none.npz": _archive(images=IMAGES[:0]),
    "infinite.npz": _archive(images=IMAGES, labels=np.full(4, np.inf)),
    "nothing.npz": _archive(images=IMAGES, labels=np.full(4, np.nan)),
    "halves.npz": _archive(images=IMAGES, labels=np.full(4, 0.5)),
    "some.npz": _archive(images=IMAGES, labels=np.array([0, 1, np.inf, 2])),
    "few.npz": _archive(images=IMAGES, labels=np.zeros(3, int)),
    "nan.npz": _archive(images=np.full((4, 3, 8, 8), np.nan, np.float32)),
    "empty/.keep": "",
}


def idle(name: str, command: str, *words: str) -> Bad:
    return Bad(name, tuple(command.split()), ("has no effect", *words, "leave it out"), FILES)


def of_measure(flags: str, *words: str) -> Bad:
    return idle(f"measure rotation {flags}", f"measure {' '.join(GOOD)} --symmetry rotation {flags}", *words)


IDLE = [
    of_measure("--padding zeros", "--padding zeros", "a group such as SO2"),
    of_measure("--padding circular", "--padding circular"),
    of_measure("--padding x=circular,y=reflect", "--padding"),
    of_measure("--elements 8", "--elements 8", "a group such as C4 or SO2"),
    of_measure("--sampling haar", "--sampling haar", "a group"),
    of_measure("--min-score .9", "--min-score 0.9", "boxes or keypoints"),
    of_measure("--min-iou .9", "--min-iou 0.9", "an output of boxes"),
    of_measure("--max-boxes 9", "--max-boxes 9", "boxes or keypoints"),
    of_measure("--time-step 2", "--time-step 2.0", "fields or boosts"),
    of_measure("--output logits --elements 8", "--elements 8"),
    of_measure("--range 1 --elements 8", "--elements 8"),
    *[
        idle(f"layers {flags}", f"layers {' '.join(GOOD)} --symmetry rotation {flags}", flags.split()[0])
        for flags in ("--padding zeros", "--elements 8", "--min-score .9", "--min-iou .9", "--max-boxes 9",
                      "--time-step 2", "--by kind --json -", "--depth 2 --json -", "--top 3 --json -",
                      "--probes 3 --aliasing", "--elements 3 --aliasing", "--inputs image --aliasing",
                      "--padding zeros --aliasing", "--min-score .9 --aliasing", "--time-step 2 --aliasing")
    ],
    *[
        idle(f"compare {flags}", f"compare net.py:build net.py:build --data t.npz --symmetry rotation {flags}",
             flags.split()[0])
        for flags in ("--padding zeros", "--elements 8", "--min-score .9", "--min-iou .9", "--max-boxes 9",
                      "--time-step 2")
    ],
    *[
        idle(f"compare saved {flags}", f"compare empty damaged {flags}", flags.split()[0], "measured already")
        for flags in ("--symmetry rotation", "--measure lee", "--elements 8", "--weights a.pt", "--output logits",
                      "--model-kwargs a=1", "--samples 3", "--seed 5", "--batch-size 3", "--device cuda",
                      "--padding zeros", "--img-size 3", "--domain points", "--inputs image", "--mean .5",
                      "--trust-remote-code")
    ],
    *[
        idle(f"sweep {flags}", f"sweep net.py:build t.npz --store s --symmetry rotation {flags}", flags.split()[0])
        for flags in ("--padding zeros", "--elements 8", "--sampling haar", "--min-score .9", "--min-iou .9",
                      "--max-boxes 9", "--time-step 2", "--probes 3", "--address ray://x")
    ],
    idle("both controls", f"measure {' '.join(GOOD)} --no-control --control stability", "--control", "--no-control"),
]  # fmt: skip

RUNS = {
    "an empty folder": ("empty", "no images in this folder"),
    "a folder of hidden images": ("hidden", "no images in this folder"),
    "damaged images": ("damaged", "none of the 2 images could be read"),
    "no such folder": ("nowhere", "no such file or folder"),
    "an archive of no images": ("none.npz", "images of shape (0, 8, 8, 3)"),
    "infinite labels": ("infinite.npz", "labels must be whole numbers"),
    "labels that are nothing": ("nothing.npz", "labels must be whole numbers"),
    "halves of classes": ("halves.npz", "labels must be whole numbers"),
    "one infinite label": ("some.npz", "labels must be whole numbers"),
    "too few labels": ("few.npz", "3 labels for 4 images"),
    "images of nothing": ("nan.npz", "must be uint8 pixels"),
}
MODELS = {
    "Nan": "NaN or infinite values for every image",
    "Infinite": "NaN or infinite values for every image",
    "Raising": "not today",
    "Empty": "not one class",
    "Nothing": "no tensor",
    "Whole": "real numbers can be measured",
    "Unable": "no such weights",
    "Missing": "no 'Missing'",
}
COMMANDS = {
    "measure": ("measure", "{model}", "{data}"),
    "measure over a group": ("measure", "{model}", "{data}", "--symmetry", "C4", "--output", "logits"),
    "measure to JSON": ("measure", "{model}", "{data}", "--json", "-"),
    "layers": ("layers", "{model}", "{data}"),
    "compare": ("compare", "{model}", "{model}", "--data", "{data}"),
}
NOTHING = [
    Bad(
        f"{command}: {name}",
        tuple(word.format(model="net.py:build", data=data) for word in words),
        (line,),
        FILES,
    )
    for command, words in COMMANDS.items()
    for name, (data, line) in RUNS.items()
] + [
    Bad(
        f"{command}: {name}",
        tuple(word.format(model=f"bad.py:{name}", data="t.npz") for word in words),
        (line,),
        FILES,
    )
    for command, words in COMMANDS.items()
    for name, line in MODELS.items()
]
CASES = [*IDLE, *NOTHING]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@table(CASES)
def test_it_is_refused_by_name(case, tmp_path, capsys):
    check_refused(case, tmp_path, capsys, soon=5)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["Nan", "Raising", "Empty", "Unable"])
def test_a_sweep_whose_models_all_fail_is_no_success(model, tmp_path, capsys):
    make(FILES, tmp_path)
    command = ["sweep", f"bad.py:{model}", "t.npz", "--store", "s", "--quiet", "--jobs", "1"]
    assert main(command) == 1
    assert main(command) == 1  # nothing is tried again, and it is a success no more than before
    assert "failed" in capsys.readouterr().out


# Flags that decide how, and not what: how fast, how much is shown, where it is written.
HOW = {"help", "batch_size", "device", "quiet", "json", "out", "plot", "figure", "width", "by", "depth", "top", "jobs", "executor",
       "address", "time_limit", "memory_limit", "retry_errors", "store", "layout", "allow_code", "config",
       "print_config", "dry_run", "finetune", "epochs", "no_recalibration", "strengths", "corruptions"}  # fmt: skip
# Flags that decide what: a value that is not the usual one. Where None stands, other tests show what it does.
WHAT = {
    "symmetry": "scale", "output": "logits", "measure": None, "control": "none", "no_control": "", "elements": "5",
    "sampling": "quadrature", "average": "2", "precision": None, "range": None, "bands": None, "weights": None, "untrained": "",
    "model_kwargs": "classes=4", "trust_remote_code": "", "domain": None, "inputs": None, "data": None, "samples": "2",
    "seed": "5", "seeds": None, "layers": None, "probes": "3", "aliasing": "", "definition": "periodic",
    "padding": "zeros", "img_size": "5", "crop_pct": "0.6", "mean": "0.3", "std": "0.3", "interpolation": "nearest",
    "min_score": "0.9", "min_iou": "0.9", "max_boxes": "3", "time_step": "2",
    "preprocessing": "torchvision:resnet18", "classes": "none.txt", "preset": None, "weights_from": None, "remedies": None,
    "loss": None,
}  # fmt: skip


def _flags(home) -> list[str]:
    commands = argparse.ArgumentParser().add_subparsers(parser_class=measure.Parser)
    made = home.parser(commands, KindOfData())
    return [action.dest for action in made._actions if action.option_strings]


@pytest.mark.parametrize(
    "home", [measure, layers, compare, sweep, cure, robustness], ids=lambda home: home.__name__
)
def test_every_flag_is_known_to_these_tests(home):
    assert [flag for flag in _flags(home) if flag not in HOW and flag not in WHAT] == []


def _essence(out: str) -> dict:
    """A result without what only says what was asked for."""
    content = json.loads(out)
    found = {name: content.get(name) for name in ("rows", "accuracy", "warnings")}
    return found | {"model": content["model"], "used": content["data"]["used"]}


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", [GENERATOR, GROUP], ids=lambda words: words[1])
def test_every_flag_of_measure_changes_the_result_or_is_refused(symmetry, tmp_path, capsys):
    more = np.random.default_rng(1).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
    make({**NET, "t.npz": _archive(images=more)}, tmp_path)
    warm_up()
    base = ["measure", *GOOD, *symmetry, "--samples", "8", "--img-size", "6", "--json", "-"]

    def run(*more: str):
        torch.manual_seed(0)
        code = main([*base, *more])
        out, err = capsys.readouterr()
        return (_essence(out), "") if code == 0 else (None, err)

    usual, err = run()
    assert usual is not None, err
    ignored = []
    for flag in _flags(measure):
        value = WHAT.get(flag)
        if flag not in HOW and value is not None:
            found, line = run(f"--{flag.replace('_', '-')}", *filter(None, [value]))
            assert found is not None or line.startswith("symmeter: error: "), (flag, line)
            ignored += [flag] if found == usual else []
    assert ignored == []


def test_padding_matters_along_generators_where_whole_motions_are_made(tmp_path, capsys):
    make(NET, tmp_path)
    command = ["measure", *GOOD, *GENERATOR, "--control", "none", "--range", "2", "--json", "-"]
    found = []
    for padding in ("reflect", "zeros"):
        assert main([*command, "--padding", padding]) == 0
        found.append(json.loads(capsys.readouterr().out)["range"]["rows"])
    assert found[0] != found[1]
