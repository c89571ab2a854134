"""The photographs that other packages ship: many, different, in colour, and large enough."""

import sys

import pytest
import torch
from tests.helpers import UNKNOWN, check_refused, images_of

from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.preprocessing import Preprocessing


def test_builtin_photographs():
    pytest.importorskip("skimage")
    data = open_data("builtin:photos", UNKNOWN.override(img_size=32))
    (batch,) = data.batches(100)
    assert len(batch.names) == data.total
    assert len(batch.names) >= 15
    assert "astronaut[1]" in batch.names
    assert len(set(batch.names)) == len(batch.names)
    assert data.skipped == []
    flat = batch.inputs.flatten(1)
    distances = torch.cdist(flat, flat) + 100 * torch.eye(len(flat))
    assert distances.min() > 1
    assert (batch.inputs[:, 0] - batch.inputs[:, 2]).abs().mean((1, 2)).min() > 0.01  # in colour


def test_builtin_photographs_are_large_enough_and_need_a_package(monkeypatch):
    pytest.importorskip("skimage")
    sizes = []
    keep = lambda image: sizes.append(image.size) or torch.zeros(3, 2, 2)
    data = open_data("builtin:photos", UNKNOWN)
    monkeypatch.setattr(Preprocessing, "__call__", lambda self, image: keep(image))
    list(data.batches(9))
    assert min(min(size) for size in sizes) >= 224
    monkeypatch.setitem(sys.modules, "skimage", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    check_refused(r"pip install 'symmeter\[demo\]'", images_of, "builtin:photos")
