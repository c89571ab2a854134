"""Trees of tensors: packed into one and taken apart again, with whole numbers as they were."""

from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch
from tests.helpers import check_refused

from symmeter.trees import Packing, Packings, tensors, unpacking_watched

Named = namedtuple("Named", "a b")


@dataclass
class Frame:
    pos: torch.Tensor
    words: str = "kept"


A, B = torch.rand(3, 2, 2), torch.tensor([[1, 2], [3, 2**24], [5, 6]])


@pytest.mark.parametrize("tree", [
    A, {"a": A, "b": B}, (A, B), [A, (B, None)], Named(A, B), Frame(A), {"deep": {"er": (A, Frame(A))}, "flag": B > 2},
], ids=["tensor", "dict", "tuple", "list", "named", "dataclass", "nested"])  # fmt: skip
def test_what_is_packed_is_unpacked(tree):
    packing = Packing.of(tree)
    packed = packing.pack(tree, torch.float64)
    assert packed.shape[0] == 3 and packed.ndim == 2 and packed.is_floating_point()
    back = packing.unpack(packed)
    assert type(back) is type(tree)
    for (path, given), (other, found) in zip(tensors(tree).items(), tensors(back).items(), strict=True):
        assert path == other and torch.equal(given, found.to(given))
        assert given.is_floating_point() or given.dtype == found.dtype


def test_what_is_no_tensor_is_handed_on():
    back = Packing.of((A, Frame(A), 7)).unpack(torch.zeros(2, 8))
    assert back[1].words == "kept" and back[2] == 7 and back[0].shape == (2, 2, 2)


def test_derivatives_reach_floating_leaves_alone():
    packing = Packing.of({"a": A, "b": B})
    x = packing.pack({"a": A, "b": B}).requires_grad_()
    (packing.unpack(x)["a"].square().sum() + packing.unpack(x)["b"].sum()).backward()
    scale = packing.leaves[0].scale  # by which the entries were divided
    assert torch.equal(x.grad[:, :4], 2 * scale * A.flatten(1)) and not x.grad[:, 4:].any()


def test_whole_numbers_that_would_be_rounded_are_refused():
    large = {"a": A.double(), "b": B + 1}  # the type of numbers is the model's, whatever the leaves are
    packing = Packing.of(large)
    check_refused(
        "'b' has whole numbers beyond 16777216, which float32 does not hold: measure", packing.pack, large
    )
    assert torch.equal(packing.unpack(packing.pack(large, torch.float64))["b"], B + 1)


def test_members_of_different_counts_are_refused():
    check_refused("differ in how many items they have: a 3, b 2", Packing.of, {"a": A, "b": B[:2]})
    check_refused("hold no tensor", Packing.of, {"a": 1})


def test_whoever_watches_sees_the_leaves_while_it_lasts():
    packing, seen = Packing.of((A, B)), []
    with unpacking_watched(seen.append):
        packing.unpack(torch.zeros(1, 6))
    packing.unpack(torch.zeros(1, 6))
    assert [tuple(leaf.shape) for leaf in seen[0]] == [(1, 2, 2), (1, 2)] and len(seen) == 1


def test_leaves_of_all_sizes_have_one_size_in_the_packing_and_lose_nothing():
    tree = {"small": 1e-6 * A, "large": torch.tensor([[49406], [12], [40000]]), "none": torch.zeros(3, 2)}
    packing = Packing.of(tree)
    packed = packing.pack(tree)
    for piece in packed[:, :5].split([4, 1], 1):
        assert 0.5 < float(piece.square().mean().sqrt()) < 2
    back = packing.unpack(packed)
    assert all(torch.equal(tree[name], back[name]) for name in tree)


def test_forms_are_told_apart_by_how_many_entries_they_have():
    small, large = Packing.of({"a": A}), Packing.of({"a": torch.cat([A, A], 1)})
    both = Packings.of([small, large])
    for packing in (small, large):
        assert torch.equal(both.unpack(packing.pack(packing.template))["a"], packing.template["a"])
    check_refused("two forms of inputs have 4 numbers each", Packings.of, [small, Packing.of(A)])
