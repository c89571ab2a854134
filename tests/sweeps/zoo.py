"""Small networks for sweeps, and some that must not be let near a process that matters."""

import ctypes
import os
import signal
import time

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
            time.sleep(600)
        if self.what == "raise":
            raise RuntimeError("no such thing")
        if self.what == "leave":
            os._exit(3)
        if self.what == "eat":
            kept = []
            while True:
                kept.append(torch.ones(2**24))
        if self.what == "large batches" and len(x) > 1:
            return torch.ones(2**34).sum() * self.net(x)
        return self.net(x)


def bad(what="raise"):
    return Bad(what)


def slow(seconds=0.5, width=4):
    time.sleep(seconds)
    return small(width)
