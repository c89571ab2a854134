"""The mean squared error of a group, which layers share among themselves."""

from torch import Tensor

from symmeter.measures.measure import Average
from symmeter.measures.orbit import View, mean_square
from symmeter.measures.quantity import Quantity


class SquaredError(Average):
    """E_g ||g^-1 f(g x) - f(x)||^2 / dim(V_out), the mean over elements other than the identity."""

    name = "squared_error"
    direction = "lower = more symmetric"
    description = "mean square of g^-1 f(gx) - f(x), which attribution divides among layers"
    power = 2

    def error(self, view: View) -> Tensor:
        back, mask = view.conjugated
        return mean_square(back - view.chunk.reference, mask)

    def unit(self, quantity: Quantity) -> str:
        return quantity.squared_unit
