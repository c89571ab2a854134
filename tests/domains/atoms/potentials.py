"""A small potential that is free to break the symmetry of rotations, and its training on frames of one molecule."""

import torch
from torch import Tensor, nn

from symmeter.domains.space.motion import rotation_of

KCAL_PER_MOL = 0.04336410390059322  # in eV
_STEPS, _BATCH = 500, 16


class FreePotential(nn.Module):
    """Energy from the inverse distances and the centred coordinates of n atoms, forces as its slope."""

    def __init__(self, atoms: int, width: int = 64):
        super().__init__()
        self.pairs = torch.triu_indices(atoms, atoms, 1)
        inputs = self.pairs.shape[1] + 3 * atoms
        self.layers = nn.Sequential(
            nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 1)
        )
        self.register_buffer("level", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))
        self.double()

    def forward(self, positions: Tensor) -> dict[str, Tensor]:
        """Of positions (B, N, 3): energy (B,), forces (B, N, 3)."""
        with torch.enable_grad():
            places = positions if positions.requires_grad else positions.detach().requires_grad_()
            energy = self.energy(places)
            (slope,) = torch.autograd.grad(energy.sum(), places, create_graph=self.training)
        return {"energy": energy, "forces": -slope}

    def energy(self, positions: Tensor) -> Tensor:
        """Of positions (B, N, 3), (B,)."""
        first, second = self.pairs
        distances = (positions[:, first] - positions[:, second]).norm(dim=2)
        centred = positions - positions.mean(1, keepdim=True)
        features = torch.cat([4 / distances - 1.5, centred.flatten(1) / 2], 1)
        return self.level + self.scale * self.layers(features)[:, 0]


def trained(positions: Tensor, energies: Tensor, forces: Tensor, turning: bool) -> FreePotential:
    """A potential fitted to positions (N, n, 3), energies (N,) and forces (N, n, 3); `turning`: all turned at random."""
    torch.manual_seed(0)
    net = FreePotential(positions.shape[1])
    net.level.copy_(energies.mean())
    net.scale.copy_(forces.std())
    optimizer = torch.optim.Adam(net.parameters(), 5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, _STEPS)
    random = torch.Generator().manual_seed(1)
    for _ in range(_STEPS):
        chosen = torch.randint(len(positions), (_BATCH,), generator=random)
        turn = torch.eye(3, dtype=torch.float64).expand(_BATCH, 3, 3)
        if turning:
            drawn = torch.randn(_BATCH, 4, generator=random, dtype=torch.float64)
            turn = torch.tensor([rotation_of(q) for q in drawn], dtype=torch.float64)
        found = net((positions[chosen] @ turn.mT).requires_grad_())
        of_energies = (found["energy"] - energies[chosen]).square().mean()
        of_forces = (found["forces"] - forces[chosen] @ turn.mT).square().mean()
        optimizer.zero_grad()
        ((of_energies + 10 * of_forces) / net.scale**2).backward()
        optimizer.step()
        schedule.step()
    return net.eval()
