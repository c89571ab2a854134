"""Sweeps on a real Ray cluster of several node processes on this machine."""

import os
import threading
import time

import pandas as pd
import pytest
import torch
from tests.sweeps.conftest import ZOO, numbers

from symmeter.sweeps.executors.executor import Limits
from symmeter.sweeps.presets.preset import find_preset
from symmeter.sweeps.store import Store
from symmeter.sweeps.sweep import sweep

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # Ray's own
]
LIMITS = Limits(seconds=60, gigabytes=1)


@pytest.fixture
def cluster(monkeypatch):
    """A head without places, and two nodes with one each."""
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    made.nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    yield made
    ray.shutdown()
    made.shutdown()


def test_a_cluster_that_loses_a_node_gives_the_same_rows_as_this_machine(cluster, tmp_path, images):
    gate = tmp_path / "gate"
    gate.mkdir()
    # The first is done at once, the others wait until a node is lost.
    zoo = [{"model": f"{ZOO}:gated", "name": str(width), "model_kwargs": {"gate": str(gate), "width": width}, "mean": [0.5], "std": [0.25]}
           for width in (4, 5, 6)]  # fmt: skip
    zoo.append({"model": f"{ZOO}:bad", "name": "segfault", "model_kwargs": {"what": "segfault"}})
    spec = {"symmetry": "C4", "progress": False, "limits": LIMITS}
    found = []
    run = lambda: found.append(
        sweep(zoo, images, tmp_path / "ray", executor="ray", address=cluster.address, **spec)
    )
    thread = threading.Thread(target=run)
    thread.start()
    rows = tmp_path / "ray" / "rows"
    while thread.is_alive() and not (rows.is_dir() and len(os.listdir(rows)) >= 1 and os.listdir(gate)):
        time.sleep(0.1)
    lost = thread.is_alive()
    cluster.remove_node(cluster.nodes[0], allow_graceful=False)
    (gate / "open").touch()
    thread.join()
    assert lost and found
    (summary,) = found
    assert summary.done == 3 and summary.failed == {"crash": ["segfault"]}
    local = sweep(zoo, images, tmp_path / "local", jobs=2, **spec)
    assert local.failed == summary.failed
    one, other = (Store(tmp_path / name).frame() for name in ("ray", "local"))
    pd.testing.assert_frame_equal(numbers(one), numbers(other), check_exact=True)
    assert not one.duplicated(["name", "symmetry"]).any()
    again = sweep(zoo, images, tmp_path / "ray", jobs=1, **spec)  # the store does not mind who filled it
    assert (again.skipped, again.known, again.done) == (3, 1, 0)


@pytest.fixture
def weights(tmp_path):
    """Files that stand for the downloads of the preset `tryout`."""
    timm, safetensors = pytest.importorskip("timm"), pytest.importorskip("safetensors.torch")
    folder = tmp_path / "weights"
    folder.mkdir()
    for seed, entry in enumerate(find_preset("tryout").models):
        name = entry.model.removeprefix("timm:")
        torch.manual_seed(seed)
        safetensors.save_file(timm.create_model(name).state_dict(), folder / f"{name}.safetensors")
    return folder


@pytest.mark.long
def test_a_preset_from_local_files_outlives_a_node(cluster, tmp_path, images, weights):
    call = {
        "preset": "tryout",
        "weights_from": weights,
        "symmetry": "rotation",
        "samples": 2,
        "progress": False,
    }
    found = []
    on_ray = {"executor": "ray", "address": cluster.address, "limits": Limits(seconds=900, gigabytes=2)}
    run = lambda: found.append(sweep(None, images, tmp_path / "ray", **call, **on_ray))
    thread = threading.Thread(target=run)
    thread.start()
    rows = tmp_path / "ray" / "rows"
    while thread.is_alive() and not (rows.is_dir() and len(os.listdir(rows)) >= 3):
        time.sleep(0.1)
    before = len(os.listdir(rows))
    cluster.remove_node(cluster.nodes[0], allow_graceful=False)
    thread.join()
    assert 3 <= before < 12
    (summary,) = found
    assert (summary.cells, summary.done, summary.failed) == (12, 12, {}) and len(summary.notes) == 2
    local = sweep(None, images, tmp_path / "local", jobs=2, **call)
    assert local.done == 12
    one, other = (Store(tmp_path / name).frame() for name in ("ray", "local"))
    pd.testing.assert_frame_equal(numbers(one), numbers(other), check_exact=True)
    assert set(one["tag_preset"]) == {"tryout"} and one["weights"].nunique() == 12
