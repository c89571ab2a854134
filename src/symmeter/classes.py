"""Which output of a model is which class: names of folders and data sets, and the order that a model has them in."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from symmeter.errors import SymmeterError, nearest, shortened

_LARGEST = 2**22  # bytes of a file of classes
_MOST = 2**20  # classes
_WRAPPED = 8  # loaders and subsets around a data set
_SHOWN = 60  # characters of a value in a message
_FORMS = "a list of names in the order of the outputs, or {name: number} or {number: name}"


@dataclass(frozen=True)
class Classes:
    """The classes of some data: `names` by their numbers there.

    `ordered`: the numbers are no more than places in a list of names, as of folders in the alphabet.
    """

    names: Mapping[int, str]
    ordered: bool = True

    def words(self) -> str:
        """How many, and the first of them."""
        return f"{len(self.names)} classes ({shortened(self.names.values())})"


NO_CLASSES = Classes({})


@dataclass(frozen=True)
class ClassOrder:
    """The classes of a model by their names, of which one may have several; `source` says who named them.

    `alike` has the same by the names in plain letters.
    """

    numbers: Mapping[str, Sequence[int]]
    alike: Mapping[str, Sequence[int]]
    source: str

    def number_of(self, name: str) -> int | None:
        """The number of a class, whatever its spaces, hyphens and capitals; None for none, or for several.

        >>> order_of(["tench, Tinca tinca", "great_white-shark"]).number_of("Great white shark")
        1
        """
        found = self._all_of(name)
        return found[0] if len(found) == 1 else None

    def _all_of(self, name: str) -> Sequence[int]:
        return self.numbers.get(name) or self.alike.get(_plain(name)) or ()

    def numbers_of(self, names: Iterable[str]) -> list[int]:
        """The number of each class; SymmeterError for the first that has none, or several."""
        found = []
        for name in names:
            number = self.number_of(name)
            if number is None:
                several = self._all_of(name)
                if several:
                    raise SymmeterError(
                        f"{self.source}: {name!r} is the name of classes {shortened(map(str, several))}"
                    )
                hint = nearest(name, self.numbers)
                raise SymmeterError(f"{self.source}: no class {name!r}{hint}")
            found.append(number)
        return found


def order_of(given: object, source: str = "classes") -> ClassOrder:
    """From a list of names in the order of outputs, {name: number}, {number: name}, or the path of a file with these.

    A name may be several, in a list or with commas. SymmeterError, in one line, for what is none of this.

    >>> order_of({"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}).number_of("n01443537")
    1
    >>> order_of({"cat": 3, "dog": 5}).numbers_of(["dog", "cat"])
    [5, 3]
    """
    if isinstance(given, str | Path):
        place = Path(given).expanduser()
        return order_of(_read(place), f"classes {place.name}")
    if isinstance(given, Mapping):
        pairs = list(_pairs(given, source))
    elif isinstance(given, list | tuple):
        pairs = [(name, number) for number, names in enumerate(given) for name in _names(names, source)]
    else:
        raise SymmeterError(f"{source}: {_said(given)}; give {_FORMS}")
    if not pairs or max(number for _, number in pairs) >= _MOST:
        raise SymmeterError(f"{source}: no class, or one with a number beyond {_MOST}; give {_FORMS}")
    alike = [(_plain(name), number) for name, number in pairs]
    return ClassOrder(_by_name(pairs), _by_name(alike), source)


def _by_name(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    """All numbers of each name."""
    found: dict[str, dict[int, None]] = {}
    for name, number in pairs:
        found.setdefault(name, {})[number] = None
    return {name: tuple(numbers) for name, numbers in found.items()}


def _pairs(given: Mapping, source: str) -> Iterator[tuple[str, int]]:
    """(name, number) of a mapping either way."""
    for key, value in given.items():
        if _is_number(value) and isinstance(key, str):
            yield key, value
        elif _is_number(key) or (isinstance(key, str) and re.fullmatch("[0-9]{1,7}", key)):
            yield from ((name, int(key)) for name in _names(value, source))
        else:
            raise SymmeterError(f"{source}: {_said(key)}: {_said(value)}; give {_FORMS}")


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _names(value: object, source: str) -> list[str]:
    """All names of one class."""
    names = list(value) if isinstance(value, list | tuple) else [value]
    words = [name.strip() for name in names if isinstance(name, str) and name.strip()]
    if not names or len(words) < len(names):
        raise SymmeterError(f"{source}: {_said(value)} is no name of a class; give {_FORMS}")
    parts = [part.strip() for word in words if "," in word for part in word.split(",") if part.strip()]
    return list(dict.fromkeys([*words, *parts]))


def _said(value: object) -> str:
    """A value in a message."""
    return " ".join(repr(value).split())[:_SHOWN]


def _plain(name: str) -> str:
    """A name without capitals, and with spaces for hyphens and underscores."""
    return " ".join(re.split(r"[\s_-]+", name.lower())).strip()


def _read(place: Path) -> object:
    """What a file of classes holds: JSON, or one name a line."""
    try:
        if place.stat().st_size > _LARGEST:
            raise SymmeterError(
                f"classes {place}: more than {_LARGEST // 2**20} MiB; one name a line is less"
            )
        text = place.read_text(encoding="utf-8-sig")
        if place.suffix.lower() == ".json":
            return json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        words = (
            getattr(error, "strerror", None) or f"not readable: {str(error)[:100] or type(error).__name__}"
        )
        raise SymmeterError(
            f"classes {place}: {words}; give JSON (.json), or text with one name a line"
        ) from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def classes_in(data: object) -> Classes:
    """The classes that a dataset names: `class_to_idx` as torchvision's have, or a ClassLabel of Hugging Face's."""
    for _ in range(_WRAPPED):
        if not hasattr(data, "class_to_idx"):
            data = getattr(data, "dataset", data)  # of a loader or a subset
    known = getattr(data, "class_to_idx", None)
    if isinstance(known, Mapping):
        pairs = sorted((number, str(name)) for name, number in known.items() if _is_number(number))
        names = dict(reversed(pairs))
        return Classes(dict(sorted(names.items())), ordered=sorted(names) == list(range(len(names))))
    features = getattr(data, "features", None)
    if isinstance(features, Mapping):
        marks = [f.names for f in features.values() if type(f).__name__ == "ClassLabel" and f.names]
        return Classes(dict(enumerate(marks[0]))) if marks else NO_CLASSES
    return NO_CLASSES
