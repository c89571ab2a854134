"""Sweeps on this machine: nothing is lost, nothing is done twice, and whatever a model does stays with it."""

import os
import shutil
import subprocess
import sys
import time

import pandas as pd
import pytest
from tests.helpers import check_refused
from tests.report.stores import made_up
from tests.sweeps.conftest import SETTINGS, ZOO, numbers

from symmeter.cli.app import main
from symmeter.errors import SymmeterWarning
from symmeter.sweeps.cell import packed
from symmeter.sweeps.executors.executor import Executor, Limits, Outcome
from symmeter.sweeps.executors.local import Local
from symmeter.sweeps.folder import StoreError
from symmeter.sweeps.places import path_of
from symmeter.sweeps.store import Store
from symmeter.sweeps.sweep import sweep

ALLOWED = ["--allow-code", f"{ZOO}:*"]  # the zoo lies outside of the folders of the lists
LIMITS = Limits(seconds=600, gigabytes=0.5)  # of time: only a failure takes that long, whatever the load


@pytest.fixture
def gate(tmp_path):
    """A folder where models wait for a file `open` (see zoo.gated)."""
    folder = tmp_path / "gate"
    folder.mkdir()
    yield folder
    (folder / "open").touch()


def at_gate(maker, gate, widths):
    return [
        {"model": f"{ZOO}:{maker}", "name": str(w), "model_kwargs": {"gate": str(gate), "width": w}}
        for w in widths
    ]


def bad(what, **kwargs):
    return {
        "model": f"{ZOO}:bad",
        "name": what,
        "model_kwargs": {"what": what},
        "mean": [0.5],
        "std": [0.25],
        **kwargs,
    }


def as_yaml(path, rows):
    import yaml

    path.write_text(yaml.safe_dump(rows))
    return str(path)


def test_a_sweep_is_resumed_and_gives_what_measure_gives(tmp_path, images, rows):
    import torch
    from tests.sweeps.zoo import small

    import symmeter

    first = sweep(rows(2, 3), images, tmp_path / "s", **SETTINGS)
    assert (first.cells, first.done, first.skipped, first.complete) == (2, 2, 0, True)
    again = sweep(rows(2, 3, 4), images, tmp_path / "s", **SETTINGS)
    assert (again.done, again.skipped, again.complete) == (1, 2, True)
    frame = symmeter.load(tmp_path / "s")
    assert set(frame["name"]) == {"small 2", "small 3", "small 4"} and len(frame) == 6
    torch.manual_seed(0)
    result = symmeter.measure(
        small(3).eval(), images, "rotation,C4", preprocessing={"mean": 0.5, "std": 0.25}, progress=False
    )
    own = frame[frame["name"] == "small 3"].set_index("symmetry")
    for row in result.rows:
        assert own.loc[row.symmetry, "value"] == pytest.approx(row.value, rel=1e-5)
        assert own.loc[row.symmetry, "top1"] == row.accuracy


@pytest.mark.parametrize(("what", "failure", "words"), [
    ("raise", "refused", "no such thing"),
    ("segfault", "crash", "SIGSEGV"),
    ("abort", "crash", "SIGABRT"),
    ("leave", "crash", "exit code 3"),
    ("eat", "memory", ""),
])  # fmt: skip
def test_whatever_a_model_does_is_recorded_and_stays_with_it(tmp_path, images, rows, what, failure, words):
    store = Store(tmp_path / "s", create=True)
    summary = sweep([bad(what), *rows(2)], images, store.root, **SETTINGS, limits=LIMITS)
    assert summary.failed == {failure: [what]} and summary.done == 1
    (error,) = store.errors().values()
    assert error["failure"] == failure and words in error["reason"]
    assert sweep([bad(what), *rows(2)], images, store.root, **SETTINGS).known == 1


def test_a_model_that_hangs_is_ended(tmp_path, images):
    """Left alone it would sleep for an hour, and then be done."""
    summary = sweep([bad("hang")], images, tmp_path / "s", **SETTINGS, limits=Limits(seconds=6))
    assert summary.failed == {"time": ["hang"]}
    assert "not done in 6 s" in str(Store(tmp_path / "s").errors())


@pytest.mark.parametrize("what", ["large batches", "memory error"])
def test_out_of_memory_steps_the_batch_down(tmp_path, images, what):
    model = bad(what)
    summary = sweep([model], images, tmp_path / "s", **{**SETTINGS, "symmetry": "C4"}, limits=LIMITS)
    assert summary.complete, Store(tmp_path / "s").errors()


def test_errors_are_tried_again_when_asked(tmp_path, images):
    path = tmp_path / "flaky.py"
    path.write_text("import torch\ndef build():\n    raise ValueError('not yet')\n")
    assert sweep(f"{path}:build", images, tmp_path / "s", **SETTINGS).failed
    spec = {**SETTINGS, "retry_errors": True}
    again = sweep(f"{path}:build", images, tmp_path / "s", **spec)
    assert again.failed and not again.known
    path.write_text(ZOO.read_text() + "\ndef build():\n    return small()\n")
    from symmeter.sweeps import keys

    keys._file_hash.cache_clear()
    assert sweep(f"{path}:build", images, tmp_path / "s", **spec).complete


