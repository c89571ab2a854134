"""Reference samples: the other sample whose displacement stands in for a sample's own, in the insensitivity control."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

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
        """(directions (T, b, ...), lacking (T, b)): those of the first reference sample that is not blank.

        `move` makes directions (T, b, ...) of samples (b, ...); `first` is what it makes of the first reference
        samples, where that is known. `lacking` is set where no reference sample has a direction although the sample's
        `own` (T, b, ...) is not zero.
        """
        references = self.of(positions)
        found = move(references) if first is None else first
        lacking = blank(found, references) & (_length(own) > 0).to(found.device)
        for turn in range(1, len(self.cycle) - 1):
            which = lacking.any(0).nonzero().flatten()
            if not len(which):
                break
            references = self.of(positions[which.cpu()], turn)
            others = move(references)
            good = lacking[:, which] & ~blank(others, references)
            found[:, which] = torch.where(_broadcast(good, found), others, found[:, which])
            lacking[:, which] &= ~good
        return found, lacking


def blank(directions: Tensor, samples: Tensor) -> Tensor:
    """(T, b): whether directions (T, b, ...) are nothing but round-off of their samples (b, ...)."""
    return _length(directions) <= _BLANK * torch.finfo(directions.dtype).eps * _length(samples[None])


def of_same_size(directions: Tensor, like: Tensor) -> Tensor:
    """Directions (T, B, ...) scaled, one by one, to the lengths of `like`; what has no length stays 0."""
    length = _length(directions)
    size = torch.where(length > 0, _length(like) / torch.where(length > 0, length, 1), 0)
    return directions * _broadcast(size, like)


def _broadcast(values: Tensor, like: Tensor) -> Tensor:
    """One value per direction (T, b), with an axis of 1 for every further axis of `like` (T, b, ...)."""
    return values.reshape(*values.shape, *[1] * (like.ndim - 2))


def _length(directions: Tensor) -> Tensor:
    """The Euclidean length (T, b) of each direction (T, b, ...)."""
    return directions.flatten(2).norm(dim=2) if directions.ndim > 2 else directions.abs()
