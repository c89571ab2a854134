"""Reference samples: the other sample whose displacement stands in for a sample's own, in the control of stability."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

RANDOM = 64  # numbers per sample, of which a kind of data makes its deformation
_BLANK = 100  # units of round-off of a sample: a direction that is not longer counts as none


@dataclass(frozen=True)
class ReferenceSamples:
    """For each sample of a batch another one, and the next where that will not do: a cycle through all at hand.

    `samples` (P, ...) begin with the batch itself. `cycle` (P,) is a random order of them, in which the reference of
    each sample is the one behind it: a derangement, for no sample follows itself.
    """

    samples: Tensor
    cycle: Tensor

    @staticmethod
    def among(samples: Tensor, seed: int) -> "ReferenceSamples":
        """Those among samples (P, ...): the same order for the same number of them and seed.

        >>> others = ReferenceSamples.among(torch.arange(5.0), seed=1).of(torch.arange(5))
        >>> sorted(others.tolist()), bool((others == torch.arange(5)).any())
        ([0.0, 1.0, 2.0, 3.0, 4.0], False)
        """
        generator = torch.Generator().manual_seed(seed)
        return ReferenceSamples(samples, torch.randperm(len(samples), generator=generator))

    def of(self, positions: Tensor, turn: int = 0) -> Tensor:
        """The reference samples (b, ...) of those at positions (b,); the next ones for each `turn`, up to P - 2."""
        place = self.cycle.argsort()[positions]
        chosen = self.cycle[(place + 1 + turn) % len(self.cycle)]
        return self.samples[chosen.to(self.samples.device)]

    def directions(
        self, positions: Tensor, own: Tensor, move: Callable[[Tensor], Tensor], first: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """(directions (K, b, ...), lacking (K, b)): those of the first reference sample that has them all.

        `move` makes directions (K, b, ...) of samples (b, ...); `first` is what it makes of the first reference
        samples, where that is known. Where no reference sample has a direction for every one of the sample's `own`
        (K, b, ...) that is not zero, those of the first are taken, and `lacking` is set for what they lack.
        """
        references = self.of(positions)
        found = move(references) if first is None else first
        moves = (length_of(own) > 0).to(found.device)
        lacking = blank(found, references) & moves
        for turn in range(1, len(self.cycle) - 1):
            which = lacking.any(0).nonzero().flatten()
            if not len(which):
                break
            references = self.of(positions[which.cpu()], turn)
            others = move(references)
            whole = which[~(blank(others, references) & moves[:, which]).any(0)]
            found[:, whole] = others[:, torch.isin(which, whole)]
            lacking[:, whole] = False
        return found, lacking


@dataclass(frozen=True)
class Beside:
    """What stands beside a batch for its controls; None for no such control.

    `references` for stability, and for specificity `random` (B, RANDOM), normal numbers of every sample. `lone`: the
    only sample of its kind, which stands in for itself, and so has no control.
    """

    references: ReferenceSamples | None = None
    random: Tensor | None = None
    lone: bool = False


def random_numbers(count: int, seed: int) -> Tensor:
    """(count, RANDOM) float64, from the normal distribution."""
    generator = torch.Generator().manual_seed(2**32 + seed)
    return torch.randn(count, RANDOM, generator=generator, dtype=torch.float64)


def blank(directions: Tensor, samples: Tensor) -> Tensor:
    """(T, b): whether directions (T, b, ...) are nothing but round-off of their samples (b, ...)."""
    return length_of(directions) <= _BLANK * torch.finfo(directions.dtype).eps * length_of(samples[None])


def length_of(directions: Tensor) -> Tensor:
    """The Euclidean length (T, b) of each direction (T, b, ...)."""
    return directions.flatten(2).norm(dim=2) if directions.ndim > 2 else directions.abs()
