"""The control of atoms: every atom moved as far as by an element, in a direction of its own."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from symmeter.domains.atoms.rows import CELL, FRAME, PBC, POSITIONS, Layout
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation

_TRIES = 24  # directions per atom, of which the first that leads to a free place is taken


def scattered(rho: Representation, x: Tensor) -> Callable[[Element], Tensor]:
    """g -> rows x (B, entries) of which every atom is moved as far as by g, in a random direction of its own.

    Atoms come no closer to one another than the closest of their frame are, as far as such directions are found: what
    a potential says of atoms on top of each other would hide all else. The directions of a frame are the same for the
    same element, whatever other frames are beside it. Where g moves no atom but the cell, atoms move as far as the
    vectors of that in the root mean square.
    """
    own, layout = rho.action(x), Layout.of(x)
    here = layout.parts(x)
    places = [_Places(*[here[name][i].double().cpu().numpy() for name in _KNOWN]) for i in range(len(x))]

    def inputs(g: Element) -> Tensor:
        there = layout.parts(own(g)[0])
        steps, cell = there[POSITIONS] - here[POSITIONS], there[CELL] - here[CELL]
        lengths = steps.norm(dim=-1)
        vectors = cell.square().sum(-1).mean(-1).sqrt()[:, None]
        lengths = torch.where(lengths.amax(1, keepdim=True) > 0, lengths, vectors)
        pairs = zip(places, lengths.double().cpu().numpy(), strict=True)
        moved = np.stack([one.scattered(far, g) for one, far in pairs])
        return layout.joined(here | {POSITIONS: torch.from_numpy(moved).to(x)})

    return inputs


_KNOWN = (POSITIONS, CELL, PBC, FRAME)


@dataclass(frozen=True, eq=False)
class _Places:
    """Where the atoms of one frame are: positions (N, 3), the cell (3, 3), periodic axes (3,), number (1,)."""

    positions: np.ndarray
    cell: np.ndarray
    pbc: np.ndarray
    number: np.ndarray

    def scattered(self, lengths: np.ndarray, g: Element) -> np.ndarray:
        """The positions (N, 3) moved by these lengths (N,)."""
        seed = zlib.crc32(f"{g!r} {round(float(self.number[0]))}".encode())
        directions = np.random.default_rng(seed).normal(size=(len(lengths), _TRIES, 3))
        directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
        moved = np.empty_like(self.positions)
        order = np.argsort(lengths > 0, kind="stable")  # those that stay have their places
        for k, i in enumerate(order):
            choices = self.positions[i] + lengths[i] * directions[i]
            moved[i] = choices[self._free(choices, moved[order[:k]])]
        return moved

    def _free(self, choices: np.ndarray, taken: np.ndarray) -> int:
        """The first of some places (T, 3) that is far enough from those (K, 3) that are taken, or the furthest."""
        if not len(taken):
            return 0
        distances = self._distances(choices, taken).min(1)
        far = distances >= self.closest
        return int(far.argmax() if far.any() else distances.argmax())

    @cached_property
    def closest(self) -> float:
        """The shortest distance between two atoms of the frame."""
        distances = self._distances(self.positions, self.positions)
        np.fill_diagonal(distances, np.inf)
        return float(distances.min())

    def _distances(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """From each of (T, 3) to the image of each of (K, 3) that is about the nearest, (T, K)."""
        vectors, inverse = self._lattice
        apart = a[:, None] - b
        whole = np.rint(apart @ inverse)
        return np.linalg.norm(apart - whole @ vectors, axis=-1)

    @cached_property
    def _lattice(self) -> tuple[np.ndarray, np.ndarray]:
        """The vectors (k, 3) of the periodic axes, and what takes (..., 3) to numbers of them (3, k)."""
        vectors = self.cell[self.pbc > 0.5]
        return vectors, np.linalg.pinv(vectors)
