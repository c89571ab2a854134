"""Boxes and keypoints as outputs: `boxes`, `boxes(cxcywh)`, `keypoints(swap=1-2,3-4)`; and the model behind them."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from symmeter.domains.grids.swap import Pairs, parse_swap
from symmeter.domains.images.placed.keypoints import KeypointReader
from symmeter.domains.images.placed.measures import BOXES, KEYPOINTS
from symmeter.domains.images.placed.reading import BoxFormat, BoxReader
from symmeter.errors import SymmeterError
from symmeter.models.behind import name_of
from symmeter.models.calling import applied
from symmeter.verbs.arguments import split_list

_WORD = re.compile(rf"^(?:(?P<path>.+):)?(?P<kind>{BOXES}|{KEYPOINTS})(?:\((?P<inside>.*)\))?$")
_WRITTEN = {
    BOXES: "boxes, boxes(xyxy) or boxes(cxcywh,pixels)",
    KEYPOINTS: "keypoints or keypoints(swap=1-2,3-4)",
}
Reader = Callable[[object, Tensor], Tensor]
Read = TypeVar("Read")


@dataclass(frozen=True)
class PlacedWord:
    """A word for an output of boxes or keypoints, read: `inside` is what stands in its brackets."""

    kind: str
    inside: str = ""
    path: str = ""

    @staticmethod
    def of(word: str) -> "PlacedWord | None":
        """From `keypoints(swap=1-2)` or `PATH:keypoints(swap=1-2)`; None for the word of another kind of output.

        >>> PlacedWord.of("boxes(xyxy)"), PlacedWord.of("logits")
        (PlacedWord(kind='boxes', inside='xyxy', path=''), None)
        """
        found = _WORD.match(word.strip())
        return (
            None if found is None else PlacedWord(found["kind"], found["inside"] or "", found["path"] or "")
        )

    @property
    def swap(self) -> Pairs:
        """The keypoints that change places under flips."""
        return self._read(parse_swap) if self.kind == KEYPOINTS else ()

    @property
    def format(self) -> BoxFormat:
        """What the numbers of a box are."""
        return self._read(BoxFormat.parse)

    def _read(self, parse: Callable[[str], Read]) -> Read:
        try:
            return parse(self.inside)
        except ValueError as error:
            raise SymmeterError(
                f"output '{self.kind}({self.inside})' is not known; write {_WRITTEN[self.kind]} ({error})"
            ) from error

    def reader(self, least: float, most: int) -> Reader:
        """What makes rows of what a model returns; of boxes those with a score of `least`, at `most` so many."""
        readers: Mapping[str, Callable[[], Reader]] = {
            BOXES: lambda: BoxReader(self.format, least, most),
            KEYPOINTS: lambda: KeypointReader(self.path, self.swap),
        }
        return readers[self.kind]()

    @property
    def output(self) -> str:
        """How the output of `PlacedModel` is written."""
        return f"{self.kind}:{self.kind}" + (f"({self.inside})" if self.inside else "")


def placed_words(output: object) -> dict[str, PlacedWord]:
    """The words for boxes and keypoints among outputs, by how they are written."""
    found = {word: PlacedWord.of(word) for word in _written(output)}
    return {word: one for word, one in found.items() if one is not None}


def alone(words: Mapping[str, PlacedWord], output: object) -> None:
    """SymmeterError where anything is asked for beside one output of boxes or keypoints."""
    first, *others = sorted(_written(output), key=lambda word: word not in words)
    if others:
        raise SymmeterError(
            f"output {first!r} has measures of its own, so {others[0]!r} cannot stand beside it: measure each by itself"
        )


def _written(output: object) -> list[str]:
    """Outputs as they would be written: those of a comma list, a sequence, or a mapping {name: action}."""
    if isinstance(output, str):
        return split_list(output)
    if isinstance(output, Mapping):
        return [f"{name}:{action}" for name, action in output.items()]
    return [str(one) for one in output] if isinstance(output, Sequence) else []


@dataclass
class PlacedModel:
    """A model whose boxes or keypoints are rows of one tensor (B, 1 + N, 7) each, by name."""

    model: Callable
    readers: Mapping[str, Reader]

    def __post_init__(self) -> None:
        self.__name__ = name_of(self.model)

    def __call__(self, x: Tensor) -> dict[str, Tensor]:
        """The rows for images x (B, C, H, W)."""
        returned = called_on_images(self.model, x)
        return {name: reader(returned, x) for name, reader in self.readers.items()}


def called_on_images(model: Callable, x: Tensor) -> object:
    """What a model makes of images x (B, C, H, W): as a batch, or as a list where it takes no batch."""
    try:
        return applied(model, x)
    except (TypeError, AttributeError, ValueError, AssertionError) as error:
        with suppress(TypeError, AttributeError, ValueError, AssertionError):
            return model(list(x))
        raise error
