"""Published points are those that were read off the figure, and a name finds no other file."""

import csv
import subprocess
import sys

import pytest
from tests.conftest import SHARED

from symmeter.sweeps.presets.points import published_points


def test_points_are_those_of_the_figure():
    path = SHARED / "reference" / "gruver2023_figure1_right.csv"
    if not path.is_file():
        pytest.skip("needs ../shared")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    found = published_points("gruver2023")
    assert [(p.accuracy, p.error, p.family) for p in found] == [
        (float(row["imagenet_acc_percent"]), float(row["translation_equiv_error"]), row["family"]) for row in rows
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["none", "", "../presets/gruver2023", "/etc/passwd"])
def test_another_name_has_none(name):
    assert published_points(name) == ()


def test_no_torch_is_needed():
    code = "import sys, symmeter.sweeps.presets.points; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
