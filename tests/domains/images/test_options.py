"""Options that name files or code: a list of models has no code, and what a file holds counts in a cell's key."""

import numpy as np
import pytest
from tests.helpers import check_refused

import symmeter
from symmeter.cli.app import main
from symmeter.domains.images.options import ImageOptions
from symmeter.options import as_written
from symmeter.sweeps import keys
from symmeter.sweeps.model_list import read_models
from symmeter.sweeps.plan import Spec, plan

CODE = """
import torch
from torchvision import transforms

def build():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2)).eval()

def small(image):
    return transforms.ToTensor()(image.resize((4, 4)))
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(CODE)
    (tmp_path / "own.py").write_text(CODE)
    np.savez("d.npz", images=np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8))
    return tmp_path


def test_a_list_of_models_names_no_preprocessing(place):
    (place / "m.csv").write_text("model,preprocessing\nnet.py:build,os:system\n")
    words = "preprocessing may name code, and a list does not"
    check_refused(words, read_models, "m.csv")
    check_refused(words, read_models, {"model": "net.py:build", "preprocessing": "own.py:small"})


def test_what_a_file_holds_is_a_part_of_what_a_cell_is_found_by(place):
    def key(**options):
        return plan(read_models({"model": "net.py:build"}), "d.npz", Spec("hflip", options=options))[0].key

    (place / "c.txt").write_text("cat\ndog\n")
    plain, first = key(), key(preprocessing="own.py:small", classes="c.txt")
    assert first == key(preprocessing="own.py:small", classes="c.txt")
    (place / "c.txt").write_text("dog\ncat\n")
    keys._file_hash.cache_clear()  # which a process keeps
    second = key(preprocessing="own.py:small", classes="c.txt")
    assert len({plain, first, second, key(classes="c.txt"), key(preprocessing="own.py:build")}) == 5
    assert key(img_size=4) not in (plain, first)


def test_a_sweep_takes_a_preprocessing_by_its_name(place, capsys):
    words = ["--symmetry", "hflip", "--output", "logits", "--preprocessing", "own.py:small"]
    assert main(["sweep", "net.py:build", "d.npz", "--store", "store", "--jobs", "1", *words]) == 0
    (value,) = symmeter.load("store")["value"]
    expected = symmeter.measure(
        "net.py:build", "d.npz", "hflip", output="logits", preprocessing="own.py:small", progress=False
    )
    assert value == pytest.approx(expected.rows[0].value, rel=1e-6)
    check_refused("a sweep takes words", symmeter.sweep, "net.py:build", "d.npz", "s", preprocessing=len)


def test_options_are_written_by_their_names():
    written = as_written(ImageOptions(preprocessing=len, classes={"cat": 0}), everything=False)
    assert written == {"preprocessing": "len", "classes": {"cat": 0}}
