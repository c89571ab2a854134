"""What holds a worker: it ends with its sweep whatever it does, and systems that lack something are told of it."""

import ast
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest
from tests.sweeps.conftest import ZOO

import symmeter
from symmeter.sweeps.executors import containment
from symmeter.sweeps.executors.containment import missing, oom_kills

SOURCE = Path(symmeter.__file__).parent
ON_LINUX = sys.platform == "linux"


def gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.mark.skipif(not ON_LINUX, reason="only Linux ends a process that holds Python's lock")
def test_a_worker_that_holds_the_lock_of_python_ends_with_its_sweep_and_so_do_its_children(tmp_path):
    (tmp_path / "sweep.py").write_text(textwrap.dedent("""
        import ctypes, multiprocessing, os, pathlib, time
        from symmeter.sweeps.executors.containment import contain
        from symmeter.sweeps.executors.executor import Limits

        def work():
            contain(Limits())
            child = os.fork() or time.sleep(3600)
            pathlib.Path("made").write_text(f"{os.getpid()} {child}")
            pathlib.Path("made").rename("there")
            ctypes.PyDLL(None).sleep(3600)  # PyDLL, unlike CDLL, keeps the lock

        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
    """))  # fmt: skip
    sweep = subprocess.Popen(
        [sys.executable, "sweep.py"], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(SOURCE.parent)}
    )
    while not (tmp_path / "there").exists():
        assert sweep.poll() is None
        time.sleep(0.05)
    pids = [int(word) for word in (tmp_path / "there").read_text().split()]
    assert not any(map(gone, pids))
    sweep.kill()
    sweep.wait()
    deadline = time.monotonic() + 300  # only a failure takes that long
    while not all(map(gone, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_no_file_needs_at_import_what_only_posix_has():
    """Neither a module, nor a name of `os` and `signal` in the body of a module or as a default."""
    modules = {"resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "readline", "posix"}
    names = {
        "SIGKILL",
        "SIGHUP",
        "SIGQUIT",
        "killpg",
        "getpgid",
        "setpgid",
        "fork",
        "O_ASYNC",
        "sysconf",
        "sched_getaffinity",
    }
    texts = {file: file.read_text() for file in SOURCE.rglob("*.py")}
    asked = {file: text for file, text in texts.items() if any(word in text for word in modules | names)}
    assert asked
    for file, text in asked.items():
        for node in at_import(ast.parse(text)):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not modules & set(imported), file
            assert not (isinstance(node, ast.Attribute) and node.attr in names), (file, node.lineno)


def at_import(node):
    """Nodes that are run as a module is imported."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from at_import(child)


def test_what_a_system_lacks_is_named(monkeypatch):
    if ON_LINUX:
        assert missing() == [] and oom_kills() is not None
    monkeypatch.setattr(containment, "_module", lambda name: None)
    monkeypatch.setattr(containment, "_GROUPS", False)
    assert [words.split()[0] for words in missing()] == ["a", "memory", "processes"]


@pytest.mark.slow
def test_a_sweep_where_posix_is_missing(tmp_path, images):
    """As on Windows: no `resource` and `fcntl`, no groups of processes, no fork server; in the workers too."""
    (tmp_path / "sitecustomize.py").write_text(textwrap.dedent("""
        import multiprocessing, os, psutil, sys  # psutil's part for Linux needs `resource` itself
        sys.modules["resource"] = sys.modules["fcntl"] = None
        for name in ("killpg", "setpgid", "getpgid", "getpgrp", "sched_getaffinity", "sysconf"):
            delattr(os, name)
        multiprocessing.set_start_method("spawn")
        multiprocessing.get_all_start_methods = lambda: ["spawn"]
    """))  # fmt: skip
    models = tmp_path / "models.csv"
    models.write_text(f"model,name,mean,std\n{ZOO}:small,small,0.5,0.25\n")
    path = os.pathsep.join([str(tmp_path), str(SOURCE.parent)])
    command = [
        sys.executable,
        "-m",
        "symmeter",
        "sweep",
        str(models),
        images,
        "--allow-code",
        f"{ZOO}:small",
        "--symmetry",
        "C4",
        "--store",
        str(tmp_path / "s"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    assert "1 cell: 1 done" in done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("on this system: ")]
    assert line.removeprefix("on this system: ").split("; ")[3:] == ["every cell imports its packages anew"]
