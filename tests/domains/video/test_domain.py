"""Video: the plane in every frame, and time."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from tests.contracts.domain import DomainContract
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.domains.video.domain import Video
from symmeter.measuring.measure import measure

VIDEOS = torch.randn(6, 2, 5, 6, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def convolution(**how) -> nn.Conv3d:
    torch.manual_seed(0)
    return nn.Conv3d(2, 2, 3, padding=1, **how).double().eval()


class TestVideo(DomainContract):
    domain = Video
    data = VIDEOS
    group = "D4"
    equivariant = (convolution(padding_mode="circular"), "shift(1),shift(t)", "logits:equivariant")
    broken = (convolution(), "C4,hflip,translation,shift(1,t),reversal", "logits:equivariant")
    outputs: ClassVar = {"invariant": torch.rand(2, 5), "equivariant": torch.rand(2, 3, 5, 4, 4)}
    misfits: ClassVar = {"equivariant": torch.rand(2, 5)}
    good: ClassVar = {"definition": "periodic", "padding": "circular"}
    bad: ClassVar = {"definition": "splines", "padding": "mirror"}
    taken = False


class FrameByFrame(nn.Module):
    """What a network of images makes of every frame, pooled over the places: time is kept, mirrors are not seen."""

    def forward(self, x: Tensor) -> Tensor:
        return (x + x.flip(-1)).square()


def verdicts(net: nn.Module, symmetry: str, output: str, data: Tensor = VIDEOS) -> dict[str, str]:
    result = measure(net, data, symmetry, output=output, domain="video")
    return {row.symmetry: row.verdict for row in result.rows}


def test_the_plane_and_the_time_are_told_apart():
    symmetric = FrameByFrame().eval()
    assert set(verdicts(symmetric, "hflip,vflip,shift(2,t),reversal", "logits").values()) == {"not resolved"}
    assert "not resolved" not in verdicts(symmetric, "shift(2,x),C4", "logits").values()


def test_a_generator_along_time_is_that_of_a_plain_loop():
    net = convolution(padding_mode="circular")
    ask = {"output": "logits", "domain": "video", "definition": "periodic", "control": False}
    rows = measure(nn.Sequential(net, nn.ReLU()).eval(), VIDEOS, "translation_t,translation_x", **ask).rows
    assert all(row.value > 0 for row in rows)
    alone = measure(net, VIDEOS, "translation_t,rotation", **ask).rows
    assert alone[0].verdict == "not resolved" and alone[1].verdict != "not resolved"


@pytest.mark.parametrize("symmetry", ["shift(1,t)", "reversal", "translation_t"])
def test_one_frame_has_no_time(symmetry: str):
    single = VIDEOS[:, :, :1]
    check_refused(
        "a video of one frame", measure, convolution(), single, symmetry, output="logits", domain="video"
    )


def test_what_is_asked_of_video_must_fit_it():
    net = convolution()
    check_refused(
        "C4 exchanges axes of a video", measure, net, VIDEOS[..., :4], "C4", output="logits", domain="video"
    )
    check_refused(
        "give floating point videos", measure, net, VIDEOS[0], "C4", output="logits", domain="video"
    )
    check_refused(r"shift\(4,t\)", measure, net, VIDEOS, "shift(8,z)", output="logits", domain="video")


@pytest.mark.parametrize("name", ["videos", "video"])
def test_an_archive_that_says_it_has_videos_needs_no_other_word(name, tmp_path):
    path = tmp_path / "v.npz"
    np.savez(path, **{name: VIDEOS.numpy()})
    result = measure(convolution(padding_mode="circular"), path, "translation_x", output="logits:equivariant")
    assert result.header["data"]["item"] == "video"
    assert result.rows[0].value == pytest.approx(
        measure(
            convolution(padding_mode="circular"),
            VIDEOS,
            "translation_x",
            output="logits:equivariant",
            domain="video",
        )
        .rows[0]
        .value
    )
    np.savez(path, images=VIDEOS[:, :, 0].numpy())
    assert not Video.claims(path)
