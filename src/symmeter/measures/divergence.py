"""Divergences between the distributions of an image and of its moved copies."""

from torch import Tensor

from symmeter.measures.distances import js, kl, over_positions
from symmeter.measures.measure import Average, need_probabilities
from symmeter.measures.orbit import View, wide
from symmeter.measures.quantity import Quantity
from symmeter.symmetry.groups.group import ElementSet


class _Divergence(Average):
    """A divergence between distributions over classes, in nats."""

    direction = "lower = more symmetric; depends on the temperature of the softmax"
    power = 2  # divergences are quadratic where distributions are close

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        need_probabilities(self.name, quantity)

    def unit(self, quantity: Quantity) -> str:
        return "nat"


class KLConsistency(_Divergence):
    """KL(g f(x) || f(g x)), mean over elements other than the identity."""

    name = "kl_consistency"
    description = "KL divergence of f(gx) from g f(x)"

    def error(self, view: View) -> Tensor:
        moved, mask = view.moved
        return over_positions(kl(wide(moved), wide(view.y)), mask)


class JSConsistency(_Divergence):
    """JS(g f(x), f(g x)), mean over elements other than the identity; at most log 2."""

    name = "js_consistency"
    description = "Jensen-Shannon divergence of f(gx) and g f(x)"

    def error(self, view: View) -> Tensor:
        moved, mask = view.moved
        return over_positions(js(wide(moved), wide(view.y)), mask)
