"""Axes are followed from the image; where they cannot be, nothing is said. Grids are not square, so that y is not x."""

import pytest
import torch
from tests.helpers import attribution_of
from torch import nn
from torch.nn import functional as F

from symmeter.domains.grids.axes.acting import axes_under, representation
from symmeter.domains.grids.axes.axes import BATCH, CHANNEL, X, Y, axis, size_of, tokens
from symmeter.domains.grids.axes.rearranged import Rearranged
from symmeter.domains.grids.axes.tracker import AxisTracker
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.generators_in_space import GENERATORS_IN_SPACE
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.domains.grids.tokens import Tokens
from symmeter.symmetry.representations.trivial import Trivial

GENERATORS_HERE = [GENERATORS["translation_x"], GENERATORS["rotation"]]


@torch.library.custom_op("symmeter_tests::roll", mutates_args=())
def roll(x: torch.Tensor) -> torch.Tensor:
    """Of the shape of its input, and nobody knows what it does."""
    return x.flip(3).clone()


CONV = nn.Conv2d(3, 8, 2, stride=2)


def followed(f, shape=(2, 3, 8, 12)):
    """What the tracker says of f(x): (representation, tensor)."""
    x = torch.rand(shape).requires_grad_()
    with AxisTracker(x, Grid(Bandlimited(), axes=x.ndim - 2)) as tracker:
        y = f(x)
        return tracker.representation(y), y


