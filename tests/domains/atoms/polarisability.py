"""Two small models of the polarisability of a molecule: one that turns with it by construction, and a plain network."""

from itertools import combinations_with_replacement

import numpy as np
import torch
from ase import Atoms as Frame
from torch import nn

_ELEMENTS = (1, 6, 7, 8, 16, 17)
_KINDS = {pair: k for k, pair in enumerate(combinations_with_replacement(_ELEMENTS, 2))}
_CENTRES = np.linspace(0.8, 4.0, 5)  # angstrom
_MOST = 32  # atoms
_STEPS = 300


def tensor_of(frame: Frame) -> np.ndarray:
    """The reference value, (3, 3)."""
    return np.reshape(frame.info["polarizability"], (3, 3))


class OfPairs:
    """sum over pairs of c(|r|) 1 + d(|r|) r r^T / r^2, plus a number per element: coefficients by least squares."""

    def __init__(self, frames: list[Frame]):
        features = np.concatenate([self.features(frame).reshape(-1, 9).T for frame in frames])
        targets = np.concatenate([tensor_of(frame).ravel() for frame in frames])
        normal = features.T @ features + 1e-1 * np.eye(features.shape[1])
        self.coefficients = np.linalg.solve(normal, features.T @ targets)

    @staticmethod
    def features(frame: Frame) -> np.ndarray:
        """(F, 3, 3), all of which turn with the frame."""
        ones = np.array([np.sum(frame.numbers == number) for number in _ELEMENTS])[:, None, None] * np.eye(3)
        found = np.zeros((2, len(_KINDS), len(_CENTRES), 3, 3))
        for i in range(len(frame)):
            for j in range(i):
                r = frame.positions[i] - frame.positions[j]
                distance = np.linalg.norm(r)
                kind = _KINDS[tuple(sorted((int(frame.numbers[i]), int(frame.numbers[j]))))]
                weights = np.exp(-((distance - _CENTRES) ** 2))[:, None, None]
                found[0, kind] += weights * np.eye(3)
                found[1, kind] += weights * np.outer(r, r) / distance**2
        return np.concatenate([ones, found.reshape(-1, 3, 3)])

    def __call__(self, frame: Frame) -> dict[str, np.ndarray]:
        return {"polarizability": np.tensordot(self.coefficients, self.features(frame), 1)}


class Plain:
    """A network of the coordinates about their mean and of the elements, atom after atom."""

    def __init__(self, frames: list[Frame]):
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(4 * _MOST, 64), nn.SiLU(), nn.Linear(64, 9)).double()
        x = torch.stack([self.inputs(frame) for frame in frames])
        y = torch.tensor(np.array([tensor_of(frame).ravel() for frame in frames])) / 100
        optimizer = torch.optim.Adam(self.net.parameters(), 1e-2)
        for _ in range(_STEPS):
            optimizer.zero_grad()
            (self.net(x) - y).square().mean().backward()
            optimizer.step()

    @staticmethod
    def inputs(frame: Frame) -> torch.Tensor:
        """(4 n,) for the largest number of atoms n."""
        rows = np.zeros((_MOST, 4))
        rows[: len(frame), :3] = (frame.positions - frame.positions.mean(0)) / 3
        rows[: len(frame), 3] = frame.numbers / 10
        return torch.from_numpy(rows.ravel())

    def __call__(self, frame: Frame) -> dict[str, np.ndarray]:
        return {"polarizability": 100 * self.net(self.inputs(frame)).reshape(3, 3).detach().numpy()}
