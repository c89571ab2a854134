"""The parts that a function on a group is made of, degree by degree."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Part:
    """The functions on a group that are of one degree l: matrix elements of one irreducible representation.

    `kernel` (N, N) has d chi(g_i^-1 g_j) for elements g_1, ..., g_N, with chi the character and d the dimension: the
    mean of kernel_ij <f(g_i), f(g_j)> over independent pairs is E |f_l|^2, with f_l the part of f. `parity` says what
    an inversion does to it, 1 or -1; None for a group that has none.
    """

    degree: int
    parity: int | None
    kernel: Tensor
