"""What lies between the pixels of an image: interpolants, by name."""

import re

from symmeter.domains.grids.interpolants.interpolant import Interpolant, Stencil
from symmeter.domains.grids.interpolants.local import Bicubic, Bilinear, Gruver2023, Sinc
from symmeter.domains.grids.interpolants.low_passed import LowPassed
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
    "LowPassed",
    "Periodic",
    "Sinc",
    "Stencil",
    "parse_interpolant",
]

_LOW_PASSED = re.compile(r"^bandlimited\((.*)\)$")
INTERPOLANTS: dict[str, Interpolant] = {
    d.name: d for d in (Bandlimited(), Periodic(), Sinc(), Bicubic(), Bilinear(), Gruver2023())
}


def parse_interpolant(name: str | Interpolant) -> Interpolant:
    """The interpolant of this name; SymmeterError with the choices otherwise.

    `bandlimited(b)` is `LowPassed(b)`, and 1 leaves out nothing.

    >>> [parse_interpolant(name).name for name in ("periodic", "bandlimited(.50)", "bandlimited(1)")]
    ['periodic', 'bandlimited(0.5)', 'bandlimited']
    """
    if isinstance(name, Interpolant):
        return name
    if not isinstance(name, str):
        raise SymmeterError(f"definition is {shown(name)}; give a name such as 'bandlimited'")
    low_passed = _LOW_PASSED.match(name.strip())
    if low_passed:
        share = _share(low_passed[1], name)
        return INTERPOLANTS["bandlimited"] if share == 1 else LowPassed(share)
    if name not in INTERPOLANTS:
        raise SymmeterError(f"unknown definition {name!r}{nearest(name, INTERPOLANTS)}")
    return INTERPOLANTS[name]


def definitions() -> list[tuple[str, str]]:
    """All names, with what they mean in a line."""
    named = list(INTERPOLANTS.items())
    named.insert(1, ("bandlimited(B)", LowPassed(0.5)))
    return [(name, (one.__doc__ or "").partition("\n")[0].rstrip(".")) for name, one in named]


def _share(written: str, name: str) -> float:
    """The number in brackets."""
    try:
        share = float(written)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise SymmeterError(
            f"definition {name!r}: the share of the frequencies is above 0 and at most 1, as in 'bandlimited(0.5)'"
        )
    return share
