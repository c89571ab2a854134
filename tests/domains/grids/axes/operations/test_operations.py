"""What the tracker says of an operation's output is tried on real tensors: moved before is moved after."""

import pytest
import torch
from tests.helpers import attribution_of
from torch import nn
from torch.nn import functional as F

from symmeter.domains.grids.axes.operations.operation import RULES, elementwise, rule_of
from symmeter.domains.grids.axes.rearranged import Rearranged
from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

GRID = Grid(Bandlimited())
SHAPE = (2, 4, 8, 12)
NAMES = ["translation_x", "translation_y", "rotation", "scale", "shear_x"]


def followed(f, shape=SHAPE) -> tuple[Representation | None, torch.Tensor]:
    """What is said of f(x), and f(x)."""
    x = torch.rand(shape, dtype=torch.float64).requires_grad_()
    with AxisTracker(x, GRID) as tracker:
        y = f(x)
        return tracker.representation(y), y.detach()


# linear maps that only move entries around: the representation of the output is exact
MOVES = {
    "flip": lambda z: z.flip(3),
    "flip both": lambda z: z.flip(2, 3),
    "flip of tokens": lambda z: z.flatten(2).mT.flip(1),
    "rows flipped inside windows": lambda z: z.unflatten(2, (4, 2)).flip(3),
    "flipped, then cut into windows": lambda z: z.flip(2).unflatten(2, (4, 2)).transpose(1, 2).flatten(0, 1),
    "quarter turn": lambda z: torch.rot90(z, 1, (2, 3)),
    "half turn": lambda z: torch.rot90(z, 2, (2, 3)),
    "three quarters": lambda z: torch.rot90(z, 3, (2, 3)),
    "quarter turn, axes from the last": lambda z: torch.rot90(z, 1, (-1, -2)),
    "quarter turn back": lambda z: torch.rot90(torch.rot90(z, 1, (2, 3)), -1, (2, 3)),
    "turned tokens": lambda z: torch.rot90(z, 1, (2, 3)).flatten(2).mT,
    "channels flipped": lambda z: z.flip(1),
    "patches side by side": lambda z: z.unfold(2, 2, 2).unfold(3, 3, 3),
    "patches as tokens": lambda z: z.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 1, 4, 5).flatten(1, 2).flatten(2),
    "channel shuffle": lambda z: F.channel_shuffle(z, 2),
    "pairs as complex": lambda z: torch.view_as_real(torch.view_as_complex(z.movedim(1, 3).unflatten(3, (2, 2)).contiguous())),
    "exchanged": lambda z: z.mT,
    "repeated": lambda z: z.repeat_interleave(2, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVES)
def test_what_only_moves_entries_is_known_exactly(name):
    f = MOVES[name]
    rho, _ = followed(f)
    assert rho is not None
    x = torch.rand(SHAPE, dtype=torch.float64)
    for generator in (GENERATORS[n] for n in NAMES):
        torch.testing.assert_close(rho.differentiate(generator, f(x)), f(GRID.differentiate(generator, x)))
    element = GENERATORS["rotation"].exp(0.2)
    torch.testing.assert_close(rho.act(element, f(x))[0], f(GRID.act(element, x)[0]))


def test_turning_back_gives_the_plain_grid():
    assert isinstance(followed(lambda z: torch.rot90(torch.rot90(z, 1, (2, 3)), -1, (2, 3)))[0], Grid)
    assert isinstance(followed(lambda z: z.flip(3).flip(3))[0], Grid)
    assert isinstance(followed(lambda z: torch.rot90(z, 2, (2, 3)))[0], Rearranged)


def unpooled(z, kernel=2):
    pooled, places = F.max_pool2d(z, kernel, return_indices=True)
    return F.max_unpool2d(pooled, places, kernel, output_size=z.shape[2:])


def unpooled_volumes(z):
    pooled, places = F.max_pool3d(z[:, None], (1, 2, 2), return_indices=True)
    return F.max_unpool3d(pooled, places, (1, 2, 2))[:, 0]


def turned_convolution(z):
    """Convolutions on turned maps, one of them with a stride, and turned back."""
    weight = torch.linspace(-1, 1, 4 * 4 * 9, dtype=z.dtype).reshape(4, 4, 3, 3)
    h = F.conv2d(F.pad(torch.rot90(z, 1, (2, 3)), (1, 1, 1, 1), mode="circular"), weight)
    return torch.rot90(F.avg_pool2d(h, 2), -1, (2, 3))


