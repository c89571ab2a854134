"""The control of atoms: every atom moved as far as by an element, in a direction of its own."""

import zlib
from collections.abc import Callable

import torch
from torch import Tensor

from symmeter.domains.atoms.rows import CELL, FRAME, POSITIONS, Layout
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation


def scattered(rho: Representation, x: Tensor) -> Callable[[Element], Tensor]:
    """g -> rows x (B, entries) of which every atom is moved as far as by g, in a random direction of its own.

    The directions of a frame are the same for the same element, whatever other frames are beside it. Where g moves no
    atom but the cell, atoms move as far as the vectors of that in the root mean square.
    """
    own, layout = rho.action(x), Layout.of(x)
    here = layout.parts(x)

    def inputs(g: Element) -> Tensor:
        there = layout.parts(own(g)[0])
        steps, cell = there[POSITIONS] - here[POSITIONS], there[CELL] - here[CELL]
        lengths = steps.norm(dim=-1, keepdim=True)
        vectors = cell.square().sum(-1).mean(-1).sqrt()[:, None, None]
        lengths = torch.where(lengths.amax(1, keepdim=True) > 0, lengths, vectors)
        directions = [_directions(g, round(float(number)), layout.atoms) for number in here[FRAME]]
        moved = here[POSITIONS] + lengths * torch.stack(directions).to(x)
        return layout.joined(here | {POSITIONS: moved})

    return inputs


def _directions(g: Element, frame: int, atoms: int) -> Tensor:
    """Unit vectors (N, 3) in float64, which belong to the element and the frame."""
    generator = torch.Generator().manual_seed(zlib.crc32(f"{g!r} {frame}".encode()))
    vectors = torch.randn(atoms, 3, generator=generator, dtype=torch.float64)
    return vectors / vectors.norm(dim=-1, keepdim=True)
