"""What runs on a GPU, seen without one: tensors of `meta` refuse those of a CPU, and a GPU's memory is made up."""

import pytest
import torch
from torch import nn

from symmeter.autodiff.chunks import MOST, fitting, observed
from symmeter.autodiff.memory import available_bytes, out_of_memory, peak_bytes
from symmeter.autodiff.strategies import CentralDifference, OneByOne, Tiled, Vectorised
from symmeter.domains.grids.generators import FAMILIES, GENERATORS
from symmeter.symmetry.groups.basis import Basis

GPU = torch.device("cuda")


class Attending(nn.Module):
    """Something of all that has a rule."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.groups, self.layer = nn.GroupNorm(2, 8), nn.LayerNorm(8)
        self.attention = nn.Linear(8, 24)

    def forward(self, x):
        x = nn.functional.relu(self.norm(self.conv(x)), inplace=True)
        x += self.groups(x)
        tokens = self.layer(x.flatten(2).mT)
        query, key, value = self.attention(tokens)[:, None].chunk(3, -1)
        found = nn.functional.scaled_dot_product_attention(query, key, value)
        return nn.functional.gelu(found).mean((1, 2))


@pytest.mark.parametrize("strategy", [Vectorised(), Tiled(), OneByOne(), CentralDifference(1e-3)])
def test_strategies_make_nothing_on_another_device(strategy):
    net = Attending().eval().to("meta")
    x, v = torch.empty(2, 3, 8, 8, device="meta"), torch.empty(5, 2, 3, 8, 8, device="meta")
    with torch.no_grad():
        y, pushed = strategy(net, x, v)
    assert y.device.type == pushed.device.type == "meta"
    assert y.shape == (2, 8) and pushed.shape == (5, 2, 8)


def test_what_a_basis_combines_stays_where_it_is():
    basis = Basis.of([GENERATORS[name] for name in FAMILIES["affine"]])
    assert basis.combined(torch.empty(6, 2, 5, device="meta")).device.type == "meta"


def test_memory_of_a_gpu_is_that_which_torch_tells(monkeypatch):
    used = iter([3_000, 5_000])
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1_000, 9_000))
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: next(used))
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: next(used))
    assert available_bytes(GPU) == 1_000
    with peak_bytes(GPU) as peak:
        pass
    assert peak() == 2_000
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 MiB"))


def test_a_gpu_takes_more_images_at_once():
    largest = 4 * 64 * 112 * 112  # of ResNet-50
    assert fitting(largest, 8, GPU) == MOST > fitting(largest, 8, torch.device("cpu"))


def test_square_matrices_that_a_kernel_does_not_make_count_for_a_chunk():
    attend = lambda x: nn.functional.scaled_dot_product_attention(x, x, x)
    largest = observed(attend, torch.rand(1, 2, 50, 4)).largest
    assert largest == 4 * 2 * 50 * 50
