"""What a run over frames of atoms costs: evaluations beside the elements times the frames, and memory per frame.

    python benchmarks/frames.py [--quick] [--elements 120] [--frames 10000]

The first table counts what a potential is asked: a calculator of ASE in float64, the same that computes in float32, one
with a planted direction, one with both, and a network, by which share they exceed elements times frames; the control,
which would double it, is off. The second measures many frames of several sizes with two elements: what a run keeps of
each, beside what the frames themselves take. Intervals, afterwards, take a table of resamples of at most 8 million
bytes.
"""

import argparse
import gc
import resource
import sys
import tracemalloc
import warnings
from collections.abc import Callable

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.lj import LennardJones
from torch import Tensor, nn

from symmeter.measuring.execution import run_over
from symmeter.measuring.measure import measure
from symmeter.measuring.plan import Given, Settings, make_plan

SIZES = (3, 5, 8)
CALLS: list[
    int
] = []  # frames of every call of a potential; what the potential itself holds is put back after a call


class Counted(Calculator):
    """A Lennard-Jones potential, with what may be wrong with it."""

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, round_to: type = np.float64, pull: float = 0.0):
        super().__init__()
        self.inner = LennardJones(sigma=1.0, epsilon=0.1, rc=3.0, smooth=True)
        self.round_to, self.pull = round_to, pull

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        CALLS.append(1)
        assert self.atoms is not None
        self.atoms.positions = self.atoms.positions.astype(self.round_to)
        self.inner.calculate(self.atoms, ["energy", "forces"], all_changes)
        forces = self.inner.results["forces"].copy()
        forces[:, 2] += self.pull * self.atoms.positions[:, 2]
        self.results = {"energy": self.inner.results["energy"], "forces": self.round_to(forces).astype(float)}


class Network(nn.Module):
    """An energy from the distances of pairs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(1, 4)
        self.double().eval()

    def forward(self, positions: Tensor) -> dict[str, Tensor]:
        CALLS.append(len(positions))
        squares = (positions[:, :, None] - positions[:, None]).square().sum(-1, keepdim=True)
        return {"energy": torch.tanh(self.layer(squares)).sum((1, 2, 3))}


def frame(seed: int, atoms: int = 5) -> Atoms:
    """Some atoms of argon, none too close to another."""
    places = np.array([(x, y, z) for x in range(2) for y in range(2) for z in range(3)], float)[:atoms]
    noise = np.random.default_rng(seed).uniform(-0.15, 0.15, (atoms, 3))
    return Atoms("Ar" * atoms, positions=1.3 * places + noise)


def evaluations(model: Counted | Network, frames: int, elements: int) -> float:
    """How many evaluations a run takes beside one for every element and frame, as a share of these."""
    CALLS.clear()
    measure(model, [frame(i) for i in range(frames)], "SO3", elements=elements, control=False, progress=False)
    return sum(CALLS) / (frames * elements) - 1


def memory(frames: int) -> tuple[float, float, float]:
    """What a run over a cheap function of a frame takes, and the frames, in bytes a frame; the highest memory in MiB.

    The first is what Python and NumPy hold at the peak of the run, beside the frames, the last that of the process.
    """
    energy = lambda atoms: {"energy": float(np.linalg.norm(atoms.positions[0] - atoms.positions[-1]))}
    gc.collect()
    tracemalloc.start()
    data = [frame(i, SIZES[i % len(SIZES)]) for i in range(frames)]
    own = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    settings = Settings(elements=2, sampling="haar", control=False, progress=False)
    plan = make_plan(energy, Given(data), "SO3", None, "energy", settings)
    run_over(plan, plan.symmetry.groups[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (peak - own) / frames, own / frames, highest


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer frames")
    parser.add_argument("--elements", type=int, default=120)
    parser.add_argument("--frames", type=int, default=10_000)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    potentials: dict[str, Callable[[], Counted | Network]] = {
        "calculator": Counted,
        "in float32": lambda: Counted(np.float32),
        "planted": lambda: Counted(pull=1e-2),
        "both": lambda: Counted(np.float32, pull=1e-2),
        "network": Network,
    }
    print(f"evaluations beside {arguments.elements} a frame, as a share of these")
    for name, make in potentials.items():
        shares = [evaluations(make(), frames, arguments.elements) for frames in (1, 8)]
        print(f"{name:12} one frame {shares[0]:6.1%}   eight frames {shares[1]:6.1%}")
    evaluations(Network(), 8, arguments.elements)
    print(f"network: {sum(CALLS) / len(CALLS):.1f} rotated frames a call")
    print("bytes per frame: the run at its peak, the frames; MiB of the process")
    most = 500 if arguments.quick else arguments.frames
    memory(SIZES[0])  # what is imported late
    for frames in (most // 10, most):
        run, data, highest = memory(frames)
        print(f"{frames:6} frames {run:8.0f} {data:8.0f} {highest:8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
