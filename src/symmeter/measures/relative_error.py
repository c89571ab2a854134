"""Relative equivariance error, and error relative to other images."""

from torch import Tensor

from symmeter.errors import SymmeterError
from symmeter.measures.measure import Average
from symmeter.measures.orbit import Chunk, View, mean_square
from symmeter.measures.quantity import Quantity


class RelativeError(Average):
    """||f(g x) - g f(x)|| / ||f(x)||, the mean over elements other than the identity; `maximum` is over all of them.

    Norms are root mean squares over the entries where the moved output is valid. Of the normalisations in use this is
    the one by the norm of the output itself.
    """

    name = "relative_error"
    direction = "lower = more symmetric"
    description = "||f(gx) - g f(x)|| / ||f(x)||; mean, quantiles over samples, and maximum"

    def error(self, view: View) -> Tensor:
        moved, mask = view.moved
        difference = mean_square(view.y - moved, mask).sqrt()
        share = difference / mean_square(view.chunk.reference).sqrt()
        return share.masked_fill(difference == 0, 0)  # also where the output is 0 itself

    def unit(self, quantity: Quantity) -> str:
        return "share of the output's norm"


class RelativeInvariance(Average):
    """E ||f(g x) - g f(x)|| / E ||f(x') - f(x)||, x' another image: distances to moved copies against other images.

    Both means are taken before one is divided by the other.

    Source: Bouchacourt et al. 2021 and Speicher et al. 2021, in spirit; the distance here is Euclidean.
    """

    name = "relative_invariance"
    direction = "lower = more symmetric; 1 = moved copies are as far as other samples"
    description = "distance to moved copies / distance to other samples"
    needs_other = True

    def error(self, view: View) -> Tensor:
        moved, mask = view.moved
        return mean_square(view.y - moved, mask).sqrt()

    def scale(self, chunk: Chunk) -> Tensor:
        if chunk.other is None:
            raise SymmeterError(f"{self.name} compares with other samples: give more than one")
        return mean_square(chunk.other - chunk.reference).sqrt()

    def unit(self, quantity: Quantity) -> str:
        return "share of the distance between samples"
