"""What a run over frames costs: evaluations, calls, and memory that does not grow with the frames."""

import gc
import tracemalloc
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from tests.domains.atoms.frames import CLUSTERS, Around, Planted, Single, cluster
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


@pytest.mark.parametrize("frames", [1, 4])
@pytest.mark.parametrize("make", [lambda: counted(Around), lambda: counted(Single), Network])
def test_rotations_of_a_frame_cost_little_more_than_one_evaluation_each(make, frames: int):
    options: dict[str, Any] = {"elements": 120, "control": False, "progress": False, "output": "energy"}
    (row,) = measure(make(), CLUSTERS[:frames], "SO3", **options).rows
    assert row.verdict == "not resolved" and row.n == frames
    assert 120 * frames <= sum(CALLS) <= 1.1 * 120 * frames


def test_looking_for_the_cause_of_a_large_error_costs_a_few_more():
    options: dict[str, Any] = {"elements": 120, "control": False, "progress": False, "output": "forces"}
    (row,) = measure(counted(Planted), CLUSTERS[:1], "SO3", **options).rows
    assert row.value > 1e-3 and sum(CALLS) <= 1.12 * 120


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