def windows(z, h=2, w=3):
    b, c, rows, columns = z.shape
    return z.view(b, c, rows // h, h, columns // w, w).permute(0, 2, 4, 3, 5, 1).reshape(-1, h * w, c)


def unwindows(z, batch, rows, columns, h=2, w=3):
    return (
        z.view(batch, rows // h, columns // w, h, w, -1)
        .permute(0, 5, 1, 3, 2, 4)
        .reshape(batch, -1, rows, columns)
    )


def squeeze_excite(z):
    return z * torch.sigmoid(z.mean((2, 3), keepdim=True))


def shortcut_in_place(z):
    y = F.relu(CONV(z), inplace=True)
    y += 2 * y.clone()
    return y


def attention(z):
    tokens = CONV(z).flatten(2).transpose(1, 2)
    tokens = torch.cat([torch.zeros(1, 1, 8).expand(len(z), -1, -1), tokens], 1)
    q, k, v = (tokens @ torch.ones(8, 8) for _ in range(3))
    heads = [t.view(len(z), -1, 2, 4).transpose(1, 2) for t in (q, k, v)]
    return F.scaled_dot_product_attention(*heads).transpose(1, 2).reshape(tokens.shape)


def written_attention(z):
    q = CONV(z).flatten(2).transpose(1, 2)
    return ((q @ q.transpose(1, 2)).softmax(-1) @ q).transpose(1, 2)


def coarse_queries(z):
    q, k = CONV(z).flatten(2).mT, F.conv2d(z, torch.ones(8, 3, 1, 1)).flatten(2).mT
    return (q @ k.mT).softmax(-1) @ k


@pytest.mark.parametrize(("f", "words"), [
    (CONV, "grid, channels first"),
    (shortcut_in_place, "grid, channels first"),
    (squeeze_excite, "grid, channels first"),
    (lambda z: CONV(z).permute(0, 2, 3, 1), "grid, channels last"),
    (lambda z: F.layer_norm(CONV(z).permute(0, 2, 3, 1), (8,)), "grid, channels last"),
    (lambda z: CONV(z).flatten(2).transpose(1, 2), "4 x 6 tokens behind 0"),
    (attention, "4 x 6 tokens behind 1"),
    (lambda z: attention(z)[:, 1:], "4 x 6 tokens behind 0"),
    (lambda z: attention(z)[:, 0], "invariant"),
    (lambda z: torch.cat([torch.zeros(2, 2, 8), attention(z)], 1), "4 x 6 tokens behind 3"),
    (written_attention, "grid 4 x 6, in pieces"),
    (lambda z: CONV(z).flatten(2), "grid 4 x 6, in pieces"),
    (lambda z: windows(CONV(z)), "grid 4 x 6, in pieces"),
    (lambda z: windows(CONV(z)) @ torch.ones(8, 5), "grid 4 x 6, in pieces"),
    (lambda z: unwindows(windows(CONV(z)), 2, 4, 6), "grid, channels first"),
    (lambda z: windows(CONV(z).roll((1, -1), (2, 3))), "grid 4 x 6, in pieces"),
    (lambda z: unwindows(windows(CONV(z).roll((1, 1), (2, 3))), 2, 4, 6).roll((-1, -1), (2, 3)), "grid, channels first"),
    (lambda z: z[:, :, ::2, ::2], "grid, channels first"),
    (lambda z: F.pad(z, (1, 2, 0, 0)), "grid, channels first"),
    (lambda z: F.pad(z, (1, 1, 1, 1), mode="circular"), "grid, channels first"),
    (lambda z: F.pixel_shuffle(z.repeat(1, 4, 1, 1), 2), "grid, channels first"),
    (lambda z: z.mean((2, 3)), "invariant"),
    (lambda z: F.adaptive_avg_pool2d(z.to(memory_format=torch.channels_last), 1), "invariant"),
    (lambda z: z.flatten(1), "grid 8 x 12, in pieces"),
    (lambda z: z.flatten(1) @ torch.ones(288, 5), "invariant"),
    (lambda z: torch.stack([z, z.sin()], 1), "grid 8 x 12, in pieces"),
    (lambda z: torch.cat(z.chunk(3, 1), 1), "grid, channels first"),
    (lambda z: z * z.mean((2, 3), keepdim=True).expand_as(z), "grid, channels first"),
    (lambda z: torch.cat([z, F.interpolate(F.adaptive_avg_pool2d(z, 1), size=(8, 12))], 1), "grid, channels first"),
    (lambda z: F.scaled_dot_product_attention(torch.ones(2, 1, 3), *[z.flatten(2).mT] * 2).flatten(1), "invariant"),
    (lambda z: z.flatten(2).mT + F.conv1d(z.flatten(2).mT, torch.ones(96, 96, 1)), "8 x 12 tokens behind 0"),
    (lambda z: z.flip(1)[:, torch.tensor([2, 0])].repeat(1, 2, 1, 1), "grid, channels first"),
    (lambda z: F.glu(torch.cat([z, z], 1), 1), "grid, channels first"),
    (lambda z: F.pad(z.flatten(2).mT, (0, 0, 1, 0)), "8 x 12 tokens behind 1"),
    (lambda z: torch.cat([(t := z.flatten(2).mT)[:, :0], t], 1), "8 x 12 tokens behind 0"),
    (lambda z: nn.LSTM(3, 3, batch_first=True)(z.flatten(2).mT)[0], "8 x 12 tokens behind 0"),
    (lambda z: F.conv2d(windows(z).mT.unflatten(2, (2, 3)), torch.ones(5, 3, 1, 1)), "grid 8 x 12, in pieces"),
    (lambda z: F.conv2d(z.unflatten(3, (6, 2)).permute(0, 1, 4, 2, 3).flatten(1, 2), torch.ones(5, 6, 1, 1)), "grid, channels first"),
    (lambda z: z.roll(2, 2).unflatten(2, (4, 2))[:, :, :, 0], "grid 4 x 12, in pieces"),
    (lambda z: z.view(2, 3, 4, 2, 12).amax(3), "grid, channels first"),
    (lambda z: F.unfold(z, 3), "grid 6 x 10, in pieces"),
    (lambda z: z.unfold(3, 3, 1), "grid 8 x 10, in pieces"),
    (lambda z: z.unfold(2, 4, 2), "grid 3 x 12, in pieces"),
    (coarse_queries, "4 x 6 tokens behind 0"),
])  # fmt: skip
def test_known_layouts(f, words):
    rho, y = followed(f)
    assert rho is not None and rho.describe() == words
    assert rho.differentiate(GENERATORS["rotation"], y.detach()).shape == y.shape


def merged_patches(z):
    """Swin's way: the fine half of each coordinate goes into channels, which a linear map then mixes."""
    b, c, h, w = z.shape
    pieces = z.permute(0, 2, 3, 1).reshape(b, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 4, 2, 5).flatten(3)
    return pieces @ torch.ones(4 * c, 2 * c)


def test_patch_merging_is_a_grid_of_half_the_size():
    rho, y = followed(merged_patches)
    assert rho is not None and rho.describe() == "grid, channels last" and y.shape == (2, 4, 6, 6)


@pytest.mark.parametrize("f", [
    lambda z: torch.fft.rfft2(z).abs(),
    lambda z: z.flatten(2) @ torch.ones(96, 96),  # mixes positions, though the sizes would fit
    lambda z: z.roll(1, 3).roll(1, 3).view(2, 3, 8, 12)[..., :6],
    lambda z: z.mean(3),
    lambda z: z.flatten(2).transpose(1, 2) @ z.flatten(2),  # both axes are the grid's
    lambda z: z.sum(),
    lambda z: torch.cat([z.flatten(2), torch.zeros(2, 3, 1)], 2),  # tokens behind the grid
    lambda z: z.flatten(2)[:, :, torch.randperm(96)].view(2, 3, 8, 12),
    lambda z: z.transpose(0, 1).reshape(2, 3, 8, 12),
    # of the same shape, but elsewhere
    lambda z: torch.fft.fft2(z).abs(),
    lambda z: z.cumprod(3),
    lambda z: z.roll(1, 3).flip(3),  # both at once are not followed
    lambda z: F.pad(z.flatten(2).mT, (0, 0, 1, 0)).flip(1),  # prefix tokens behind the grid
    lambda z: F.conv_transpose2d(F.adaptive_avg_pool2d(z, 1), torch.ones(3, 5, 8, 12)),  # grown from one index
    lambda z: F.max_unpool2d(F.adaptive_avg_pool2d(z, 1), torch.zeros(2, 3, 1, 1).long(), (8, 12)),
    lambda z: F.fold(z.mT.flatten(2), (8, 12), 1),  # places out of order
    lambda z: torch.take_along_dim(z, torch.randint(0, 12, (2, 3, 8, 12)), 3),
    # operations of others, whatever their name
    lambda z: torch.ops.symmeter_tests.roll(z),
    lambda z: torch.zeros(2, 3, 8, 12).scatter_add(3, torch.randint(0, 12, (2, 3, 8, 12)), z),
    lambda z: torch.zeros(2, 3, 8, 12).index_put((torch.tensor([1, 0]),), z),
    lambda z: torch.zeros(2, 3, 8, 12).index_copy(3, torch.randperm(12), z),
    lambda z: torch.take(z, torch.randperm(z.numel()).view(2, 3, 8, 12)),
    lambda z: F.grid_sample(z, z.permute(0, 2, 3, 1)[..., :2], align_corners=False),
    # the places inside windows, when the windows have gone
    lambda z: z.view(2, 3, 4, 2, 6, 2).mean((2, 4)),
    lambda z: z.view(2, 3, 4, 2, 6, 2).permute(0, 1, 3, 5, 2, 4).flatten(4) @ torch.ones(24, 24),
    lambda z: F.conv2d(z.view(2, 3, 4, 2, 12).flatten(1, 2), torch.ones(5, 12, 1, 1)),
    lambda z: F.max_pool2d(torch.cat([z, z], 1).view(2, 2, 3, 8, 12).transpose(1, 2).reshape(2, 3, 16, 12), 2),
    lambda z: F.conv2d(z.flatten(2).mT.unsqueeze(3), torch.ones(96, 96, 1, 1)),  # mixes positions
    lambda z: z.roll(1, 2).unflatten(2, (4, 2))[:, :, :, 0],  # rolled by half a step
    lambda z: F.pad(z.flatten(2).mT, (0, 0, 1, 0)).flatten(0, 1),  # prefix tokens inside the batch
    lambda z: F.pad(z.flatten(2).mT, (0, 0, 3, 0))[:, 0:9:4],
    lambda z: z.mean((2, 3))[:, None].expand(2, 4, 3).reshape(8, 3),  # images and channels on one axis
])  # fmt: skip
def test_what_is_not_known_is_not_guessed(f):
    assert followed(f)[0] is None


def test_constants_depend_on_nothing():
    x = torch.rand(2, 3, 4, 6)
    with AxisTracker(x, Grid(Bandlimited(), axes=x.ndim - 2)) as tracker:
        assert tracker.axes(torch.zeros_like(x)) is None
        assert tracker.axes(torch.ones(4, 4) @ torch.ones(4, 4)) is None


def test_windows_act_as_the_map_they_are_cut_from():
    x = torch.rand(2, 3, 4, 6, dtype=torch.float64)
    grid = Grid(Bandlimited())
    cut = windows
    rho, _ = followed(cut, (2, 3, 4, 6))
    assert isinstance(rho, Rearranged)
    for generator in GENERATORS_HERE:
        torch.testing.assert_close(
            rho.differentiate(generator, cut(x)), cut(grid.differentiate(generator, x))
        )
    g = torch.rand_like(x)
    torch.testing.assert_close(
        rho.pairing(cut(x))(GENERATORS_HERE, cut(g)), grid.pairing(x)(GENERATORS_HERE, g)
    )
    element = GENERATORS["translation_x"].exp(0.1)
    torch.testing.assert_close(rho.act(element, cut(x))[0], cut(grid.act(element, x)[0]))
    more = torch.rand(5, 3, 4, 6, dtype=torch.float64)  # the batch is not that of the tracker
    torch.testing.assert_close(
        rho.differentiate(GENERATORS["rotation"], cut(more)),
        cut(grid.differentiate(GENERATORS["rotation"], more)),
    )


def test_rolled_windows_act_as_the_map_before_it_was_rolled():
    x = torch.rand(2, 3, 4, 6, dtype=torch.float64)
    cut = lambda z: windows(z.roll((1, -2), (2, 3)))
    rho, _ = followed(cut, (2, 3, 4, 6))
    assert rho is not None
    for generator in GENERATORS_HERE:
        expected = cut(Grid(Bandlimited()).differentiate(generator, x))
        torch.testing.assert_close(rho.differentiate(generator, cut(x)), expected)


def test_prefix_tokens_inside_heads_stay_where_they_are():
    x = torch.rand(2, 8, 4, 6, dtype=torch.float64)

    def heads(z):
        tokens = torch.cat([torch.zeros(2, 1, 8, dtype=z.dtype), z.flatten(2).transpose(1, 2)], 1)
        return tokens.view(2, 25, 2, 4).transpose(1, 2)

    rho, _ = followed(heads, (2, 8, 4, 6))
    assert isinstance(rho, Rearranged)
    for generator in GENERATORS_HERE:
        expected = heads(Grid(Bandlimited()).differentiate(generator, x))
        torch.testing.assert_close(rho.differentiate(generator, heads(x)), expected)


def test_trivial_needs_the_whole_batch_alone_on_its_axis():
    assert followed(lambda z: z.mean((2, 3)))[0] == Trivial()
    assert followed(lambda z: z.mean((2, 3)).t())[0] == Trivial(1)
    assert followed(lambda z: z.mean((2, 3)).flatten())[0] is None


def written(z, write):
    """Zeros to which something is done in place, inside of a border."""
    whole = torch.zeros(len(z), z.shape[1], z.shape[2] + 2)
    write(whole[:, :, 1:-1], z)
    return whole


def steps(z):
    """The states (B, C) of a net that goes from sample to sample of z (B, C, L)."""
    h, found = torch.zeros(len(z), z.shape[1]), []
    for sample in z.unbind(2):
        h = torch.tanh(sample + h / 2)
        found.append(h)
    return found


def spectral(z):
    """The layer of a neural operator: low frequencies are mixed, along both axes and by channels."""
    spectrum = torch.fft.rfft2(z)
    mixed = torch.zeros(2, 5, 12, 5, dtype=torch.cfloat)
    weight = torch.ones(3, 5, 4, 3, dtype=torch.cfloat)
    mixed[:, :, :4, :3] = torch.einsum("bixy,ioxy->boxy", spectrum[:, :, :4, :3], weight)
    mixed[:, :, -4:, :3] = torch.einsum("bixy,ioxy->boxy", spectrum[:, :, -4:, :3], weight)
    return torch.fft.irfft2(mixed, s=(12, 8))


STRETCHED = torch.rand(2, 3, 12, 8, 6)


@pytest.mark.parametrize(
    ("f", "spacing"),
    [
        (lambda z: F.avg_pool3d(z, (4, 1, 1)), (1, 1, 2)),
        (lambda z: F.avg_pool3d(z, 2), (2, 2, 1)),
        (lambda z: F.interpolate(z, scale_factor=2), (0.5, 0.5, 0.25)),
        (lambda z: F.avg_pool3d(z, (4, 1, 1)).flatten(2).mT, (1, 1, 2)),
    ],
)
def test_steps_grow_as_the_grid_gets_coarser(f, spacing):
    with AxisTracker(STRETCHED, Grid(Bandlimited(), axes=3, spacing=(1, 1, 0.5))) as tracker:
        rho = tracker.representation(f(STRETCHED))
    assert isinstance(rho, Grid | Tokens) and rho.spacing == spacing


@pytest.mark.parametrize(("f", "shape", "words"), [
    (lambda z: F.conv1d(z, torch.ones(5, 3, 3), stride=2, padding=1), (2, 3, 12), "grid, channels first"),
    (lambda z: z.mT, (2, 3, 12), "grid, channels last"),
    (lambda z: F.avg_pool1d(z, 3, 2), (2, 3, 12), "grid, channels first"),
    (lambda z: z.unfold(2, 4, 2), (2, 3, 12), "grid 5, in pieces"),
    (lambda z: z.unfold(2, 4, 4), (2, 3, 12), "grid 12, in pieces"),
    (lambda z: nn.GRU(3, 4, batch_first=True)(z.mT)[0], (2, 3, 12), "grid, channels last"),
    (lambda z: nn.GRU(3, 4, 2)(z.permute(2, 0, 1))[0], (2, 3, 12), "grid 12, in pieces"),
    (lambda z: nn.GRU(3, 4, 2, batch_first=True)(z.mT)[1], (2, 3, 12), "invariant"),
    (lambda z: torch.stft(z[:, 0], 4, 2, window=torch.ones(4), return_complex=True).abs(), (2, 3, 12), "grid, channels first"),
    (lambda z: torch.stft(z[:, 0], 4, 2, window=torch.ones(4), return_complex=True).abs()[:, None], (2, 3, 12), "grid 7, in pieces"),
    (lambda z: z.unfold(2, 4, 4).flatten(2), (2, 3, 12), "grid, channels first"),
    (lambda z: F.conv3d(z, torch.ones(5, 3, 2, 2, 2), stride=(1, 2, 2)), (2, 3, 4, 6, 8), "grid, channels first"),
    (lambda z: F.conv3d(z, torch.ones(5, 3, 2, 2, 2), stride=2).flatten(2).mT, (2, 3, 4, 6, 8), "2 x 3 x 4 tokens behind 0"),
    (lambda z: F.pad(z.flatten(2).mT, (0, 0, 1, 0)), (2, 3, 2, 3, 4), "2 x 3 x 4 tokens behind 1"),
    (lambda z: z.movedim(1, 4), (2, 3, 4, 6, 8), "grid, channels last"),
    (lambda z: z.roll((1, -1), (2, 4)).roll((-1, 1), (2, 4)), (2, 3, 4, 6, 8), "grid, channels first"),
    (lambda z: z.roll(1, 2), (2, 3, 4, 6, 8), "grid 4 x 6 x 8, in pieces"),
    (lambda z: z.rot90(1, (2, 3)), (2, 3, 4, 6, 8), "grid 4 x 6 x 8, in pieces"),
    (lambda z: z.mean((2, 3, 4)), (2, 3, 4, 6, 8), "invariant"),
    (lambda z: z.flatten(0, 1).mean(1), (2, 3, 4, 6, 8), None),
    (lambda z: z.mean(2), (2, 3, 4, 6, 8), None),
    (lambda z: torch.fft.rfft(z).abs(), (2, 3, 12), None),
    (lambda z: torch.fft.irfft(torch.fft.rfft(z)[..., :4], n=24), (2, 3, 12), "grid, channels first"),
    (spectral, (2, 3, 12, 8), "grid, channels first"),
    (lambda z: torch.fft.ifftn(torch.fft.fftn(z, dim=(2, 3, 4)), dim=(2, 3, 4)).real, (2, 3, 4, 6, 8), "grid, channels first"),
    (lambda z: torch.fft.rfft(z.transpose(1, 2), dim=2).abs(), (2, 3, 12), "grid, channels last"),
    (lambda z: torch.fft.irfft(torch.fft.rfft(z) @ torch.ones(7, 7).cfloat()), (2, 3, 12), None),
    (lambda z: torch.stack(steps(z), 2), (2, 3, 12), "grid, channels first"),
    (lambda z: torch.stack([torch.stack(steps(z), 2)] * 2, 1), (2, 3, 12), "grid 12, in pieces"),
    (lambda z: torch.stack(steps(z.flip(2))[::-1], 0), (2, 3, 12), "grid 12, in pieces"),
    (lambda z: torch.cat([h[:, None] for h in steps(z)], 1), (2, 3, 12), "grid, channels last"),
    (lambda z: torch.stack([z[:, :, i] for i in range(0, 12, 3)], 2), (2, 3, 12), "grid, channels first"),
    (lambda z: torch.stack([*steps(z)[1:], z[:, :, 0]], 2), (2, 3, 12), None),  # out of order
    (lambda z: torch.stack([z[:, 0], z[:, 1]], 1), (2, 3, 12), "grid, channels first"),
    (lambda z: torch.stack([z[:, :, i].sum(2) for i in range(4)], 2), (2, 3, 4, 6), None),  # rows alone are no grid
    (lambda z: torch.stack([z[:, :, i] * 2 for i in range(4)], 2), (2, 3, 4, 6), "grid, channels first"),
    (lambda z: steps(z)[-1], (2, 3, 12), "invariant"),
    (lambda z: z.cumsum(2), (2, 3, 12), None),
    (lambda z: written(z, lambda part, h: part.copy_(h)), (2, 3, 12), "grid, channels first"),
    (lambda z: written(z, lambda part, h: part.add_(h)), (2, 3, 12), "grid, channels first"),
    (lambda z: written(z, lambda part, h: part[:, 0].add_(h[:, 0])), (2, 3, 12), None),
])  # fmt: skip
def test_lines_and_volumes(f, shape, words):
    rho, y = followed(f, shape)
    assert (rho and rho.describe()) == words
    if rho is not None:
        assert rho.differentiate(GENERATORS["translation_x"], y.detach()).shape == y.shape


def test_windows_of_volumes_act_as_the_volume_they_are_cut_from():
    x = torch.rand(2, 3, 4, 6, 8, dtype=torch.float64)
    cut = lambda z: (
        z.roll((1, 0, -1), (2, 3, 4))
        .unflatten(4, (4, 2))
        .unflatten(3, (3, 2))
        .permute(0, 4, 6, 2, 3, 5, 1)
        .flatten(0, 2)
    )
    rho, _ = followed(cut, x.shape)
    assert isinstance(rho, Rearranged) and rho.rolled == (1, 0, 7)
    grid = Grid(Bandlimited(), axes=3)
    for name in ("translation_z", "rotation_x", "rotation_y", "scale"):
        generator = GENERATORS_IN_SPACE[name]
        torch.testing.assert_close(
            rho.differentiate(generator, cut(x)), cut(grid.differentiate(generator, x))
        )


def test_packed_sequences_are_not_followed():
    """They have no axis of time."""
    packed = lambda z: nn.utils.rnn.pack_padded_sequence(z.mT, torch.tensor([12, 12]), batch_first=True)
    assert followed(lambda z: nn.GRU(3, 4, batch_first=True)(packed(z))[0].data, (2, 3, 12))[0] is None


FAMILIES = {
    "resnet10t": 0, "test_efficientnet": 0, "vit_tiny_patch16_224": 0, "deit_tiny_distilled_patch16_224": 0,
    "convnext_atto": 0, "poolformer_s12": 0, "pvt_v2_b0": 0, "swin_tiny_patch4_window7_224": 24, "levit_128s": 0,
    "vit_tiny_r_s16_p8_224": 0, "mobilevit_xxs": 0,
}  # fmt: skip


def test_tokens_with_a_prefix_that_share_an_axis_are_no_tokens():
    """(B, heads * N, d): the second head begins with a prefix of its own, in the middle of the axis."""
    both, places = axis(CHANNEL, 2), tokens(1, axis(Y, 3) + axis(X, 4))
    assert isinstance(representation((axis(BATCH, 2), places, axis(CHANNEL, 5)), Grid(Bandlimited())), Tokens)
    assert representation((axis(BATCH, 2), both + places, axis(CHANNEL, 5)), Grid(Bandlimited())) is None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "folded"), FAMILIES.items())
