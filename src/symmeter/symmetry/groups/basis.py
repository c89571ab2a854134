"""A basis of some generators: Lie derivatives are linear in the generator, so those of a basis give all others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from symmeter.symmetry.groups.generators import Generator


@dataclass(frozen=True)
class Basis:
    """Generators B_k that span T others, X_t = sum_k c_tk B_k, with `coefficients` c (T, K) float64.

    They are some of the generators themselves, those of one class side by side: `blocks` are the slices of the classes.

    >>> from symmeter.domains.grids.generators import FAMILIES, GENERATORS
    >>> nine = Basis.of([GENERATORS[name] for name in FAMILIES["affine"]])
    >>> len(nine.generators), nine.coefficients[5].tolist()  # shear_y = shear_x - rotation
    (6, [0.0, 0.0, -1.0, 0.0, 1.0, 0.0])
    """

    generators: tuple[Generator, ...]
    coefficients: Tensor
    blocks: tuple[slice, ...]

    @staticmethod
    def of(generators: Sequence[Generator]) -> "Basis":
        """The first of the generators that the ones before do not span, class by class."""
        chosen: list[Generator] = []
        blocks = []
        columns: dict[int, list[float]] = {}
        for kind in dict.fromkeys(map(_space, generators)):
            members = [t for t, one in enumerate(generators) if _space(one) == kind]
            found, coefficients = _independent([generators[t] for t in members])
            for t, own in zip(members, coefficients, strict=True):
                columns[t] = [0.0] * len(chosen) + own
            blocks.append(slice(len(chosen), len(chosen) + len(found)))
            chosen += found
        rows = [columns[t] + [0.0] * (len(chosen) - len(columns[t])) for t in range(len(generators))]
        return Basis(tuple(chosen), torch.tensor(rows, dtype=torch.float64), tuple(blocks))

    def spares(self, dtype: torch.dtype) -> bool:
        """Whether only the basis is pushed through a model, and not all generators in their own order.

        Not where it is all of them, in whatever order, and not in double precision, for sums cost last digits.
        """
        return len(self.generators) < len(self.coefficients) and dtype != torch.float64

    def combined(self, values: Tensor) -> Tensor:
        """What is linear in the generator, (T, ...), from that of the basis (K, ...)."""
        return torch.einsum("tk,k...->t...", self.coefficients.to(values), values)


def _space(generator: Generator) -> object:
    """What generators of one vector space have in common."""
    return generator if generator.coordinates is None else type(generator)


def _independent(generators: Sequence[Generator]) -> tuple[list[Generator], list[list[float]]]:
    """Those that are linearly independent of the ones before, and the coefficients (T, K) of all in these."""
    if generators[0].coordinates is None:
        return [generators[0]], [[1.0] for _ in generators]
    vectors = np.array([one.coordinates for one in generators], float)
    kept: list[int] = []
    for t in range(len(generators)):
        if np.linalg.matrix_rank(vectors[[*kept, t]]) > len(kept):
            kept.append(t)
    coefficients = np.linalg.lstsq(vectors[kept].T, vectors.T, rcond=None)[0].T.round(12)
    return [generators[t] for t in kept], (coefficients + 0.0).tolist()
