"""What bounds a derivative: the time of every operation with six tangents, beside the plain pass.

    python benchmarks/bounds.py [--networks NAME ...]

Eight images, one thread, processor time, in the layout that a measurement takes. `plain` and `pushed` are in plain
passes; `times` is one over the other: seven where an operation costs as much for each tangent as for the image.
"""

import argparse
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from operator import itemgetter

import timm
import torch
from paid import PLANE
from torch import Tensor
from torch.overrides import TorchFunctionMode

from symmeter.autodiff.memory import freed_memory_reused
from symmeter.autodiff.pushforward import Pushforward

BATCH, TANGENTS, ROUNDS = 8, 6, 3
LEAST = 0.03  # of a plain pass; what takes less is not listed


class Timed(TorchFunctionMode):
    """Adds up how long each operation takes, with the rule that stands for it in forward mode."""

    def __init__(self) -> None:
        super().__init__()
        self.spent: dict[str, float] = defaultdict(float)

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        began = time.process_time()
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.spent[getattr(func, "__name__", str(func))] += time.process_time() - began


@torch.no_grad()
def report(name: str, rounds: int) -> None:
    """The table of a network."""
    model = timm.create_model(name, pretrained=False).eval().requires_grad_(False)
    x = torch.randn(BATCH, 3, 224, 224)
    v = torch.randn(TANGENTS, *x.shape)
    plain, pushed = Timed(), Timed()
    pushforward = Pushforward(model, batch_size=BATCH)
    list(pushforward.push(x, lambda part: v[:, part]))  # to choose
    strategy = pushforward.strategy

    def under(mode: Timed) -> Callable[[Tensor], Tensor]:
        """The network, timed."""

        def run(z: Tensor) -> Tensor:
            with mode:
                return model(z)

        return run

    works = (lambda: under(plain)(x), lambda: strategy(under(pushed), x, v))
    for work in works:  # once without counting
        work()
    plain.spent.clear()
    pushed.spent.clear()
    seconds = [0.0, 0.0]
    for _ in range(rounds):
        for i, work in enumerate(works):
            began = time.process_time()
            work()
            seconds[i] += time.process_time() - began
    unit = seconds[0]
    print(f"{name}, {strategy.name}: {seconds[1] / unit:.2f} plain passes")
    print(f"  {'operation':32s}{'plain':>8s}{'pushed':>8s}{'times':>8s}")
    for operation, spent in sorted(pushed.spent.items(), key=itemgetter(1), reverse=True):
        if spent > LEAST * unit:
            own = plain.spent[operation]
            print(f"  {operation:32s}{own / unit:8.2f}{spent / unit:8.2f}{spent / own:8.1f}", flush=True)


def main() -> int:
    """The command; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--networks", nargs="+", default=PLANE)
    parser.add_argument("--quick", action="store_true", help="one small network, one round")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with freed_memory_reused():
        for name in ["resnet18"] if options.quick else options.networks:
            report(name, 1 if options.quick else ROUNDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