def test_a_model_that_does_not_exist_is_refused_by_name(tmp_path, images):
    summary = sweep("timm:resnet18x", images, tmp_path / "s", untrained=True, **SETTINGS)
    assert list(summary.failed) == ["refused"]
    assert "did you mean 'timm:resnet18" in str(Store(tmp_path / "s").errors())


def test_damaged_cells_are_set_aside_and_done_again(tmp_path, images, rows):
    store = Store(tmp_path / "s", create=True)
    sweep(rows(2, 3), images, store.root, **SETTINGS)
    before = store.frame()
    key = sorted(store.keys())[0]
    path = path_of("rows", key)
    damaged = store.read(path)[:-50]
    store.write(path, damaged)
    with pytest.warns(
        SymmeterWarning, match=rf"{path} is damaged .*: its cell is set aside and measured again"
    ):
        summary = sweep(rows(2, 3), images, store.root, **SETTINGS)
    assert (summary.repaired, summary.done, summary.skipped) == (1, 1, 1)
    assert store.read(f"damaged/{path}") == damaged and store.broken(store.keys()) == {}
    pd.testing.assert_frame_equal(numbers(store.frame()), numbers(before))


class Elsewhere(Executor):
    """Brings made-up cells, in the order that is wanted; does what is told before some of them."""

    name = "elsewhere"
    width = 1

    def __init__(self, before=lambda number: None):
        self.before = before

    def run(self, tasks, started):
        for number, task in enumerate(tasks):
            started(task)
            self.before(number)
            name = task["entry"]["name"]
            _, result = next(made_up(1, seed=int(name.split()[1]), names=[name]))
            yield Outcome(task, packed(result, task, None))


def untimed(frame):
    return frame.drop(columns=["created", "seconds"])


def stop_before(number):
    def stop(current):
        if current == number:
            raise KeyboardInterrupt

    return stop


@pytest.mark.parametrize("stops", [(1,), (0, 2, 1)])
def test_a_store_that_was_resumed_is_that_of_an_undisturbed_sweep(tmp_path, images, rows, stops):
    call = {**SETTINGS, "symmetry": "C4"}
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    models = [{**row, f"tag {i}": i} for i, row in enumerate(rows(5, 3, 7, 2))]
    sweep(models, images, whole, **call, executor=Elsewhere())
    for number in stops:
        assert sweep(models, images, resumed, **call, executor=Elsewhere(stop_before(number))).interrupted
    assert sweep(models[::-1], images, resumed, **call, executor=Elsewhere()).complete
    one, other = Store(whole), Store(resumed)
    for folder in ("rows", "samples"):
        for key in one.keys() | other.keys():
            path = path_of(folder, key)
            assert one.read(path) == other.read(path)
    pd.testing.assert_frame_equal(untimed(one.frame()), untimed(other.frame()), check_exact=True)
    assert list(one.frame()["name"].unique()) == ["small 2", "small 3", "small 5", "small 7"]


def test_a_store_that_is_deleted_meanwhile_is_one_error(tmp_path, images, rows, capsys):
    store = tmp_path / "s"

    def delete(number):
        if number == 1:
            shutil.rmtree(store)

    call = {**SETTINGS, "symmetry": "C4", "executor": Elsewhere(delete)}
    with pytest.raises(StoreError, match=rf"store {store}: it is gone \(no symmeter.json\)") as caught:
        sweep(rows(2, 3, 4), images, store, **call)
    assert "\n" not in str(caught.value) and not store.exists()
    opened = Store(store, create=True)
    shutil.rmtree(store)
    check_refused("claims/k.json cannot be written: the folder is gone", opened.create, "claims/k.json", b"")


