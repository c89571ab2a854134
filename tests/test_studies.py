"""Every study runs, in its quick form, and goes on where it was stopped."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

STUDIES = Path(__file__).resolve().parents[1] / "studies"
NAMES = sorted(path.stem for path in STUDIES.glob("*.py") if "sys.exit(main(" in path.read_text())


def run(name, folder, *more):
    done = subprocess.run(
        [sys.executable, str(STUDIES / f"{name}.py"), "--quick", "--work", str(folder / "work"), "--out", str(folder), *more],
        capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("name", NAMES)
def test_a_study_has_table_figure_and_verdicts_and_is_resumed(name, tmp_path):
    first = run(name, tmp_path, "--data", str(tmp_path / "none"))
    assert "| claim | verdict | numbers |" in first.stdout and f"{name}: " in first.stderr
    assert len(pd.read_csv(tmp_path / f"{name}.csv")) >= 5
    assert (tmp_path / f"{name}.svg").stat().st_size > 1000
    again = run(name, tmp_path, "--data", str(tmp_path / "none"))
    assert again.stdout == first.stdout and again.stderr == ""
