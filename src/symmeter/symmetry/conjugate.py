"""The conjugated model (g . f)(x) = rho_out(g)^-1 f(rho_in(g) x): every measure is a statistic of it."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from symmeter.autodiff.strategies import Strategy, Vectorised
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation
from symmeter.verbs.arguments import Kind, function, instance, several
from symmeter.verbs.verb import verb

_representation = instance("a Representation", Representation)


def _batches(value: Any) -> Any:
    leaves = pytree.tree_leaves(value)
    if not leaves or not all(isinstance(leaf, Tensor) and leaf.ndim for leaf in leaves):
        raise TypeError
    return value


_batch = Kind("a batch (B, ...) as a tensor, or a tuple or dictionary of batches", _batches)


def conjugate(f: Callable, element: Element, rho_in: Representation, rho_out: Representation) -> Callable:
    """The conjugated model for one element; it equals f for every element when f is equivariant.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> from symmeter.domains.grids.grid import Image
    >>> from symmeter.symmetry.representations.trivial import Trivial
    >>> element = GENERATORS["gain"].exp(0.0)
    >>> x = torch.rand(2, 3, 4, 4)
    >>> torch.equal(conjugate(torch.sum, element, Image(Bandlimited()), Trivial())(x), x.sum())
    True
    """

    def conjugated(x: Any) -> Any:
        moved, _ = rho_in.act(element, x)
        return rho_out.act(element.inverse(), f(moved))[0]

    return conjugated


@verb(
    f=function, x=_batch, tangents=several("batches like x, one for every generator", _batch).or_none("for X x"),
    rho_in=_representation, rho_out=_representation,
    generators=several("generators, such as GENERATORS['rotation']", instance("a generator", Generator)),
    strategy=instance("a strategy", Strategy).or_none("for one pass for all generators"),
)  # fmt: skip
def lie_derivative(
    f: Callable,
    x: Any,
    generators: Sequence[Generator],
    rho_in: Representation,
    rho_out: Representation,
    *,
    tangents: Sequence[Any] | None = None,
    strategy: Strategy | None = None,
) -> tuple[Any, Any]:
    """(f(x), L_X f(x)) with L_X f(x) = df_x(X x) - X f(x) for every generator X, on one shared primal pass.

    Source: Gruver et al. 2023, Eq. 3, in the order of differentiation of the design: a forward-mode product of
    the network minus one linear map of its output. `x` is a batch (B, ...), or a tuple or dict of batches.

    The second value has a leading axis over generators. `tangents` puts other directions in the place of X x,
    as the insensitivity control does; `strategy` is how the products are computed.

    >>> from symmeter.domains.grids.interpolants.series import Periodic
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> from symmeter.domains.grids.grid import Image
    >>> blur = lambda x: (x + x.roll(1, -1)) / 2
    >>> grid = Image(Periodic())
    >>> _, error = lie_derivative(blur, torch.rand(1, 1, 8, 8), [GENERATORS["translation_x"]], grid, grid)
    >>> bool(error.abs().max() < 1e-5)
    True
    """
    if tangents is None:
        tangents = rho_in.differentiate_all(generators, x)
    y, pushed = (strategy or Vectorised())(f, x, stack(tangents))
    return y, deviation(pushed, y, generators, rho_out)


def deviation(pushed: Any, y: Any, generators: Sequence[Generator], rho_out: Representation) -> Any:
    """Pushed tangents (T, B, ...) minus X y: what an equivariant model would leave at 0."""
    expected = stack(rho_out.differentiate_all(generators, y))
    return pytree.tree_map(lambda a, b: a - b, pushed, expected)


def stack(values: Sequence[Any]) -> Any:
    """A list of tensors (or of tuples or dicts of tensors) as one with a leading axis."""
    return pytree.tree_map(lambda *leaves: torch.stack(leaves), values[0], *values[1:])
