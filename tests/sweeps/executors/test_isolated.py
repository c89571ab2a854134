"""Processes of a sweep: those that die are told from those that are killed, and what helps them is replaced."""

import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest
from tests.sweeps.conftest import ZOO

from symmeter.sweeps.executors import isolated as module
from symmeter.sweeps.executors.executor import Limits
from symmeter.sweeps.executors.isolated import isolated
from symmeter.sweeps.model_list import read_models
from symmeter.sweeps.plan import Spec, plan

LIMITS = Limits(seconds=600)  # only a failure takes that long, whatever the load
SPEC = Spec(symmetry="C4", control="none")


@pytest.fixture
def task(images):
    """The task of a network of the zoo."""

    def made(maker, **kwargs):
        row = {"model": f"{ZOO}:{maker}", "model_kwargs": kwargs, "mean": [0.5], "std": [0.25]}
        (cell,) = plan(read_models([row]), images, SPEC.check(images))
        return {**cell.task(), "batch_size": None, "threads": 1}

    return made


class Gated:
    """A task that waits at a gate, in a thread."""

    def __init__(self, task, folder):
        self.gate = folder
        self._outcomes = []
        work = lambda: self._outcomes.append(isolated(task("gated", gate=str(folder), width=5), LIMITS))
        self._thread = threading.Thread(target=work)
        self._thread.start()

    def waits(self, count=1):
        """The processes that have come to the gate so far, when there are so many."""
        while (
            len(found := sorted(self.gate.glob("waits *"), key=lambda path: path.stat().st_mtime_ns)) < count
        ):
            assert self._thread.is_alive()
            time.sleep(0.02)
        return [int(path.name.split()[1]) for path in found]

    def outcome(self):
        (self.gate / "open").touch()
        self._thread.join()
        return self._outcomes[0]


@pytest.mark.slow
def test_fork_server_and_resource_tracker_are_replaced_and_nobody_notices(task, tmp_path):
    gated = Gated(task, tmp_path)
    (worker,) = gated.waits()
    for helper in (
        multiprocessing.forkserver._forkserver._forkserver_pid,
        multiprocessing.resource_tracker._resource_tracker._pid,
    ):
        os.kill(helper, signal.SIGKILL)
    assert gated.outcome().done and gated.waits() == [worker]
    assert isolated(task("small"), LIMITS).done


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda one: one.name)
def test_a_task_whose_process_is_killed_is_begun_again_as_it_was(task, tmp_path, number):
    gated = Gated(task, tmp_path)
    os.kill(gated.waits()[-1], number)
    second = gated.waits(2)[-1]
    os.kill(second, signal.SIGINT)  # is for the sweep
    outcome = gated.outcome()
    assert outcome.done and outcome.task["batch_size"] is None and len(gated.waits()) == 2


def test_it_is_not_begun_again_for_ever(task, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LIVES", 1)
    gated = Gated(task, tmp_path)
    os.kill(gated.waits()[-1], signal.SIGTERM)
    outcome = gated.outcome()
    assert outcome.failure == "lost" and outcome.reason.startswith("SIGTERM")


def test_killed_for_want_of_memory_is_tried_with_smaller_batches(task, tmp_path, monkeypatch):
    kills = iter([0, 1, 1, 1])
    monkeypatch.setattr(module, "oom_kills", lambda: next(kills))
    gated = Gated(task, tmp_path)
    os.kill(gated.waits()[-1], signal.SIGKILL)
    outcome = gated.outcome()
    assert outcome.done and outcome.task["batch_size"] == 8


def test_a_dead_worker_with_a_living_child_is_noticed_and_the_child_is_killed(task, tmp_path, monkeypatch):
    """The child has the worker's end of the pipe, and would keep it for an hour."""
    monkeypatch.chdir(tmp_path)
    outcome = isolated(task("bad", what="leave a child"), LIMITS)
    assert (outcome.failure, outcome.reason) == ("crash", "exit code 3")
    child = int(Path("child").read_text())
    deadline = time.monotonic() + 300  # only a failure takes that long
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_where_no_fork_server_lasts_processes_start_without_one(task, monkeypatch):
    def refused(fds):
        raise ConnectionRefusedError("killed")

    monkeypatch.setattr(multiprocessing.forkserver, "connect_to_new_process", refused)
    assert isolated(task("small"), LIMITS).done


def test_where_no_process_can_start_a_task_is_lost_and_no_more(task, monkeypatch):
    from symmeter.sweeps.executors import worker

    monkeypatch.setattr(worker, "_METHODS", ("forkserver",))
    monkeypatch.setattr(worker, "_PAUSE", 0)

    def refused(fds):
        raise OSError("no more processes")

    monkeypatch.setattr(multiprocessing.forkserver, "connect_to_new_process", refused)
    outcome = isolated(task("small"), LIMITS)
    assert (outcome.failure, outcome.reason) == ("lost", "no process can be started: no more processes")
