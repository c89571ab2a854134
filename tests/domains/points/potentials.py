"""Small networks of molecules like those in use, each with a twin that is broken in one place.

They take positions (B, N, 3) and numbers (B, N), which both domains of atoms and of points can give them, and compute
forces by differentiating the energy.
"""

import math
import warnings
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

KINDS, WIDTH, RADIAL, CUTOFF = 20, 6, 5, 4.0


class Potential(nn.Module, ABC):
    """Energy, forces, and what else a network says of a molecule, from the vectors between atoms.

    `broken` puts a fault into the vectors, or into what is made of them.
    """

    def __init__(self, broken: bool = False):
        super().__init__()
        torch.manual_seed(0)
        self.broken = broken

    @abstractmethod
    def described(self, vectors: Tensor, here: Tensor, there: Tensor) -> dict[str, Tensor]:
        """Outputs with the `energy` (B,) among them.

        From the vectors (B, N, N - 1, 3) from every atom to all others, the numbers (B, N) and those of the others
        (B, N, N - 1).
        """

    def forward(self, positions: Tensor, numbers: Tensor) -> dict[str, Tensor]:
        others = self.others(positions.shape[1])
        with torch.enable_grad():
            p = positions if positions.requires_grad else positions.clone().requires_grad_()
            outputs = self.described(p[:, others] - p[:, :, None], numbers, numbers[:, others])
            (slope,) = torch.autograd.grad(outputs["energy"].sum(), p, create_graph=True)
        return {**outputs, "forces": -slope}

    @staticmethod
    def others(n: int) -> Tensor:
        """(N, N - 1): the numbers of all other atoms."""
        return torch.tensor([[j for j in range(n) if j != i] for i in range(n)])


class RadialBasis(nn.Module):
    """Gaussians of lengths r (..., 1) that end smoothly at the cutoff: (..., RADIAL)."""

    def __init__(self):
        super().__init__()
        self.register_buffer("centres", torch.linspace(0.5, CUTOFF, RADIAL, dtype=torch.float64))

    def forward(self, r: Tensor) -> Tensor:
        inside = (r < CUTOFF).to(r)
        return (-(r - self.centres).square()).exp() * (1 + (math.pi * r / CUTOFF).cos()) * inside


class EdgeTransformer(Potential):
    """Attention among the edges of every atom, whose tokens are plain vectors (as PET has it; Pozdnyakov, Ceriotti 2023).

    Translations and permutations, and no rotation. Broken: tokens also know the place in the list.
    """

    def __init__(self, broken: bool = False):
        super().__init__(broken)
        self.kinds, self.token = nn.Embedding(KINDS, WIDTH), nn.Linear(4 + WIDTH, WIDTH)
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.centre, self.head = nn.Embedding(KINDS, WIDTH), nn.Linear(WIDTH, 1)
        self.double().eval()

    def described(self, vectors: Tensor, here: Tensor, there: Tensor) -> dict[str, Tensor]:
        r = vectors.norm(dim=-1, keepdim=True)
        tokens = torch.tanh(self.token(torch.cat([vectors, r, self.kinds(there)], -1)))
        if self.broken:
            tokens = tokens + torch.arange(tokens.shape[2]).to(tokens)[:, None] / 10
        scores = self.query(tokens) @ self.key(tokens).mT / math.sqrt(WIDTH)
        heard = scores.softmax(-1) @ self.value(tokens)
        atoms = self.head(torch.tanh(tokens + heard).sum(2) + self.centre(here))
        return {"energy": atoms.sum((1, 2)), "nodes": atoms}


class ContinuousFilters(Potential):
    """Filters that are functions of the distance (SchNet; Schuett et al. 2017): O(3), translations, permutations.

    Broken: the distance is that of another metric.
    """

    def __init__(self, broken: bool = False):
        super().__init__(broken)
        self.kinds, self.radial = nn.Embedding(KINDS, WIDTH), RadialBasis()
        self.filters = nn.Sequential(nn.Linear(RADIAL, WIDTH), nn.Softplus(), nn.Linear(WIDTH, WIDTH))
        self.update, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 1)
        self.double().eval()

    def described(self, vectors: Tensor, here: Tensor, there: Tensor) -> dict[str, Tensor]:
        metric = torch.tensor([1.0, 1.0, 1.5 if self.broken else 1.0], dtype=vectors.dtype)
        r = (metric * vectors.square()).sum(-1, keepdim=True).sqrt()
        heard = (self.filters(self.radial(r)) * self.kinds(there)).sum(2)
        nodes = nn.functional.softplus(self.kinds(here) + self.update(heard))
        atoms = self.head(nodes)
        return {"energy": atoms.sum((1, 2)), "nodes": nodes}


