"""Neural operators: a Fourier layer commutes with shifts, and with quarter turns if its weights are symmetrised."""

import pytest
import torch
from torch import nn

import symmeter

quiet = pytest.mark.filterwarnings("ignore::symmeter.errors.SymmeterWarning")


class FourierLayer(nn.Module):
    """y = tanh(F^-1 K(k) F x + W x), K (O, I) at each of the lowest waves |kx|, |ky| <= `waves`, real kernels.

    `symmetrised`: K is the mean over the eight turns and flips of k.
    """

    def __init__(self, channels_in, channels_out, waves, symmetrised):
        super().__init__()
        self.waves = waves
        side = 2 * waves + 1
        k = torch.randn(channels_out, channels_in, side, side, dtype=torch.complex128)
        if symmetrised:
            turned = [torch.rot90(k, n, (-2, -1)) for n in range(4)]
            k = torch.stack([*turned, *[one.flip(-1) for one in turned]]).mean(0)
        self.kernel = nn.Parameter((k + k.flip((-2, -1)).conj()) / 2)
        self.local = nn.Conv2d(channels_in, channels_out, 1, dtype=torch.float64)

    def forward(self, x):
        height, width = x.shape[-2:]
        k = torch.arange(-self.waves, self.waves + 1)
        spectrum = torch.fft.fft2(x)
        low = spectrum[..., (k % height)[:, None], k % width]
        made = torch.zeros(len(x), len(self.kernel), height, width, dtype=torch.complex128)
        made[..., (k % height)[:, None], k % width] = torch.einsum("oikl,bikl->bokl", self.kernel, low)
        return torch.tanh(torch.fft.ifft2(made).real + self.local(x))


def operator(symmetrised=False):
    torch.manual_seed(0)
    return nn.Sequential(FourierLayer(2, 6, 2, symmetrised), FourierLayer(6, 2, 2, symmetrised)).eval()


def rows(net, fields, symmetry, **options):
    return symmeter.measure(
        net, fields, symmetry, "relative_error", options.pop("output", "logits"), inputs=options.pop("inputs", "depth"),
        padding="circular", progress=False, elements=6,
    ).rows  # fmt: skip


@quiet
@pytest.mark.parametrize("size", [(12, 12), (13, 13), (10, 15)])
def test_it_commutes_with_shifts_on_grids_of_any_size(size):
    fields = torch.randn(4, 2, *size, dtype=torch.float64)
    for symmetry in ("shift(3)", "T2(0.3,circular)"):
        (row,) = rows(operator(), fields if symmetry == "shift(3)" else smooth(fields), symmetry)
        assert (row.verdict == "not resolved") == (symmetry == "shift(3)")


def smooth(fields):
    """The lowest waves alone."""
    spectrum = torch.fft.fft2(fields)
    keep = [torch.fft.fftfreq(n, 1 / n).abs() <= 2 for n in fields.shape[-2:]]
    return torch.fft.ifft2(spectrum * (keep[0][:, None] & keep[1])).real


@quiet
@pytest.mark.parametrize("side", [12, 13])
def test_it_commutes_with_quarter_turns_only_where_its_weights_are_symmetrised(side):
    fields = torch.randn(4, 2, side, side, dtype=torch.float64)
    errors = {symmetrised: rows(operator(symmetrised), fields, "D4")[0] for symmetrised in (False, True)}
    assert errors[True].verdict == "not resolved" and errors[False].value > 0.1


class Symmetrised(nn.Module):
    """The mean of g^-1 f(g u) over quarter turns of vectors u (B, 2, H, W)."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, u):
        found = []
        for n, (c, s) in enumerate([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]):
            turn = torch.tensor([[c, s], [-s, c]], dtype=u.dtype)
            moved = torch.einsum("ij,bjhw->bihw", turn, torch.rot90(u, n, (-2, -1)))
            found.append(torch.einsum("ji,bjhw->bihw", turn, torch.rot90(self.net(moved), -n, (-2, -1))))
        return torch.stack(found).mean(0)


@quiet
def test_the_words_of_the_interface():
    """Velocities in, velocities out: the mean over turns of any operator has them, the operator itself has not."""
    fields = torch.randn(4, 2, 12, 12, dtype=torch.float64)
    net = operator()
    for model, most, least in ((Symmetrised(net).eval(), 1e-12, 0.0), (net, 10.0, 0.1)):
        found = symmeter.measure(model, fields, symmetry="translation,C4,shift(2)", inputs="vectors",
                                 output="logits:vectors", padding="circular", progress=False).rows  # fmt: skip
        *_, turned, shifted = found
        assert len(found) == 4 and least <= turned.error <= most
        assert shifted.verdict == "not resolved"
