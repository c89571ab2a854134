"""Which corruptions at which strengths are meant."""

from collections.abc import Iterable, Mapping

from symmeter.corruption import Corruption
from symmeter.domain import Domain
from symmeter.errors import SymmeterError, nearest
from symmeter.verbs.arguments import Given, Kind, instance, several, split_list, whole

ALL = "all"
Names = str | Iterable[str | Corruption] | None

_named = several("names", instance("a corruption", str, Corruption))
_numbers = several("whole numbers", whole(-(2**31)))


def _corruptions(value: Given) -> tuple[str | Corruption, ...]:
    """Names and corruptions from how they were written."""
    if isinstance(value, Corruption):
        return (value,)
    return _named.read(split_list(value) if isinstance(value, str) else value)


def _strengths(value: Given) -> tuple[int, ...]:
    """Whole numbers from how they were written."""
    if isinstance(value, str):
        value = [int(word) for word in split_list(value)]
    return _numbers.read(value if hasattr(value, "__iter__") else [value])


CORRUPTIONS = Kind("names such as 'gaussian_noise,blur', or a list of them", _corruptions).or_none(
    "for one of every family"
)
STRENGTHS = Kind("whole numbers such as '1,3,5'", _strengths).or_none("for all")


def chosen(
    domain: type[Domain], names: Names, strengths: Iterable[int] | None
) -> list[tuple[Corruption, int]]:
    """The corruptions of a kind of data by their names or families, `all` for all, each at its strengths.

    SymmeterError, in one line, for a name or a strength that there is not, with those that there are.
    """
    known = domain.corruptions()
    if not known:
        raise SymmeterError(
            f"no corruptions of {domain.name} are known; robustness needs a kind of data that has some"
        )
    families: dict[str, list[Corruption]] = {}
    for one in known.values():
        families.setdefault(one.family or one.name, []).append(one)
    if names is None:
        found = [own[0] for own in families.values()]
    else:
        meant = {ALL: list(known.values()), **families, **{name: [one] for name, one in known.items()}}
        found = [one for name in names for one in _meant(name, meant)]
    wanted = None if strengths is None else sorted(set(strengths))
    return [(one, strength) for one in dict.fromkeys(found) for strength in _possible(one, wanted)]


def _meant(name: str | Corruption, meant: Mapping[str, list[Corruption]]) -> list[Corruption]:
    """What a name stands for."""
    if isinstance(name, Corruption):
        return [name]
    if name not in meant:
        raise SymmeterError(f"unknown corruption {name!r}{nearest(name, meant)}")
    return meant[name]


def _possible(one: Corruption, wanted: Iterable[int] | None) -> Iterable[int]:
    """The strengths that are wanted of a corruption, which must have them."""
    if wanted is None:
        return one.strengths
    for strength in wanted:
        if strength not in one.strengths:
            there = f"{one.name} has strengths 1 to {len(one.levels)}; 0, clean data, is measured anyway"
            raise SymmeterError(f"strength {strength}: {there}")
    return wanted
