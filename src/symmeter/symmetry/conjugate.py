"""The conjugated model (g . f)(x) = rho_out(g)^-1 f(rho_in(g) x): every measure is a statistic of it."""

from collections.abc import Callable, Sequence

import torch
from torch.utils import _pytree as pytree

from symmeter.autodiff.strategies import Strategy, Vectorised
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation, Value
from symmeter.trees import is_dense
from symmeter.verbs.arguments import Kind, function, instance, several
from symmeter.verbs.verb import verb

_representation = instance("a Representation", Representation)


def _batches(value: Value) -> Value:
    leaves = pytree.tree_leaves(value)
    if not leaves:
        raise TypeError
    for leaf in leaves:
        if not is_dense(leaf) or leaf.ndim == 0:
            raise TypeError
    return value


_batch = Kind("a batch (B, ...) as a tensor, or a tuple or dictionary of batches", _batches)


def conjugate(f: Callable, element: Element, rho_in: Representation, rho_out: Representation) -> Callable:
    """The conjugated model for one element; it equals f for every element when f is equivariant.

    >>> from symmeter.domains.grids.interpolants.series import Bandlimited
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> from symmeter.domains.grids.grid import Grid
    >>> from symmeter.symmetry.representations.trivial import Trivial
    >>> element = GENERATORS["gain"].exp(0.0)
    >>> x = torch.rand(2, 3, 4, 4)
    >>> torch.equal(conjugate(torch.sum, element, Grid(Bandlimited()), Trivial())(x), x.sum())
    True
    """

    def conjugated(x: Value) -> Value:
        moved, _ = rho_in.act(element, x)
        back, _ = rho_out.act(element.inverse(), f(moved))
        return back

    return conjugated


@verb(
    f=function,
    x=_batch,
    generators=several("generators, such as GENERATORS['rotation']", instance("a generator", Generator)),
    rho_in=_representation,
    rho_out=_representation,
    tangents=several("batches like x, one for every generator", _batch).or_none("for X x"),
    strategy=instance("a strategy", Strategy).or_none("for one pass for all generators"),
)
def lie_derivative(
    f: Callable,
    x: Value,
    generators: Sequence[Generator],
    rho_in: Representation,
    rho_out: Representation,
    *,
    tangents: Sequence[Value] | None = None,
    strategy: Strategy | None = None,
) -> tuple[Value, Value]:
    """(f(x), L_X f(x)) with L_X f(x) = df_x(X x) - X f(x) for every generator X, on one shared primal pass.

    Source: Gruver et al. 2023, Eq. 3: a forward-mode product of the network minus one linear map of its output.

    `x` is a batch (B, ...), or a tuple or dict of batches; f(x) is (B, ...) or a tuple or dict of such, and L_X f(x)
    the same with a leading axis over the T generators, (T, B, ...). `tangents` are T other directions of the shape of
    x in the place of X x, as the insensitivity control takes; `strategy` is how the products are computed.

    >>> from symmeter.domains.grids.interpolants.series import Periodic
    >>> from symmeter.domains.grids.generators import GENERATORS
    >>> from symmeter.domains.grids.grid import Grid
    >>> blur = lambda x: (x + x.roll(1, -1)) / 2
    >>> grid = Grid(Periodic())
    >>> _, error = lie_derivative(blur, torch.rand(1, 1, 8, 8), [GENERATORS["translation_x"]], grid, grid)
    >>> bool(error.abs().max() < 1e-5)
    True
    """
    if tangents is None:
        tangents = rho_in.differentiate_all(generators, x)
    y, pushed = (strategy or Vectorised())(f, x, stack(tangents))
    return y, deviation(pushed, y, generators, rho_out)


def deviation(pushed: Value, y: Value, generators: Sequence[Generator], rho_out: Representation) -> Value:
    """(..., T, B, ...): pushed tangents, of that shape, minus X y, for y (B, ...); 0 for an equivariant model."""
    expected = stack(rho_out.differentiate_all(generators, y))
    return pytree.tree_map(torch.sub, pushed, expected)


def stack(values: Sequence[Value]) -> Value:
    """T tensors (B, ...), or tuples or dicts of such, as one with a leading axis (T, B, ...)."""
    return pytree.tree_map(lambda *leaves: torch.stack(leaves), values[0], *values[1:])