def test_a_sweep_takes_away_what_killed_ones_have_left(tmp_path, images, rows):
    call = {**SETTINGS, "symmetry": "C4", "executor": Elsewhere()}
    sweep(rows(2), images, tmp_path / "s", **call)
    program = f"""
import os
from pathlib import Path
from symmeter.sweeps.store import Store
store = Store({str(tmp_path / "s")!r})
Path.replace = lambda self, place: os._exit(9)
store.write("rows/k.parquet", b"half")
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    assert any(name.endswith(".part") for name in os.listdir(tmp_path / "s" / "rows"))
    sweep(rows(2), images, tmp_path / "s", **call)
    assert [name for name in os.listdir(tmp_path / "s" / "rows") if name.endswith(".part")] == []


def test_tags_are_renewed_without_measuring_again(tmp_path, images, rows):
    sweep([{**rows(2)[0], "year": 2020}], images, tmp_path / "s", **SETTINGS)
    summary = sweep([{**rows(2)[0], "year": 2021}], images, tmp_path / "s", **SETTINGS)
    assert summary.skipped == 1 and set(Store(tmp_path / "s").frame()["tag_year"]) == {"2021"}


def test_two_sweeps_on_one_store_share_the_work(tmp_path, images, gate):
    import threading

    models = at_gate("together", gate, range(2, 8))
    found = []
    spec = {**SETTINGS, "jobs": 1, "symmetry": "C4", "control": "none"}
    work = lambda: found.append(sweep(models, images, tmp_path / "s", **spec))
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(summary.done for summary in found) == 6 and all(summary.done for summary in found)
    assert len(Store(tmp_path / "s").frame()) == 6


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 48 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", str(place)], capture_output=True
    )
    if made.returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_ends_the_sweep_in_one_line_and_the_rest_is_done_later(
    small_disk, tmp_path, images, rows, capfd
):
    models = as_yaml(tmp_path / "m.yaml", rows(2, 3, 4, 5))
    arguments = ["sweep", models, images, *ALLOWED, "--symmetry", "rotation,C4", "--quiet", "--store"]
    assert main([*arguments, str(small_disk / "s")]) == 1
    error = capfd.readouterr().err
    assert "No space left on device" in error and "start again" in error and "Traceback" not in error
    kept = Store(small_disk / "s")
    assert kept.broken(kept.keys()) == {} and len(kept.keys()) < 4
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert main([*arguments, str(small_disk / "s")]) == 0
    assert main([*arguments, str(tmp_path / "whole")]) == 0
    pd.testing.assert_frame_equal(
        numbers(kept.frame()), numbers(Store(tmp_path / "whole").frame()), rtol=1e-5
    )


class Devices(Executor):
    """Records where cells would run."""

    name = "recorded"
    width = 1

    def run(self, tasks, started):
        for task in tasks:
            started(task)
            yield Outcome(task, failure="error", reason="nothing was run")


def test_every_cuda_device_is_one_place():
    executor = Local(limits=LIMITS, count_devices=lambda: 3)
    assert executor.width == 3 and executor._devices == ["cuda:0", "cuda:1", "cuda:2"]
    assert Local(jobs=4, limits=LIMITS, count_devices=lambda: 2)._devices == ["cuda:0", "cuda:1"] * 2
    assert Local(jobs=2, limits=LIMITS, count_devices=lambda: 0)._devices == [None, None]
    assert Local(device="cpu", limits=LIMITS, count_devices=lambda: 3)._devices == ["cpu"]


def test_a_device_has_one_cell_at_a_time(monkeypatch):
    import threading

    from symmeter.sweeps.executors import local

    busy, most, lock = {}, {}, threading.Lock()
    both = threading.Barrier(2, timeout=600)  # of time: only a failure takes that long

    def pretend(task, limits, stop):
        device = task["device"]
        with lock:
            first = device not in busy
            busy[device] = busy.get(device, 0) + 1
            most[device] = max(most.get(device, 0), busy[device])
        if first:
            both.wait()  # until the other device is busy too
        time.sleep(0.02)  # time for a third to come in, were it let
        with lock:
            busy[device] -= 1
        return Outcome(task)

    monkeypatch.setattr(local, "isolated", pretend)
    executor = Local(limits=LIMITS, count_devices=lambda: 2)
    outcomes = list(executor.run(({"key": str(i)} for i in range(12)), lambda task: None))
    assert {o.task["key"] for o in outcomes} == {str(i) for i in range(12)}
    assert most == {"cuda:0": 1, "cuda:1": 1}


def test_any_engine_fills_the_same_store(tmp_path, images, rows):
    summary = sweep(rows(2), images, tmp_path / "s", symmetry="C4", executor=Devices(), progress=False)
    assert summary.failed == {"error": ["small 2"]}


@pytest.mark.parametrize(("change", "words"), [
    ({"executor": "slurm"}, "unknown executor 'slurm'; choose from local, ray"),
    ({"symmetry": "rotat"}, "unknown symmetry 'rotat'"),
    ({"measure": "consistency"}, "needs a group"),
    ({"batch_size": 0}, "batch_size is 0"),
    ({"data": "nowhere"}, "nowhere: no such file or folder"),
    ({"models": {"model": "timm:resnet18", "weights": "none.pth"}}, "weights none.pth: no such file"),
])  # fmt: skip
def test_mistakes_are_found_before_anything_is_run(tmp_path, images, change, words):
    call = {"models": "timm:resnet18", "data": images, "store": tmp_path / "s", "untrained": True, "symmetry": "rotation",
            "progress": False, **change}  # fmt: skip
    check_refused(words, sweep, **call)


def test_plain_progress_tells_of_every_cell(tmp_path, images, rows, capfd):
    models = as_yaml(tmp_path / "m.yaml", [*rows(2), bad("raise")])
    assert main(["sweep", models, images, *ALLOWED, "--symmetry", "C4", "--store", str(tmp_path / "s")]) == 1
    output, error = capfd.readouterr()
    assert "2/2" in error and "small 2" in error and "no such thing" in error
    assert (
        "2 cells: 1 done, 0 there already, 1 failed" in output
        and "cannot be measured as asked: 1 (raise)" in output
    )
