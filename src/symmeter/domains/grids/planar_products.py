"""Groups of the plane that are made of two: dihedral groups and rigid motions."""

from symmeter.domains.grids.planar import Cyclic, Reflection, Rotations
from symmeter.domains.grids.translations import Translations
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.products import SemidirectProduct


def dihedral(n: int) -> SemidirectProduct:
    """D_n: the 2n symmetries of a regular polygon, rotations of C_n and flips."""
    if n < 1:
        raise SymmeterError(f"D{n}: a dihedral group has at least one rotation")
    return SemidirectProduct((Cyclic(n), Reflection()), f"D{n}")


def rigid_motions(extent: float = 0.125) -> SemidirectProduct:
    """SE(2): rotations about the centre, then translations up to `extent` of the image."""
    label = "SE2" if extent == Translations().extent else f"SE2({extent:g})"
    return SemidirectProduct((Translations(extent), Rotations()), label)
