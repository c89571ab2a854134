"""Reference images: the other image whose displacement stands in for an image's own, for the insensitivity control."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

_BLANK = 100  # units of round-off: a direction smaller than so many of its image is none


@dataclass(frozen=True)
class Donors:
    """For every image of a batch another one, and the next where that will not do: a cycle through all at hand.

    `images` (P, ...) begin with the batch itself. `cycle` is a random order of them, each the successor of the one
    before: a derangement, for no image follows itself.
    """

    images: Tensor
    cycle: Tensor

    @staticmethod
    def among(images: Tensor, seed: int) -> "Donors":
        """The same order for the same number of images and seed.

        >>> donors = Donors.among(torch.arange(5.0), seed=1)
        >>> sorted(donors.of(torch.arange(5)).tolist()), bool((donors.of(torch.arange(5)) == torch.arange(5)).any())
        ([0.0, 1.0, 2.0, 3.0, 4.0], False)
        """
        return Donors(images, torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)))

    def to(self, like: Tensor) -> "Donors":
        """On the device and in the dtype of a tensor."""
        return replace(self, images=self.images.to(like))

    def of(self, positions: Tensor, turn: int = 0) -> Tensor:
        """The donors of the images at these positions; `turn` 1 for the ones after those, up to P - 2."""
        place = self.cycle.argsort()[positions]
        return self.images[self.cycle[(place + 1 + turn) % len(self.cycle)].to(self.images.device)]

    def directions(
        self, positions: Tensor, own: Tensor, move: Callable[[Tensor], Tensor], first: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """(directions (T, b, ...), lacking (T, b)): those of the first donor whose direction is no blank one.

        `move` makes (T, b, ...) of images (b, ...), `first` is what it makes of the first donors, where that is known.
        `lacking`: no donor has a direction, and `own` (T, b, ...) is one that needs it.
        """
        donors = self.of(positions)
        found = move(donors) if first is None else first
        lacking = blank(found, donors) & (_length(own) > 0).to(found.device)
        for turn in range(1, len(self.cycle) - 1):
            which = lacking.any(0).nonzero().flatten()
            if not len(which):
                break
            donors = self.of(positions[which.cpu()], turn)
            others = move(donors)
            good = lacking[:, which] & ~blank(others, donors)
            wide = good.reshape(*good.shape, *[1] * (found.ndim - 2))
            found[:, which] = torch.where(wide, others, found[:, which])
            lacking[:, which] &= ~good
        return found, lacking


def blank(directions: Tensor, images: Tensor) -> Tensor:
    """(T, b): whether directions (T, b, ...) are nothing but round-off of their images (b, ...)."""
    return _length(directions) <= _BLANK * torch.finfo(directions.dtype).eps * _length(images[None])


def of_same_size(directions: Tensor, like: Tensor) -> Tensor:
    """Directions (T, B, ...) scaled, one by one, to the lengths of `like`; what has no length stays 0."""
    length = _length(directions)
    size = torch.where(length > 0, _length(like) / torch.where(length > 0, length, 1), 0)
    return directions * size.reshape(*size.shape, *[1] * (like.ndim - 2))


def _length(directions: Tensor) -> Tensor:
    return directions.flatten(2).norm(dim=2) if directions.ndim > 2 else directions.abs()
