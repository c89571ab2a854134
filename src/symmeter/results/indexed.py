"""Rows by the words in them: `result["rotation"]`, `profile["layer2", "rotation"]`."""

import operator
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import ClassVar, Generic, TypeVar, overload

from symmeter.errors import SymmeterError, counted, nearest, shortened
from symmeter.results.row import Record
from symmeter.verbs.arguments import shown

R = TypeVar("R", bound=Record)
Word = str | int | float


class NoSuchRow(SymmeterError, KeyError):
    """No row has such a name, or more than one."""

    __str__ = Exception.__str__  # a KeyError shows quotes


class Indexed(Generic[R]):
    """A sequence of rows that can be found by what is in their `labels` too.

    Words may come in any order; the row that has all of them is meant, each in a place of its own. Where several have
    them and one of those is of all that was measured, that one: `profile["rotation"]` is the whole network.
    """

    labels: ClassVar[tuple[str, ...]]
    rows: tuple[R, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)

    def __contains__(self, key: object) -> bool:
        """Whether it is one of the rows, or a word in their labels."""
        return key in self.rows or any(key == row[name] for row in self.rows for name in self.labels)

    @overload
    def __getitem__(self, key: slice) -> tuple[R, ...]: ...
    @overload
    def __getitem__(self, key: Word | tuple[Word, ...]) -> R: ...
    def __getitem__(self, key: Word | tuple[Word, ...] | slice) -> R | tuple[R, ...]:
        """The row at a place or with these words; NoSuchRow, a SymmeterError and a KeyError, for none or several."""
        __tracebackhide__ = True
        if isinstance(key, slice):
            return self.rows[key]
        if isinstance(key, tuple):
            return self._with(key)
        if isinstance(key, str | float):
            return self._with((key,))
        return self._at(key)

    def _at(self, place: object) -> R:
        __tracebackhide__ = True
        try:
            return self.rows[operator.index(place)]  # type: ignore[arg-type]
        except TypeError:
            raise NoSuchRow(f"a row is found by its number or its words, not by {shown(place)}") from None
        except IndexError:
            raise NoSuchRow(f"row {place}: there are {len(self.rows)}, counted from 0") from None

    def _with(self, words: Sequence[Word]) -> R:
        __tracebackhide__ = True
        for word in words:
            if not isinstance(word, Word):
                raise NoSuchRow(f"a row is found by its number or its words, not by {shown(word)}")
            if not any(word == row[name] for row in self.rows for name in self.labels):
                raise NoSuchRow(f"no row has {word!r}{nearest(str(word), self._ipython_key_completions_())}")
        wanted = Counter(words)
        found = [row for row in self.rows if wanted <= Counter(row[name] for name in self.labels)]
        whole = [row for row in found if row.whole]
        if len(found) == 1 or len(whole) == 1:
            return (found if len(found) == 1 else whole)[0]
        said = " and ".join(map(repr, words))
        if not found:
            raise NoSuchRow(f"no row has {said} together")
        raise NoSuchRow(f"{counted(len(found), 'row')} have {said}; add {self._choices(found)}")

    def _extent(self) -> str:
        """How much there is, for the line that shows it."""
        return f", {counted(len(self.rows), 'row')}"

    def _choices(self, rows: Sequence[R]) -> str:
        """What tells rows apart, in words."""
        values = {name: dict.fromkeys(row[name] for row in rows) for name in self.labels}
        several = {name: list(own) for name, own in values.items() if len(own) > 1}
        return ", or ".join(f"the {name}: {shortened(map(repr, own), 6)}" for name, own in several.items())

    def _ipython_key_completions_(self) -> list[str]:
        """What can stand between the brackets, for the key that completes words."""
        words = (row[name] for name in self.labels for row in self.rows)
        return [word for word in dict.fromkeys(words) if word and isinstance(word, str)]
