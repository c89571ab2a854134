"""What other systems lack is asked for before it is used: the package is imported and used without it, as on Windows."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src"

# Modules and functions that Python has on POSIX systems only, or on Linux only.
MODULES = ["fcntl", "resource", "pwd", "grp", "termios"]
FUNCTIONS = {
    "os": [
        "killpg",
        "getpgrp",
        "getpgid",
        "setpgid",
        "setsid",
        "fork",
        "sched_getaffinity",
        "O_NONBLOCK",
        "O_ASYNC",
    ],
    "signal": ["SIGKILL", "SIGHUP", "SIGALRM", "pthread_sigmask", "setitimer"],
}
ELSEWHERE = f"""
for name in {MODULES!r}:
    sys.modules[name] = None
for module, names in {FUNCTIONS!r}.items():
    for name in names:
        delattr({{"os": os, "signal": signal}}[module], name) if hasattr(sys.modules[module], name) else None
"""
IMPORTS = """
import pkgutil, symmeter
failed, count = [], 0
for found in pkgutil.walk_packages(symmeter.__path__, "symmeter."):
    if found.name == "symmeter.__main__":
        continue
    count += 1
    try:
        __import__(found.name)
    except symmeter.SymmeterError as error:
        if "symmeter[" not in str(error):  # a package that is not installed
            failed.append((found.name, error))
    except Exception as error:
        failed.append((found.name, error))
print(count, failed)
"""
MEASURES = """
from symmeter.cli import main
from symmeter.sweeps.executors.containment import missing
open("net.py", "w").write("from torch import nn\\ndef f(): return nn.Sequential(nn.Flatten(), nn.Linear(192, 2)).eval()")
import numpy as np
np.savez("d.npz", images=np.random.default_rng(0).integers(0, 255, (4, 8, 8, 3), dtype=np.uint8))
print(main("measure net.py:f d.npz --symmetry rotation --quiet --json r.json".split()), len(missing()))
"""


def elsewhere(code, place, first="import torch, scipy.stats"):
    """What code prints on a system that lacks these; `first` is done while it does not yet."""
    words = [sys.executable, "-W", "ignore", "-c", f"import os, signal, sys\n{first}\n{ELSEWHERE}\n{code}"]
    return subprocess.run(words, cwd=place, capture_output=True, text=True, check=True, timeout=400).stdout


@pytest.mark.slow
def test_every_module_is_imported_and_a_model_measured_where_there_is_no_posix(tmp_path):
    imported, *_, measured = elsewhere(IMPORTS + MEASURES, tmp_path).splitlines()
    count, failed = imported.split(" ", 1)
    assert int(count) > 300 and failed == "[]"
    code, missing = map(int, measured.split())
    assert code == 0 and missing >= 3  # which a sweep says in one line
    assert (tmp_path / "r.json").exists()


def test_the_test_can_fail(tmp_path):
    assert elsewhere("print(hasattr(os, 'killpg'), hasattr(os, 'getpid'))", tmp_path, "").split() == [
        "False",
        "True",
    ]
    with pytest.raises(subprocess.CalledProcessError):
        elsewhere("import fcntl", tmp_path, "")


def without_encoding(source):
    """The lines that read or write text in whatever encoding a system has: ruff knows only those of a plain Path."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    texts = [call for call in calls if getattr(call.func, "attr", "") in ("read_text", "write_text")]
    return [call.lineno for call in texts if "encoding" not in [word.arg for word in call.keywords]]


def test_text_is_read_and_written_in_utf_8():
    found = {str(path): without_encoding(path.read_text(encoding="utf-8")) for path in SOURCES.rglob("*.py")}
    assert {path: lines for path, lines in found.items() if lines} == {}
    assert without_encoding("f.read_text()\ng.write_text('a', encoding='utf-8')\n") == [1]
