"""What else a value in space might be than what it was said to be: unmoved, turned the other way, a pseudo-vector."""

from torch import Tensor

from symmeter.domains.space.components import Cells, Components, Positions, Scalars, Tensors, Vectors
from symmeter.domains.space.field import NODE, PAIR, Field
from symmeter.domains.space.irreps import Irrep, Irreps
from symmeter.domains.space.orientations import Frames
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
    (Frames(), f"{_TURNS}, as 'frames'"),
    (Tensors(), f"{_TURNS}, as 'tensors'"),
    (Vectors(), f"{_TURNS}, as 'vectors' (or 'points', where translations move it too)"),
    (Positions(), "turns and moves with the rest, as 'points'"),
    (Vectors(axial=True), f"{_TURNS}, as 'pseudovectors'"),
)
_MATRICES: tuple[tuple[Components, str], ...] = (
    (Cells(), "has its vectors as rows, and turns as a 'cell'"),
    (Frames(), "has its vectors as columns, and turns as 'frames'"),
    (Tensors(), "turns on both sides, as 'tensors'"),
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
    for other in _other_parities(rho.components):
        found.append(Alternative(Field(other, rho.place), f"looks like {other.describe()}"))
    if rho.components in [components for components, _ in _MATRICES]:
        others = [one for one in _MATRICES if one[0] != rho.components]
        found += [Alternative(Field(components, rho.place), words) for components, words in others]
    if rho.place == NODE and isinstance(rho.components, Vectors):
        found.append(Alternative(Field(rho.components, "graph"), "keeps its order when points are permuted"))
    return found


def _other_parities(components: Components) -> list[Components]:
    """Vectors as pseudo-vectors and the other way round; irreps with one of them, and with all, of the other parity."""
    if isinstance(components, Vectors):
        return [Vectors(axial=not components.axial)]
    if not isinstance(components, Irreps):
        return []
    own = components.parts
    flipped = [Irrep(one.copies, one.degree, -one.parity) for one in own]
    single = [(*own[:k], other, *own[k + 1 :]) for k, other in enumerate(flipped)]
    return [Irreps(tuple(parts)) for parts in dict.fromkeys([*single, tuple(flipped)])]


def _of_unmoved(value: Tensor) -> list[Alternative]:
    """What a value (B, ...) that was said to be unmoved may be, by its shape."""
    shape = tuple(value.shape[1:])
    flags = (value == 0) | (value == 1)  # along which axes there are periods, say: no vectors
    turns = shape[-1:] == (3,) and not bool(flags.all())
    found = []
    for components, words in _MOVED:
        if turns and components.fits(shape):
            found.append(Alternative(Field(components), words))
    if len(shape) > 1 and shape[0] == shape[1]:
        found.append(Alternative(Field(Scalars(), PAIR), "is permuted along both axes, as 'pair scalars'"))
    if shape:
        found.append(Alternative(Field(Scalars(), NODE), "is permuted with the points, as 'node scalars'"))
    return found