class TensorMessages(Potential):
    """Messages of harmonics, multiplied with themselves by e3nn (MACE; Batatia et al. 2022): O(3), translations, and
    permutations.

    Broken: the products of degree 1 come with the parity that they do not have.
    """

    def __init__(self, broken: bool = False):
        super().__init__(broken)
        o3, harmonics = imported("e3nn.o3"), "0e+1o+2e"
        self.features, self.out = "4x0e+4x1o+4x2e", "2x0e+1o+1e+2e"
        # Constants in the layers of e3nn are of the type that is the usual one when they are made.
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            self.harmonics = o3.SphericalHarmonics(harmonics, normalize=True)
            self.kinds, self.radial = nn.Embedding(KINDS, 4), RadialBasis()
            self.message = o3.FullyConnectedTensorProduct(
                "4x0e", harmonics, self.features, shared_weights=False, internal_weights=False
            )
            self.weights = nn.Linear(RADIAL, self.message.weight_numel)
            self.product = o3.FullyConnectedTensorProduct(self.features, self.features, self.out)
            self.head = nn.Linear(2, 1)
        finally:
            torch.set_default_dtype(before)
        self.eval()

    def described(self, vectors: Tensor, here: Tensor, there: Tensor) -> dict[str, Tensor]:
        r = vectors.norm(dim=-1, keepdim=True)
        around = self.message(self.kinds(there), self.harmonics(vectors), self.weights(self.radial(r))).sum(2)
        found = self.product(around, around)
        scalars, polar, axial, second = found.split([2, 3, 3, 5], -1)
        if self.broken:
            polar = polar + axial
        atoms = self.head(torch.tanh(scalars + (polar * polar).sum(-1, keepdim=True)))
        return {
            "energy": atoms.sum((1, 2)),
            "dipole": polar.sum(1),
            "moments": axial,
            "irreps": torch.cat([scalars[..., :1], polar, second], -1),
        }


def imported(name: str):
    """A part of e3nn, which compiles when it is imported: torch warns that this is no longer done."""
    import importlib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


class Backbone(nn.Module):
    """Residues that hear each other (ProteinMPNN; Dauparas et al. 2022): rotations and translations, no mirror image.

    Backbones are (B, N, 3, 3): the atoms N, CA and C of every residue. What makes them chiral is the place of CB, which
    is on one side of the plane of the three, and dihedral angles. Broken: one of the directions is not turned into the
    frame of its residue.
    """

    def __init__(self, broken: bool = False, chiral: bool = True):
        super().__init__()
        torch.manual_seed(0)
        self.broken, self.chiral = broken, chiral
        self.radial, self.angles = RadialBasis(), nn.Linear(4, WIDTH)
        self.message, self.head = nn.Linear(2 * RADIAL + 3, WIDTH), nn.Linear(WIDTH, 4)
        self.double().eval()

    def forward(self, backbone: Tensor) -> Tensor:
        n, ca, c = backbone.unbind(2)
        across = torch.linalg.cross(ca - n, c - ca)
        out = -0.54 * (c - ca) + 0.57 * (ca - n)
        cb = ca + out - 0.58 * across if self.chiral else ca + out
        alpha, beta = (x[:, None] - x[:, :, None] for x in (ca, cb))
        lengths = [d.square().sum(-1, keepdim=True).add(1e-6).sqrt() for d in (alpha, beta)]
        local = torch.einsum("bixf,bijx->bijf", self.frames(n, ca, c), alpha)
        if self.broken:
            local = torch.cat([alpha[..., :1], local[..., 1:]], -1)
        if not self.chiral:
            local = local * torch.tensor([1.0, 1.0, 0.0], dtype=local.dtype)
        m = torch.tanh(self.message(torch.cat([*map(self.radial, lengths), local / 5], -1)))
        return self.head(m.mean(2) + torch.tanh(self.angles(self.dihedrals(n, ca, c))))

    @staticmethod
    def frames(n: Tensor, ca: Tensor, c: Tensor) -> Tensor:
        """(B, N, 3, 3): the axes of every residue, as columns."""
        first = nn.functional.normalize(c - ca, dim=-1)
        second = n - ca
        second = nn.functional.normalize(second - (second * first).sum(-1, keepdim=True) * first, dim=-1)
        return torch.stack([first, second, torch.linalg.cross(first, second)], -1)

    def dihedrals(self, n: Tensor, ca: Tensor, c: Tensor) -> Tensor:
        """(B, N, 4): cosine and sine of psi and phi, 0 at the ends; no sines where it is not chiral."""
        psi = self.dihedral(n[:, :-1], ca[:, :-1], c[:, :-1], n[:, 1:])
        phi = self.dihedral(c[:, :-1], n[:, 1:], ca[:, 1:], c[:, 1:])
        end = torch.zeros_like(psi[:, :1])
        found = torch.cat([torch.cat([psi, end], 1), torch.cat([end, phi], 1)], -1)
        return found if self.chiral else found * torch.tensor([1.0, 0.0, 1.0, 0.0], dtype=found.dtype)

    @staticmethod
    def dihedral(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        """(..., 2): cosine and sine of the angle between the planes of a, b, c and of b, c, d."""
        axis = nn.functional.normalize(c - b, dim=-1)
        first, second = torch.linalg.cross(b - a, c - b), torch.linalg.cross(c - b, d - c)
        both = first.norm(dim=-1) * second.norm(dim=-1)
        cosine = (first * second).sum(-1) / both
        sine = (torch.linalg.cross(first, second) * axis).sum(-1) / both
        return torch.stack([cosine, sine], -1)
