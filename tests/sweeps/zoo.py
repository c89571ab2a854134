"""Small networks for sweeps, and some that must not be let near a process that matters."""

import ctypes
import os
import signal
import time
from pathlib import Path

import torch
from torch import nn


def small(width=4):
    torch.manual_seed(width)
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 5),
    )


class Bad(nn.Module):
    def __init__(self, what):
        super().__init__()
        self.net, self.what = small(), what

    def forward(self, x):
        if self.what == "segfault":
            ctypes.string_at(0)
        if self.what == "abort":
            os.kill(os.getpid(), signal.SIGABRT)
        if self.what == "hang":
            time.sleep(3600)
        if self.what == "raise":
            raise RuntimeError("no such thing")
        if self.what == "leave":
            os._exit(3)
        if self.what == "eat":
            kept = []
            while True:
                kept.append(torch.ones(2**24))
        if self.what == "leave a child":
            if not os.fork():
                Path("child").write_text(str(os.getpid()))
                time.sleep(3600)
            while not Path("child").exists():
                time.sleep(0.01)
            os._exit(3)
        if self.what == "memory error" and len(x) > 1:
            raise MemoryError
        if self.what == "large batches" and len(x) > 1:
            return torch.ones(2**34).sum() * self.net(x)
        return self.net(x)


def bad(what="raise"):
    return Bad(what)


def gated(gate, width=4):
    """Those of a width from 5 on wait at a gate, the folder `gate`, until there is a file `open` in it.

    So a sweep stays in the middle of its work as long as a test wants. Who waits leaves a file with its process id.
    """
    if width >= 5:
        Path(gate, f"waits {os.getpid()}").touch()
        while not Path(gate, "open").exists():
            time.sleep(0.02)
    return small(width)


def together(gate, width=4):
    """Waits until one more has come to the folder `gate`: what one sweep alone would not get past."""
    Path(gate, f"width {width}").touch()
    while len(os.listdir(gate)) < 2:
        time.sleep(0.02)
    return small(width)


def slow(seconds=1.0, width=4):
    """Takes some time, and hardly any of the processor's."""
    time.sleep(seconds)
    return small(width)
