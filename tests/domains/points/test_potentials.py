"""Networks of molecules and proteins like those in use: what each must keep, and must not, is argued beforehand.

A network that is built of lengths alone cannot know how a molecule is turned or mirrored; one whose features are moved
by e3nn's matrices cannot either; one that reads the components of vectors must, but sees vectors only between atoms,
so that it cannot know where a molecule is; one that reads frames and dihedral angles keeps rotations, under which these
are the same, and no mirror image, which changes the sign of every dihedral angle.
"""

from typing import Any, NamedTuple

import pytest
import torch
from tests.domains.points.potentials import Backbone, ContinuousFilters, EdgeTransformer, TensorMessages
from torch import nn

import symmeter

# e3nn compiles when it is imported and when a layer is made, which torch says is no longer done; what the audit of
# actions says of twins is tested below.
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning", "ignore:.*times smaller"
)
RANDOM = torch.Generator().manual_seed(0)
MOLECULES = {
    "positions": 1.5 * torch.randn(4, 5, 3, generator=RANDOM, dtype=torch.float64),
    "numbers": torch.randint(1, 9, (4, 5), generator=RANDOM),
}
CHAINS = torch.cumsum(torch.randn(4, 15, 3, generator=RANDOM, dtype=torch.float64), 1).unflatten(1, (5, 3))
WORDS: dict[str, Any] = {"positions": "points", "numbers": "node scalars"}
PLAIN = {"energy": "invariant", "forces": "node vectors", "nodes": "node scalars"}
TENSORS = {
    "energy": "invariant", "forces": "node vectors", "dipole": "graph vectors", "moments": "node pseudovectors",
    "irreps": "node 0e+1o+2e",
}  # fmt: skip
FEW: dict[str, Any] = {"elements": 6, "sampling": "haar", "control": False, "progress": False}


class Case(NamedTuple):
    """A network, the words of its outputs, what it keeps and breaks, what its twin breaks, and in which outputs not."""

    network: type[nn.Module]
    outputs: dict[str, str]
    keeps: str
    breaks: str
    twin: str
    unharmed: str = ""


CASES = [
    Case(EdgeTransformer, PLAIN, "translation(1,40),permutation", "mirror(x),O3", "permutation"),
    Case(ContinuousFilters, PLAIN, "O3,translation(1,40),permutation", "", "SO3"),
    Case(TensorMessages, TENSORS, "O3,translation(1,40),permutation", "", "mirror(x)", "moments"),
]


def measured(net: nn.Module, symmetry: str, outputs: Any, data: Any = MOLECULES, **options: Any):
    return symmeter.measure(
        net, data, symmetry, "relative_error", outputs, **FEW | {"inputs": WORDS} | options
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.network.__name__)
def test_a_network_keeps_what_it_must_and_nothing_more(case: Case):
    net = case.network()
    for row in measured(net, case.keeps, case.outputs).rows:
        assert row.verdict == "not resolved" and row.value < 1e-11, row
    for row in measured(net, case.breaks, case.outputs).rows if case.breaks else ():
        assert row.value > 1e-2 and row.value > 1e6 * row.floor, row
    for row in measured(case.network(broken=True), case.twin, case.outputs).rows:
        harmed = row.output != case.unharmed
        assert (row.value > 1e-4 and row.value > 1e6 * row.floor) if harmed else row.value < 1e-11, row


def test_rotations_do_not_see_a_wrong_parity():
    """Nothing but parity tells vectors from pseudo-vectors: SO3 is blind to the fault of that twin."""
    for row in measured(TensorMessages(broken=True), "SO3", TENSORS).rows:
        assert row.verdict == "not resolved", row


@pytest.mark.parametrize("chiral", [True, False])
def test_a_chiral_network_of_backbones_keeps_rotations_and_no_mirror_image(chiral: bool):
    net = Backbone(chiral=chiral)
    options: dict[str, Any] = {"data": CHAINS, "inputs": "points"}
    for row in measured(net, "SO3,translation(40)", "logits:node scalars", **options).rows:
        assert row.verdict == "not resolved" and row.value < 1e-11, row
    for row in measured(net, "mirror(x),O3", "logits:node scalars", **options).rows:
        if chiral:
            assert row.value > 1e-2 and row.value > 1e6 * row.floor, row
        else:
            assert row.verdict == "not resolved", row
    (row,) = measured(Backbone(broken=True, chiral=chiral), "SO3", "logits:node scalars", **options).rows
    assert row.value > 1e-3 and row.value > 1e6 * row.floor
