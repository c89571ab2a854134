"""The same numbers to the last bit: in another process, after other work, in pieces, and whatever the machine is at."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from tests.sweeps.conftest import ZOO
from torch import nn

import symmeter
from symmeter.autodiff.pushforward import Pushforward

CODE = """
import json, sys, time
import torch
from torch import nn
import symmeter

def network(seed, outputs):
    torch.manual_seed(seed)
    layers = [nn.Conv2d(3, 6, 3), nn.GELU(), nn.Conv2d(6, 8, 3, stride=2), nn.ReLU(), nn.Flatten()]
    return nn.Sequential(*layers, nn.LazyLinear(outputs))

def rows(outputs, symmetry):
    net = network(0, outputs)
    net(torch.zeros(1, 3, 14, 14))
    images = torch.rand(19, 3, 14, 14, generator=torch.Generator().manual_seed(1))
    found = symmeter.measure(net.eval(), images, symmetry=symmetry, progress=False)
    return [repr(row) for row in found.rows]

if sys.argv[1] == "busy":  # another clock, heap and history
    clock = time.perf_counter
    time.perf_counter = lambda: clock() * 7 + hash(clock()) % 3
    kept = [torch.rand(2**18) for _ in range(50)]
    rows(4, "scale,D4")
found = [rows(outputs, symmetry) for outputs in (3, 30) for symmetry in ("translation,rotation", "C4,shift(2)")]
print(json.dumps(sum(found, [])))
"""


@pytest.fixture
def small_images(tmp_path):
    """An .npz of eight images."""
    random = np.random.default_rng(0)
    np.savez(tmp_path / "images.npz", images=random.integers(0, 256, (8, 12, 12, 3), dtype=np.uint8))
    return str(tmp_path / "images.npz")


def in_a_fresh_process(how):
    code = f"import sys; sys.path[:] = {sys.path!r}\n{CODE}"
    done = subprocess.run([sys.executable, "-c", code, how], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_two_processes_give_the_same_rows_to_the_last_bit():
    quiet, busy = in_a_fresh_process("quiet"), in_a_fresh_process("busy")
    assert len(quiet) == 10
    assert all("floor=" in row and "control=" in row and "standard_error=" in row for row in quiet)
    assert quiet == busy


def test_a_floor_does_not_hang_on_how_many_images_go_at_once():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Tanh(), nn.Flatten(), nn.Linear(6 * 64, 30)).eval()
    images = torch.rand(8, 3, 10, 10)
    floors = [
        symmeter.measure(net, images, symmetry="rotation", batch_size=size, progress=False).rows[0].floor
        for size in (1, 2, 8)
    ]
    assert max(floors) < 1.25 * min(floors)  # round-off itself falls out a little otherwise


def test_nothing_that_chooses_looks_at_the_clock(monkeypatch):
    def no_clock():
        raise AssertionError("a choice by the clock")

    monkeypatch.setattr("time.perf_counter", no_clock)
    monkeypatch.setattr("time.process_time", no_clock)
    x, v = torch.randn(40, 12), torch.randn(3, 40, 12)
    net = nn.Sequential(nn.Linear(12, 40), nn.Tanh(), nn.Linear(40, 30)).requires_grad_(False)
    sizes = [
        [part.stop - part.start for part, _, _ in Pushforward(net).push(x, lambda part: v[:, part])]
        for _ in range(2)
    ]
    assert sizes[0] == sizes[1] == [40]


@pytest.mark.slow
def test_a_cell_is_the_same_alone_among_others_and_after_a_resume(tmp_path, small_images):
    entries = [
        {"model": f"{ZOO}:small", "name": str(w), "model_kwargs": {"width": w}, "mean": [0.5], "std": [0.25]}
        for w in (3, 4, 5)
    ]
    common = {"symmetry": "rotation,C4", "progress": False, "jobs": 1}
    symmeter.sweep(entries, small_images, tmp_path / "whole", **common)
    for part in ([entries[2]], entries[:1], entries):
        symmeter.sweep(part, small_images, tmp_path / "pieces", **common)
    whole, pieces = (
        symmeter.load(tmp_path / name).sort_values(["name", "symmetry", "measure"]).reset_index(drop=True)
        for name in ("whole", "pieces")
    )
    unlike = [column for column in whole if column in ("created", "seconds")]
    assert len(whole) == 3 * 2 and whole["floor"].notna().all()
    pd.testing.assert_frame_equal(whole.drop(columns=unlike), pieces.drop(columns=unlike), check_exact=True)
