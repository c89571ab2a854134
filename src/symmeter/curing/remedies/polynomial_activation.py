"""`polynomial_activation`: a polynomial in place of a non-linearity."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from symmeter.curing.numbered import Numbered
from symmeter.curing.pointwise import is_pointwise
from symmeter.curing.remedy import LayerRemedy, Purpose, Remedy

_MOST = 100_000  # of the values that are seen, evenly spread, the polynomial is fitted to


class PolynomialActivation(Numbered, LayerRemedy):
    """A non-linearity becomes the polynomial of a low degree d that is nearest to it on the inputs that were seen.

        p = argmin over polynomials of degree d of sum over seen x of (p(x) - sigma(x))^2.

    The spectrum of p(x) reaches d times as far as that of x and no farther, where a kink reaches to all frequencies.
    Behind a mean over the map the square of what is band-limited is exactly invariant. The polynomial is constant
    beyond the range that was seen and a quarter of it to both sides, for a chain of them would grow without bounds.
    Every layer is fitted by itself: without training it costs much accuracy, so it is not usual. Coefficients and range
    are buffers. Activations with parameters of their own are left alone.
    Source: Michaeli et al. 2023, Alias-free convnets, who train with polynomials of degree 2.
    """

    name = "polynomial_activation"
    words = "a polynomial of low degree, fitted to each non-linearity on what it sees"
    source = "Michaeli et al. 2023"
    usual_number, most, whole = 2, 8, True
    meaning = "the degree of the polynomial, a whole number from 1 to 8"

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        return []

    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        if not is_pointwise(layer) or next(layer.parameters(), None) is not None:
            return None
        degree = int(self.number)
        made = Polynomial(degree).train(layer.training)
        if seen is not None:
            made.coefficients = fitted(layer, seen, degree)
            least, most = seen.detach().aminmax()
            beyond = (most - least) / 4
            made.reach = torch.stack([least - beyond, most + beyond])
        return made


def fitted(layer: nn.Module, seen: Tensor, degree: int) -> Tensor:
    """Coefficients (degree + 1,), constants first, of the polynomial nearest to a function at values of any shape.

    >>> fitted(nn.Identity(), torch.tensor([1.0, 2.0, 4.0]), 1).round(decimals=3).abs()
    tensor([0., 1.])
    """
    values = seen.detach().flatten()
    values = values[:: -(-len(values) // _MOST)].double()
    scale = values.abs().max().clamp(min=1e-12)
    powers = (values / scale)[:, None] ** torch.arange(degree + 1, device=values.device)
    with torch.no_grad():
        wanted = layer(values.to(seen.dtype).clone()).double()
    # The smallest of all that are nearest, where there are fewer values than coefficients.
    solution = torch.linalg.lstsq(powers.cpu(), wanted.cpu()[:, None], driver="gelsd").solution[:, 0]
    units = scale.cpu() ** torch.arange(degree + 1)
    return (solution / units).to(seen)


class Polynomial(nn.Module):
    """A polynomial of every number, constant beyond a reach (least, most); zero until it is loaded or fitted."""

    coefficients: Tensor
    reach: Tensor

    def __init__(self, degree: int):
        super().__init__()
        self.register_buffer("coefficients", torch.zeros(degree + 1))
        self.register_buffer("reach", torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        """x of any shape -> the same shape, by Horner's rule."""
        x = x.clamp(*self.reach.to(x.dtype))
        *lower, total = self.coefficients.to(x.dtype).unbind()
        for coefficient in reversed(lower):
            total = total * x + coefficient
        return total

    def extra_repr(self) -> str:
        return f"degree={len(self.coefficients) - 1}"
