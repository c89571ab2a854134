"""One signal as it was read."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Recording:
    """One signal (C, L), and how many samples it has a second, None where that is not known."""

    samples: Tensor
    rate: float | None = None
