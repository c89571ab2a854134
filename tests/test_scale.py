"""Memory does not follow the number of samples: what is kept of each is a few numbers and its name."""

import pytest
from tests.processes import printed

_CODE = """
import sys, torch, symmeter
from torch import nn

class Images(torch.utils.data.Dataset):
    def __init__(self, count):
        self.count, self.some = count, torch.rand(256, 3, 8, 8)
    def __len__(self):
        return self.count
    def __getitem__(self, place):
        return self.some[place % 256].roll(place // 256, 2), place % 2

torch.manual_seed(0)
torch.set_num_threads(1)
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)).eval()
found = []
for count in (1_000, 100_000):
    result = symmeter.measure(net, Images(count), sys.argv[1], batch_size=64, progress=False)
    assert {row.n for row in result.rows} == {count}
    assert all(row.interval_low < row.value < row.interval_high for row in result.rows)
    found.append(peak())
print(found[1] - found[0])
"""


@pytest.mark.slow
@pytest.mark.parametrize("symmetry", ["translation_x", pytest.param("hflip", marks=pytest.mark.long)])
def test_a_hundred_thousand_images_take_as_much_memory_as_a_thousand(symmetry):
    (more,) = printed(_CODE, symmetry)
    assert float(more) < 30  # MiB
