"""Networks that take frames as tensors: positions, numbers and the cell, by the names of their arguments."""

import inspect
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from symmeter.domains.atoms.quantities import PER_ATOM
from symmeter.domains.atoms.rows import (
    CELL,
    COLLINEAR,
    MOMENTA,
    MOMENTS,
    NUMBERS,
    PBC,
    POSITIONS,
    Layout,
)

NAMES = (POSITIONS, NUMBERS, CELL, PBC, MOMENTA, MOMENTS, COLLINEAR)


class FrameNetwork(nn.Module):
    """A network of `positions` (B, N, 3), `numbers` (B, N), `cell` (B, 3, 3), `pbc` (B, 3) and so on, on rows.

    It gets those that its `forward` names; one with a single argument of another name gets them all as a dict.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        self.training = network.training  # its own flag, not that of the parts
        parameters = list(inspect.signature(network.forward).parameters)
        self._arguments = tuple(name for name in NAMES if name in parameters)

    def forward(self, rows: Tensor) -> Any:
        """What the network makes of rows (B, entries); with an energy (B,) or (B, 1) also that of one atom."""
        layout = Layout.of(rows)
        parts = layout.parts(rows)
        parts |= {NUMBERS: parts[NUMBERS].round().long(), PBC: parts[PBC] > 0.5}
        if self._arguments:
            returned = self.network(**{name: parts[name] for name in self._arguments})
        else:
            returned = self.network({name: parts[name] for name in NAMES})
        if isinstance(returned, Mapping) and "energy" in returned:
            return {**returned, PER_ATOM: returned["energy"] / layout.atoms}
        return returned
