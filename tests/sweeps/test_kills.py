"""Whatever is killed at whatever moment: after a resume a store has the rows of one that was left alone, bit for bit.

In the long test SYMMETER_KILLS says how often is killed, else each signal reaches each kind of process once;
SYMMETER_CELLS how many cells a store has.
"""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import product

import pandas as pd
import psutil
import pytest
import yaml
from tests.sweeps.conftest import ZOO

from symmeter.sweeps.store import Store

# What a process is known by: it is the sweep, or its command line has these words, or it is a child of the fork server.
VICTIMS = ("sweep", "worker", "multiprocessing.forkserver", "multiprocessing.resource_tracker")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PAIRS = list(product(VICTIMS, SIGNALS))
KILLS = int(os.environ.get("SYMMETER_KILLS", len(PAIRS)))
FEW = 4  # in every change's tests
CELLS = int(os.environ.get("SYMMETER_CELLS", 12))


class Running:
    """A sweep in a process of its own, with all processes that it was ever seen to have."""

    def __init__(self, arguments, log):
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        environment.pop("PYTEST_CURRENT_TEST", None)
        self._log = log.open("wb+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "symmeter", "sweep", *arguments],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env=environment,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        self._seen = {psutil.Process(self._process.pid)}
        self.interrupted = False

    def strike(self, victim, number, moment):
        """Send a signal at a random moment of what the victim does; False when the sweep has ended before."""
        while self._process.poll() is None:
            # A sweep may be killed while it starts; Ctrl-C before that is Python's own business.
            known = self._find(victim if victim != "sweep" or number == signal.SIGKILL else "worker")
            if known:
                time.sleep(moment)
                target = self._process if victim == "sweep" else known[0]
                try:
                    target.send_signal(number)
                except psutil.NoSuchProcess:
                    continue
                self.interrupted |= victim == "sweep" and number != signal.SIGKILL
                return victim != "sweep" or self._process.wait() is not None
            time.sleep(0.02)
        return False

    def ended(self):
        """The exit code and what was said, when nothing of its processes is left."""
        code = self._process.wait()
        self._log.seek(0)
        said = self._log.read().decode()
        self._log.close()
        deadline = time.monotonic() + 300  # only a failure takes that long
        while left := [process for process in self._seen if alive(process)]:
            assert time.monotonic() < deadline, (left, said)
            time.sleep(0.05)
        return code, said

    def _find(self, victim):
        family = self._family()
        self._seen.update(family)
        if victim == "sweep":
            return [self._process]
        return [process for process in family if kind(process) == victim]

    def _family(self):
        try:
            return psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


def kind(process):
    """What a process of a sweep is; a worker has the command line of the fork server whose child it is."""
    try:
        words, above = " ".join(process.cmdline()), " ".join(process.parent().cmdline())
    except (psutil.Error, AttributeError):
        return ""
    helpers = [name for name in VICTIMS[2:] if name in words]
    return "worker" if VICTIMS[2] in words and VICTIMS[2] in above else "".join(helpers)


def alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def rows(store):
    """All that a store says of its cells, but when they were done and how long that took."""
    frame = Store(store).frame().drop(columns=["created", "seconds"])
    return frame.sort_values(["name", "symmetry", "measure"]).reset_index(drop=True)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [FEW, pytest.param(KILLS, marks=pytest.mark.long)])
def test_killed_at_any_moment_a_store_is_what_it_would_have_been(tmp_path, images, kills):
    models = tmp_path / "models.yaml"
    models.write_text(yaml.safe_dump([
        {"model": f"{ZOO}:slow", "name": str(width), "model_kwargs": {"width": width}, "mean": [0.5], "std": [0.25]}
        for width in range(2, 2 + CELLS)
    ]))  # fmt: skip
    chance = random.Random(0)
    strikes = [pair for _ in range(-(-kills // len(PAIRS))) for pair in chance.sample(PAIRS, len(PAIRS))][
        :kills
    ]

    struck = 0

    def complete(store, strikes):
        """A sweep that is started again until it is complete; the last strikes come first."""
        nonlocal struck
        for _ in range(2 * kills):
            running = Running([*arguments, str(store)], tmp_path / "log")
            while strikes and running.strike(*strikes[-1], chance.uniform(0, 1)):
                print(store.name, *strikes.pop(), flush=True)
                struck += 1
            code, said = running.ended()
            if running.interrupted and code:
                assert code == 130 and "interrupted: start again to go on" in said, said
                assert os.listdir(store / "claims") == []
            assert "Traceback" not in said, said
            if code == 0:
                return said
            assert code in (-signal.SIGKILL, 130), said
        raise AssertionError("it does not come to an end")

    code = ["--allow-code", f"{ZOO}:slow"]
    arguments = [str(models), images, *code, "--symmetry", "rotation,C4", "--jobs", "2", "--store"]
    said = complete(tmp_path / "whole", [])
    assert f"{CELLS} cells: {CELLS} done, 0 there already, 0 failed" in said
    whole, number = rows(tmp_path / "whole"), 0
    while strikes:
        number += 1
        complete(tmp_path / f"{number}", strikes)
        pd.testing.assert_frame_equal(rows(tmp_path / f"{number}"), whole, check_exact=True)
    assert number and struck == kills
