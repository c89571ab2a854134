"""What a network costs beside another: in floating point operations, and in seconds."""

import time
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

_ROUNDS = 5
Call = Callable[[nn.Module], object]  # one forward pass of a network on the same samples


def operations_ratio(model: nn.Module, other: nn.Module, call: Call) -> float | None:
    """How many times the operations of `model` another one takes; None where none are known.

    Multiplications of matrices, convolutions and attention count, as `torch.utils.flop_counter` sees them.
    """
    counts = []
    for network in (model, other):
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            call(network)
        counts.append(counter.get_total_flops())
    return counts[1] / counts[0] if counts[0] else None


def seconds_ratio(model: nn.Module, other: nn.Module, call: Call, device: torch.device) -> float:
    """How many times as long another network takes: the quickest of some calls of each, in turns.

    On a CPU that is the time of the process, of all its threads, which other work on the machine does not change.
    """
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    best = [float("inf"), float("inf")]
    with torch.no_grad():
        for _ in range(_ROUNDS):
            for i, network in enumerate((model, other)):
                began = clock()
                call(network)
                if device.type == "cuda":
                    torch.cuda.synchronize(device)
                best[i] = min(best[i], clock() - began)
    return best[1] / best[0]
