"""Which kind of data is meant, where nobody said so: seen from the data, the symmetry and the words for inputs."""

import contextlib
from collections.abc import Iterable
from itertools import chain, filterfalse
from pathlib import Path
from typing import Any

from symmeter.domain import Domain
from symmeter.errors import SymmeterError, nearest, shortened
from symmeter.kinds_of_data import domains
from symmeter.symmetry.hypothesis import check_written
from symmeter.verbs.arguments import split_list


def domain_of(data: Any, symmetry: Any, words: Iterable[str] = ()) -> type[Domain]:
    """The one kind of data that takes `data`, knows every word of the symmetry, and has these words for inputs.

    One that surely has the data comes first. Where there is none, images, which say what is wrong; where there are
    several, SymmeterError with the choices.
    """
    words, usual = list(words), next(iter(domains().values()))
    fits = [d for d in domains().values() if all(map(d.knows_input, words))]
    if not fits:
        known = dict.fromkeys(chain.from_iterable(d.input_words for d in domains().values()))
        wrong = next(filterfalse(known.__contains__, words), words[0])
        raise SymmeterError(f"inputs: {wrong!r} is no way in which a symmetry acts{nearest(wrong, known)}")
    claiming = [d for d in fits if d.claims(data)]
    if (
        claiming
        and isinstance(data, str | Path)
        and Path(data).suffix
        and not Path(data).expanduser().exists()
    ):
        raise SymmeterError(f"{data}: no such file or folder")
    claiming = claiming or (fits if words else [])
    if len(claiming) == 1:
        return claiming[0]
    fits = [d for d in fits if (words or d.takes(data)) and _knows(d, symmetry)]
    if not fits:
        _check_of_another(symmetry, usual)
        return usual
    first = fits[0]
    if len(fits) > 1 and first is not usual:
        names = shortened([d.name for d in fits])
        raise SymmeterError(f"this data could be {names}: say which with domain={first.name!r}")
    return first


def _check_of_another(symmetry: Any, usual: type[Domain]) -> None:
    """SymmeterError where images have no such symmetry, and another kind of data has."""
    knowing = [d.name for d in domains().values() if _knows(d, symmetry)]
    first = next(iter(knowing), usual.name)
    if first != usual.name:
        names = " or ".join(knowing)
        raise SymmeterError(
            f"symmetry {symmetry!r} is one of {names}, and this data is not seen to be that: "
            f"say domain={first!r}"
        )


def _knows(domain: type[Domain], symmetry: Any) -> bool:
    """Whether all names in a symmetry are of this domain; objects are of any."""
    if isinstance(symmetry, str):
        symmetry = [check_written(name) for name in split_list(symmetry.strip(", "))]
    if not isinstance(symmetry, list | tuple):
        return True
    names = [item for item in symmetry if isinstance(item, str)]
    with contextlib.suppress(SymmeterError):  # it is one of this domain's, misspelt
        return all(map(domain.symmetry, names))
    return True
