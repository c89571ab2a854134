"""A word that does not fit is named by the audit: amplitudes that follow, values that move, values that stay."""

import pytest
import torch
from torch import nn

import symmeter

CLIPS = torch.randn(8, 1, 48, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def denoiser() -> nn.Module:
    torch.manual_seed(0)
    return nn.Conv1d(1, 1, 5, padding=2, padding_mode="circular", bias=False).double().eval()


@pytest.mark.parametrize(
    ("word", "symmetry", "words"),
    [
        ("equivariant", "polarity", "has amplitudes that follow those of the input, as 'signal'"),
        ("invariant", "shift(8)", "move in time and do not follow gain and polarity, as 'equivariant'"),
    ],
)
def test_the_audit_names_the_word_that_fits(word: str, symmetry: str, words: str):
    with pytest.warns(symmeter.SymmeterWarning, match=words):
        symmeter.measure(denoiser(), CLIPS, symmetry, output=f"logits:{word}", domain="signals")


def test_values_that_keep_are_named_too():
    net = nn.Sequential(denoiser(), nn.Softsign()).eval()
    net.append(Absolute().eval())
    with pytest.warns(symmeter.SymmeterWarning, match="do not follow gain and polarity, as 'equivariant'"):
        symmeter.measure(net, CLIPS, "polarity", output="logits:signal", domain="signals")


class Absolute(nn.Module):
    """The size of what comes in."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.abs()


def test_an_output_that_has_no_other_action_is_not_blamed():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(1, 2, 5), nn.AdaptiveAvgPool1d(1), nn.Flatten()).double().eval()
    result = symmeter.measure(net, CLIPS, "polarity,reversal", output="logits", domain="signals")
    assert result.warnings == ()
    assert [row.verdict == "not resolved" for row in result.rows] == [
        False,
        False,
    ]  # there was something to ask about


def test_an_output_half_a_sample_off_is_found_by_reversal():
    """The mean of two neighbours stands between them."""
    smooth = nn.functional.avg_pool1d(torch.cat([CLIPS, CLIPS[..., :8]], -1), 9, 1)
    between = lambda x: (x + x.roll(-1, -1)) / 2
    with pytest.warns(
        symmeter.SymmeterWarning, match=r"beside where it should, by x -0.500 \[-0.50\d, -0.\d+\] samples"
    ):
        symmeter.measure(
            between, smooth, "reversal", output="logits:equivariant", domain="signals", definition="periodic"
        )