def test_real_networks(name, folded):
    """Calls that fold: in Swin the softmax and dropout of attention maps, which have two grids."""
    timm = pytest.importorskip("timm", exc_type=ImportError)
    torch.manual_seed(0)
    model = timm.create_model(name).eval()
    x = torch.rand(2, *model.default_cfg["input_size"])
    tree = attribution_of(model, x, GENERATORS_HERE, Trivial()).tree
    assert len(tree.folded) == folded, tree.folded
    assert all("attn" in layer for layer in tree.folded)


KNOWN = Bandlimited()


@pytest.mark.parametrize(
    ("rho", "shape", "count"),
    [
        (Grid(KNOWN), (2, 8, 4, 6), 2),
        (Grid(KNOWN, "channels_last"), (2, 4, 6, 8), 2),
        (Grid(KNOWN, axes=1), (2, 8, 6), 1),
        (Grid(KNOWN, "channels_last", axes=3), (2, 4, 6, 3, 8), 3),
        (Tokens(KNOWN, (4, 6)), (2, 24, 8), 2),
        (Tokens(KNOWN, (4, 6), 2), (2, 26, 8), 2),
        (Tokens(KNOWN, (4, 6, 3), 2), (2, 74, 8), 3),
        (Trivial(), (2, 8), 1),
        (Trivial(), (2, 8, 3), 2),
        (Trivial(1), (4, 2, 8), 2),
    ],
)
def test_axes_of_what_somebody_knows_are_read_back(rho, shape, count):
    whole = Grid(KNOWN, axes=count)
    axes = axes_under(rho, shape)
    assert tuple(size_of(factors) for factors in axes) == shape
    found = representation(axes, whole)
    assert found == rho
