"""What lies between the pixels of an image: interpolants, by name."""

from symmeter.domains.grids.interpolants.interpolant import Definition, Stencil
from symmeter.domains.grids.interpolants.local import Bicubic, Bilinear, Gruver2023, Sinc
from symmeter.domains.grids.interpolants.series import Bandlimited, Periodic
from symmeter.errors import SymmeterError, nearest
from symmeter.verbs.arguments import shown

__all__ = [
    "DEFINITIONS",
    "Bandlimited",
    "Bicubic",
    "Bilinear",
    "Definition",
    "Gruver2023",
    "Periodic",
    "Sinc",
    "Stencil",
    "parse_definition",
]

DEFINITIONS: dict[str, Definition] = {
    d.name: d for d in (Bandlimited(), Periodic(), Sinc(), Bicubic(), Bilinear(), Gruver2023())
}


def parse_definition(name: str | Definition) -> Definition:
    """The definition of this name; SymmeterError with the choices otherwise.

    >>> parse_definition("periodic").name
    'periodic'
    """
    if isinstance(name, Definition):
        return name
    if not isinstance(name, str):
        raise SymmeterError(f"definition is {shown(name)}; give a name such as 'bandlimited'")
    if name not in DEFINITIONS:
        raise SymmeterError(f"unknown definition {name!r}{nearest(name, DEFINITIONS)}")
    return DEFINITIONS[name]