# maps that commute with shifts of the image by (4, 6) pixels on the torus; name: (f, rows and columns moved after)
COMMUTES = {
    "unpooling": (unpooled, (4, 6)),
    "unpooling, other kernel": (lambda z: unpooled(z, (4, 2)), (4, 6)),
    "unpooling of volumes": (unpooled_volumes, (4, 6)),
    "pooling of volumes": (lambda z: F.max_pool3d(z[:, None], (1, 2, 2))[:, 0], (2, 3)),
    "adaptive pooling of volumes": (lambda z: F.adaptive_avg_pool3d(z[:, None], (4, 4, 6))[:, 0], (2, 3)),
    "nearest": (lambda z: F.interpolate(z, scale_factor=2), (8, 12)),
    "nearest, volumes": (lambda z: F.interpolate(z[:, None], scale_factor=(1, 2, 2))[:, 0], (8, 12)),
    "rows repeated": (lambda z: z.repeat_interleave(2, 2), (4, 6)),
    "pixel shuffle": (lambda z: F.pixel_shuffle(z, 2), (8, 12)),
    "pixel unshuffle": (lambda z: F.pixel_unshuffle(z, 2), (2, 3)),
    "folded patches": (lambda z: F.fold(F.unfold(z, 2, stride=2), z.shape[2:], 2, stride=2), (4, 6)),
    "convolutions between turns": (turned_convolution, (2, 3)),
    "adaptive pooling": (lambda z: F.adaptive_max_pool2d(z, (4, 4)), (2, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMUTES)
def test_layouts_of_what_commutes_with_shifts(name):
    f, (rows, columns) = COMMUTES[name]
    rho, _ = followed(f)
    assert isinstance(rho, Grid | Rearranged)
    image = rho.to_grid if isinstance(rho, Rearranged) else lambda y: y
    x = torch.rand(SHAPE, dtype=torch.float64)
    before = image(f(x)).roll((rows, columns), (2, 3))
    torch.testing.assert_close(image(f(x.roll((4, 6), (2, 3)))), before)
    assert not torch.equal(before, image(f(x)))


def test_a_row_of_samples_is_a_grid_of_one_row():
    row = (2, 3, 1, 16)
    for f in (lambda z: z, lambda z: z.squeeze(2), lambda z: z.squeeze(2).mT, lambda z: z.squeeze(2).flip(2)):
        rho, _ = followed(f, row)
        assert rho is not None
        x = torch.rand(row, dtype=torch.float64)
        for generator in (GENERATORS[n] for n in NAMES):
            torch.testing.assert_close(
                rho.differentiate(generator, f(x)), f(GRID.differentiate(generator, x))
            )
    weight = torch.ones(5, 3, 3, dtype=torch.float64)
    strided, y = followed(lambda z: F.conv1d(z.squeeze(2), weight, stride=2, padding=1), row)
    assert strided is not None and strided.describe() == "grid 1 x 8, in pieces" and y.shape == (2, 5, 8)
    pooled = lambda z: F.max_pool1d(z.squeeze(2), 2, return_indices=True)
    unpooled, y = followed(lambda z: F.max_unpool1d(*pooled(z), 2), row)
    assert unpooled is not None and unpooled.describe() == "grid 1 x 16, in pieces" and y.shape == (2, 3, 16)
    assert followed(lambda z: z.mean(2))[0] is None  # one row is left, and it was not the only one


def test_operations_that_nobody_knows_have_no_rule():
    aten = torch.ops.aten
    known = {aten.mul.Tensor, aten.relu_.default, aten.ge_.Scalar, aten.gelu.default, aten._to_copy.default}
    assert all(rule_of(operation) is elementwise for operation in known)
    for operation in (
        aten.searchsorted.Tensor,
        aten.trace.default,
        aten.uniform_.default,
        aten.embedding.default,
    ):
        assert rule_of(operation) is None
    assert rule_of(aten.clamp_.default) is elementwise and "clamp" not in RULES


class SegNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.pool = nn.Conv2d(3, 6, 3, padding=1), nn.MaxPool2d(2, return_indices=True)
        self.middle, self.unpool, self.decode = (
            nn.Conv2d(6, 6, 3, padding=1),
            nn.MaxUnpool2d(2),
            nn.Conv2d(6, 2, 3, padding=1),
        )

    def forward(self, x):
        h = self.encode(x)
        pooled, places = self.pool(h)
        return self.decode(self.unpool(self.middle(pooled), places, output_size=h.shape))


def test_an_unpooling_layer_has_a_row():
    net = SegNet().eval()
    tree = attribution_of(net, torch.rand(2, 3, 8, 12), [GENERATORS["rotation"]], Grid(Bandlimited())).tree
    assert not tree.folded and {"unpool", "decode"} <= {part.layer for part in tree.parts}


def test_what_folds_names_the_option():
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Softmax(3), nn.Flatten(0, 1)).eval()
    tree = attribution_of(net, torch.rand(2, 3, 8, 12), [GENERATORS["rotation"]], Trivial()).tree
    assert all("tell it with layouts= (--layout)" in reason for reason in tree.folded.values())
