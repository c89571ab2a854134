"""The spectrum of a response over a group: how much of it is of which degree, from the calls that measured it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from symmeter.measuring.targets import PairSums
from symmeter.results.spectrum import Degree, Spectrum
from symmeter.symmetry.groups.degrees import Part
from symmeter.symmetry.groups.group import ElementSet, Group

HIGHEST = 8  # degree that is told apart from what is beyond
_FEWEST = 3  # elements: two are left when one is left out
_LEFT_OUT = 10  # parts of the elements, each of which is left out once for standard errors
_SUM = 10.0  # weight of the sum of all shares against that of all pairs
_NOTHING = 1e-6


@dataclass(frozen=True)
class _Fit:
    """Half the squared distances (N, N) in units of A^2, and what they are for a response of one degree: (L, N, N).

    A response of degree l and of no preferred direction has 1 - chi_l(g_i^-1 g_j) / d. What is beyond all L degrees has
    1 for i other than j.
    """

    half: np.ndarray
    degrees: np.ndarray

    def without(self, gone: np.ndarray) -> "_Fit":
        """Without some elements (N,)."""
        kept = np.ix_(~gone, ~gone)
        return _Fit(self.half[kept], self.degrees[:, *kept])

    def shares(self) -> np.ndarray:
        """(L + 1,) by least squares: none below 0, adding up to 1, the last what is beyond."""
        from scipy.optimize import nnls  # slow to import

        pairs = np.triu(np.ones_like(self.half, dtype=bool), 1)
        columns = np.stack([*self.degrees[:, pairs], np.ones(pairs.sum())])
        weight = _SUM * pairs.sum()
        normal = columns @ columns.T + weight
        normal += _NOTHING * np.diag(normal.diagonal())  # few elements do not tell all degrees apart
        root = np.linalg.cholesky(normal)
        found = nnls(root.T, np.linalg.solve(root, columns @ self.half[pairs] + weight))[0]
        return found / found.sum()


def spectra(elements: ElementSet, pairs: Mapping[str, PairSums]) -> dict[str, Spectrum]:
    """The spectrum of every output of which there is one."""
    found = {output: spectrum(elements, own) for output, own in pairs.items()}
    return {output: one for output, one in found.items() if one is not None}


def spectrum(elements: ElementSet, pairs: PairSums) -> Spectrum | None:
    """From the squared distances (N, N) between values z(g) of sampled elements; None where nothing can be said.

    The shares of A^2 that fit the distances best. Of very many independent elements that are the means of
    d chi_l(g_i^-1 g_j) <z_i, z_j> over pairs, by which the degrees of few cosets could not be told apart. Standard
    errors are of a jackknife over ten parts of the elements.
    """
    count = len(pairs.total) // elements.block * elements.block
    half = pairs.total[:count, :count] / 2
    draw = np.arange(count) // elements.block
    apart = draw[:, None] != draw
    parts = [part for part in elements.group.parts(elements.elements[:count], HIGHEST) if _varies(part)]
    if not parts or count < _FEWEST or not apart.any() or not half[apart].mean() > 0:
        return None
    expected = np.stack([1 - part.kernel.numpy() / float(part.kernel[0, 0]) for part in parts])
    fit = _Fit(half / half[apart].mean(), expected)
    size = max(elements.part, -(-count // _LEFT_OUT))
    number = np.arange(count) // size
    left_out = np.array([fit.without(number == k).shares() for k in range(number[-1] + 1)])
    return _spectrum(parts, exact_degree(elements.group, elements.design), fit.shares(), left_out)


def _spectrum(parts: list[Part], exact: int | None, shares: np.ndarray, left_out: np.ndarray) -> Spectrum:
    """From shares (L + 1,), and those without each of K parts of the elements, (K, L + 1)."""
    errors = _jackknife(left_out)
    degrees = tuple(
        Degree(part.degree, part.parity, float(share), float(error))
        for part, share, error in zip(parts, shares, errors, strict=False)
    )
    if exact is None:
        return Spectrum(degrees)
    beyond = np.array([*(part.degree > exact for part in parts), True])
    return Spectrum(degrees, exact, float(shares @ beyond), float(_jackknife(left_out @ beyond)))


def _jackknife(left_out: np.ndarray) -> np.ndarray:
    """Standard errors from K estimates (K, ...) that leave out one part of the elements each."""
    k = len(left_out)
    return np.sqrt((k - 1) / k * ((left_out - left_out.mean(0)) ** 2).sum(0))


def exact_degree(group: Group, design: Group | None) -> int | None:
    """The highest degree up to which the mean over a design is that over the group; None without a design.

    >>> from symmeter.domains.space.orthogonal import Orthogonal
    >>> [exact_degree(Orthogonal(), design) for design in Orthogonal().designs]
    [5, 3, 2]
    """
    if design is None:
        return None
    parts = group.parts(design.enumerate(), HIGHEST)
    missed = [part.degree for part in parts if _varies(part) and abs(float(part.kernel[0].mean())) > _NOTHING]
    return min(missed, default=HIGHEST + 1) - 1


def _varies(part: Part) -> bool:
    """Whether its functions are not constant."""
    return part.degree > 0 or part.parity == -1
