"""Groups of the plane that are made of two: dihedral groups and rigid motions."""

from symmeter.domains.grids.planar import Cyclic, Reflection, Rotations
from symmeter.domains.grids.translations import Translations
from symmeter.errors import SymmeterError
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.products import SemidirectProduct


class Dihedral(SemidirectProduct):
    """Rotations by whole parts of a turn, with flips."""

    @property
    def subgroups(self) -> tuple[Group, ...]:
        """Rotations where these can be, else smaller dihedral groups: of D4, D4, C4 and C2, of D3 D3, C3 and a flip.

        >>> [group.name for group in dihedral(6).subgroups]
        ['D6', 'C6', 'D2', 'C3', 'C2']
        """
        n = self.order // 2 if self.order else 0
        orders = [k for k in range(1, n + 1) if n % k == 0]
        found: dict[int, Group] = {2 * k: dihedral(k) for k in orders}
        found |= {2: Reflection(), **{k: Cyclic(k) for k in orders if k > 1}}
        return tuple(found[size] for size in sorted(found, reverse=True))


def dihedral(n: int) -> SemidirectProduct:
    """D_n: the 2n symmetries of a regular polygon, rotations of C_n and flips."""
    if n < 1:
        raise SymmeterError(f"D{n}: a dihedral group has at least one rotation")
    return Dihedral((Cyclic(n), Reflection()), f"D{n}")


def rigid_motions(extent: float = 0.125) -> SemidirectProduct:
    """SE(2): rotations about the centre, then translations up to `extent` of the image."""
    label = "SE2" if extent == Translations().extent else f"SE2({extent:g})"
    return SemidirectProduct((Translations(extent), Rotations()), label)
