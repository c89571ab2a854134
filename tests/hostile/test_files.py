"""Files of every kind of data that are damaged or absurd: named in one line, and in folders skipped and counted."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.hostile.damaged import ABSURD, DAMAGE, WHOLE
from tests.hostile.lines import line_of
from torch import nn

from symmeter.draw import Draw
from symmeter.kinds_of_data import domains
from symmeter.models.loaded import LoadedModel

# What may be read all the same: text that is a table, a sound that begins late, a picture whose end is missing.
QUICK = ("empty", "page", "half", "spoilt")  # in the fast suite
TOLERANT = {
    ("a.wav", "half"), ("a.csv", "a tenth"), ("a.csv", "half"), ("a.csv", "turned"), ("a.xyz", "half"), ("a.ply", "turned"),
    ("a.xyz", "turned"), ("a.cif", "half"), ("a.cif", "a tenth"),
}  # fmt: skip


def opened(kind: str, path: Path, **options: Any) -> Any:
    """All that can be read of a path."""
    domain = domains()[kind](domains()[kind].Options(**options))
    samples = domain.open(str(path), LoadedModel(nn.Identity(), "net", {}), Draw())
    list(samples.batches(2))
    return samples


@pytest.mark.parametrize(
    "damage", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in DAMAGE]
)
@pytest.mark.parametrize(("kind", "name"), WHOLE)
def test_a_damaged_file_is_named_in_a_line(tmp_path, kind, name, damage):
    path = tmp_path / name
    DAMAGE[damage](WHOLE[kind, name])(path)
    line = line_of(opened, kind, path)
    if (name, damage) not in TOLERANT:
        assert name in line


@pytest.mark.parametrize(("kind", "name", "what"), ABSURD)
def test_an_absurd_file_is_named_in_a_line(tmp_path, kind, name, what):
    make, words = ABSURD[kind, name, what]
    make(tmp_path / name)
    line = line_of(opened, kind, tmp_path / name)
    assert re.search(words, line), line


@pytest.mark.parametrize(
    ("kind", "name"),
    [key for key in WHOLE if key[0] != "atoms" and not key[1].endswith("npz") and key != ("images", "a.npy")],
)
def test_in_a_folder_what_is_damaged_is_skipped_and_counted(tmp_path, kind, name):
    options = {"points": 4} if name.endswith("off") else {}  # of a mesh: a sample of its surface
    WHOLE[kind, name](tmp_path / name)
    good = opened(kind, tmp_path / name, **options).summary()
    assert (good["used"], good["skipped"]) == (1, 0)
    for damage in ("empty", "page", "ones"):
        DAMAGE[damage](WHOLE[kind, name])(tmp_path / f"{damage}.{name.partition('.')[2]}")
    found = opened(kind, tmp_path, **options).summary()
    assert (found["used"], found["skipped"]) == (1, 3)
    assert "page" in str(found["skipped_names"])
