"""Units as they are shown: those of atoms in the sizes that people compare, such as meV/atom and GPa."""

_MILLI, _GIGAPASCAL = 1e3, 160.21766208  # eV/angstrom^3 in GPa
_SHOWN: dict[str, tuple[str, float]] = {
    "eV": ("meV", _MILLI),
    "eV/atom": ("meV/atom", _MILLI),
    "eV/angstrom": ("meV/angstrom", _MILLI),
    "eV/angstrom^3": ("GPa", _GIGAPASCAL),
}


def shown_unit(unit: str) -> tuple[str, float]:
    """The unit that tables have for one, and how many of it that one is.

    >>> shown_unit("eV/atom"), shown_unit("degree")
    (('meV/atom', 1000.0), ('degree', 1.0))
    """
    return _SHOWN.get(unit, (unit, 1.0))
