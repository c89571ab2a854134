"""What else a value in space might be than what it was said to be: unmoved, turned the other way, a pseudo-vector."""

from torch import Tensor

from symmeter.domains.space.components import Cells, Components, Positions, Scalars, Tensors, Vectors
from symmeter.domains.space.field import NODE, PAIR, Field
from symmeter.symmetry.alternatives import Alternative, Transposed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial

_CELL_UNREAD = (
    "the cell does not turn with the positions inside of the model: "
    "it gives the same whether the cell turns or not"
)
_TURNS = "turns with the rest"
_MOVED: tuple[tuple[Components, str], ...] = (
    (Cells(), "does not turn with the positions, and should as a 'cell'"),
    (Tensors(), f"{_TURNS}, as 'tensors'"),
    (Positions(), "turns and moves with the rest, as 'points'"),
    (Vectors(), f"{_TURNS}, as 'vectors'"),
    (Vectors(axial=True), f"{_TURNS}, as 'pseudovectors'"),
)


def alternatives(rho: Representation, value: Tensor) -> list[Alternative]:
    """Other actions on a value (B, ...) on which a symmetry acts by `rho`, as far as its shape allows them."""
    if isinstance(rho, Trivial) or (isinstance(rho, Field) and isinstance(rho.components, Scalars)):
        return _of_unmoved(value)
    if not isinstance(rho, Field):
        return []
    unread = _CELL_UNREAD if isinstance(rho.components, Cells) else ""
    found = [Alternative(Trivial(), "stays as it is when the rest moves, as 'invariant'", unread)]
    found.append(Alternative(Transposed(rho), "turns the other way, by R^T in the place of R"))
    if isinstance(rho.components, Vectors):
        other = Vectors(axial=not rho.components.axial)
        found.append(Alternative(Field(other, rho.place), f"looks like {other.word}"))
    if rho.place == NODE and isinstance(rho.components, Vectors):
        found.append(Alternative(Field(rho.components, "graph"), "keeps its order when points are permuted"))
    return found


def _of_unmoved(value: Tensor) -> list[Alternative]:
    """What a value (B, ...) that was said to be unmoved may be, by its shape."""
    shape = tuple(value.shape[1:])
    found = []
    for components, words in _MOVED:
        if components.fits(shape) and (shape[-1:] == (3,)):
            found.append(Alternative(Field(components), words))
    if len(shape) > 1 and shape[0] == shape[1]:
        found.append(Alternative(Field(Scalars(), PAIR), "is permuted along both axes, as 'pair scalars'"))
    if shape:
        found.append(Alternative(Field(Scalars(), NODE), "is permuted with the points, as 'node scalars'"))
    return found
