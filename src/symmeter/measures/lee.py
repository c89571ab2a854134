"""LEE, the local equivariance error of Gruver et al. 2023."""

from torch import Tensor

from symmeter.measures.measure import DerivativeMeasure
from symmeter.measures.quantity import Quantity
from symmeter.symmetry.groups.generators import Generator


class LEE(DerivativeMeasure):
    """LEE(f) = E_x ||L_X f(x)||^2 / dim(V_out).

    Source: Gruver et al. 2023, Eq. 4 (squares, as in its pseudocode, not the absolute values of its script).

    >>> import torch
    >>> LEE().statistic(torch.full((1, 2, 10), 3.0))
    tensor([[9., 9.]], dtype=torch.float64)
    """

    name = "lee"
    direction = "lower = more symmetric"
    description = "local equivariance error, mean squared Lie derivative (Gruver et al. 2023, Eq. 4)"
    power = 2

    def statistic(self, derivative: Tensor, weight: Tensor | None = None) -> Tensor:
        """(T, B) float64 from derivatives (T, B, ...), the mean of whose squares is taken with a weight."""
        squares = derivative.double().square()
        if weight is not None:
            squares = squares * weight
        return squares.flatten(2).mean(-1) if squares.ndim > 2 else squares

    def unit(self, quantity: Quantity, generator: Generator) -> str:
        return f"{quantity.squared_unit} / {generator.unit}^2"
