"""What lies between the pixels of an image: interpolants, by name."""

from symmeter.domains.grids.interpolants.interpolant import Interpolant, Stencil
from symmeter.domains.grids.interpolants.local import Bicubic, Bilinear, Gruver2023, Sinc
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.errors import SymmeterError, nearest
from symmeter.verbs.arguments import shown

__all__ = [
    "INTERPOLANTS",
    "Bandlimited",
    "Bicubic",
    "Bilinear",
    "Gruver2023",
    "Interpolant",
    "Periodic",
    "Sinc",
    "Stencil",
    "parse_interpolant",
]

INTERPOLANTS: dict[str, Interpolant] = {
    d.name: d for d in (Bandlimited(), Periodic(), Sinc(), Bicubic(), Bilinear(), Gruver2023())
}


def parse_interpolant(name: str | Interpolant) -> Interpolant:
    """The interpolant of this name; SymmeterError with the choices otherwise.

    >>> parse_interpolant("periodic").name
    'periodic'
    """
    if isinstance(name, Interpolant):
        return name
    if not isinstance(name, str):
        raise SymmeterError(f"definition is {shown(name)}; give a name such as 'bandlimited'")
    if name not in INTERPOLANTS:
        raise SymmeterError(f"unknown definition {name!r}{nearest(name, INTERPOLANTS)}")
    return INTERPOLANTS[name]
