"""A small zoo, and images for it."""

from pathlib import Path

import numpy as np
import pytest

ZOO = Path(__file__).with_name("zoo.py")
SETTINGS = {"symmetry": "rotation,C4", "progress": False, "jobs": 2}


@pytest.fixture
def images(tmp_path):
    """An .npz of eight images."""
    path = tmp_path / "images.npz"
    random = np.random.default_rng(0)
    np.savez(
        path, images=random.integers(0, 256, (8, 12, 12, 3), dtype=np.uint8), labels=random.integers(0, 5, 8)
    )
    return str(path)


@pytest.fixture
def rows():
    """Rows of a list of models: some widths of the small network."""
    return lambda *widths: [
        {
            "model": f"{ZOO}:small",
            "name": f"small {w}",
            "model_kwargs": {"width": w},
            "mean": [0.5],
            "std": [0.25],
        }
        for w in widths
    ]


def numbers(frame):
    """What must not depend on how a sweep went: the numbers of every row."""
    labels = ["name", "measure", "symmetry", "output", "layer"]
    return frame.sort_values(labels)[[*labels, "value", "standard_error", "control", "n"]].reset_index(
        drop=True
    )
