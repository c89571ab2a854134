"""What a run over frames costs: evaluations, calls, and memory that does not grow with the frames."""

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from tests.domains.atoms.frames import CLUSTERS, CRYSTALS, Around, Planted, Single, cluster
from torch import Tensor, nn

from symmeter.measuring.execution import run_over
from symmeter.measuring.measure import measure
from symmeter.measuring.plan import Given, Settings, make_plan

CALLS: list[int] = []  # frames of every call: what a model itself holds is put back after a call


def counted(calculator: type[Around]) -> Around:
    """One that takes down its evaluations."""

    def after(self, atoms, results):
        CALLS.append(1)
        return calculator.after(self, atoms, results)

    CALLS.clear()
    return type("Counted", (calculator,), {"after": after})()


class Network(nn.Module):
    """An energy from the distances of pairs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(1, 4)
        self.double().eval()
        CALLS.clear()

    def forward(self, positions: Tensor) -> dict[str, Tensor]:
        CALLS.append(len(positions))
        squares = (positions[:, :, None] - positions[:, None]).square().sum(-1, keepdim=True)
        return {"energy": torch.tanh(self.layer(squares)).sum((1, 2, 3))}


MOST = 1.08  # times the elements


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("make", [lambda: counted(Around), lambda: counted(Single), Network])
def test_rotations_of_a_frame_cost_little_more_than_one_evaluation_each(make, frames: int):
    options: dict[str, Any] = {"elements": 120, "control": False, "progress": False, "output": "energy"}
    (row,) = measure(make(), CLUSTERS[:frames], "SO3", **options).rows
    assert row.verdict == "not resolved" and row.n == frames
    assert 120 * frames <= sum(CALLS) <= MOST * 120 * frames


class PlantedSingle(Planted, Single):
    """Broken, and in float32."""

    def after(self, atoms, results):
        return Single.after(self, atoms, Planted.after(self, atoms, results))


@pytest.mark.parametrize("kind", [Planted, PlantedSingle])
def test_looking_for_the_cause_of_a_large_error_costs_no_more(kind):
    """What an audit asks of a few elements has been asked already."""
    options: dict[str, Any] = {"elements": 120, "control": False, "progress": False, "output": "forces"}
    (row,) = measure(counted(kind), CLUSTERS[:1], "SO3", **options).rows
    assert row.value > 1e-3 and sum(CALLS) <= MOST * 120


def test_every_other_action_on_a_cell_costs_one_more():
    """One element tells that it is of no use."""
    options: dict[str, Any] = {"elements": 120, "control": False, "progress": False, "output": "forces"}
    result = measure(counted(Planted), CRYSTALS[:1], "SO3", **options)
    assert result.rows[0].value > 1e-3 and sum(CALLS) <= 1.1 * 120


def test_a_network_is_given_the_rotations_of_a_frame_in_batches():
    measure(Network(), CLUSTERS[:1], "SO3", elements=120, control=False, progress=False, batch_size=40)
    assert sorted(CALLS)[-3:] == [40, 40, 40]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_frames():
    """Beyond a number for every statistic, and a name."""
    energy = lambda atoms: {"energy": float(np.linalg.norm(atoms.positions[0] - atoms.positions[-1]))}

    def held(frames: list[Atoms]) -> int:
        settings = Settings(elements=2, sampling="haar", control=False, progress=False)
        plan = make_plan(energy, Given(frames), "SO3", None, "energy", settings)
        gc.collect()
        tracemalloc.start()
        run = run_over(plan, plan.symmetry.groups[0])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(run.run.names) == len(frames)
        return peak

    frames = [cluster(3 + i % 3, i) for i in range(2000)]
    held(frames[:10])
    few, many = held(frames[:500]), held(frames)
    assert (many - few) / 1500 < 400  # bytes a frame
