"""What a remedy is: a change to a network that shall lower its error, without training."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn

from symmeter.errors import SymmeterError
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.training.samples import Meant

WHOLE = ""  # the part of a profile that is the whole network


@dataclass(frozen=True)
class Purpose:
    """What is to be cured of which error: arguments as in `symmeter.measure`, and the symmetry as objects."""

    symmetry: Symmetry
    domain: str
    output: str = "softmax"
    inputs: str | Mapping[str, str] | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Those of all generators and groups."""
        return [member.name for member in (*self.symmetry.generators, *self.symmetry.groups)]

    def meant(self, symmetry: str) -> Meant:
        """The same of another symmetry, for a module that acts on its samples itself."""
        return Meant(symmetry, self.output, self.domain, self.inputs, dict(self.options))


@dataclass(frozen=True)
class Expected:
    """By what factor an error is expected to change, and the least and most that it may be."""

    ratio: float
    low: float
    high: float


class Remedy(ABC):
    """A change to a network. Its text, as `name` or `name(argument)`, is how it is named and kept.

    A subclass lives in a file of its own under `symmeter/curing/remedies/`. `tests/curing/remedies/contract.py` holds
    what all of them must do.
    """

    name: ClassVar[str]
    words: ClassVar[str]  # what it does, in a few words
    source: ClassVar[str] = ""  # who found it
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.name}({self.argument})" if self.argument else self.name

    @classmethod
    def parse(cls, argument: str) -> "Remedy":
        """The remedy with what stands in brackets behind its name; SymmeterError for what means nothing."""
        if argument:
            raise SymmeterError(f"remedy {cls.name!r} takes nothing in brackets, and {argument!r} was given")
        return cls()

    @classmethod
    def usual(cls, purpose: Purpose) -> "Sequence[Remedy]":
        """Those of this kind that are tried where none is named; none where it is of no use."""
        return [cls()]

    @abstractmethod
    def places(self, model: nn.Module) -> list[str]:
        """The parts of a profile whose error the remedy works on, by their names; none where it does not apply."""

    @abstractmethod
    def apply(
        self, model: nn.Module, places: Sequence[str], seen: Mapping[str, Tensor], purpose: Purpose
    ) -> nn.Module:
        """The network with the remedy at some of its places; `model` is a copy, which may be changed.

        `seen` are inputs (B, ...) of places, as far as they were seen; where it is empty the state of the result is
        loaded next.
        """

    def looks_at(self, model: nn.Module, place: str) -> str | None:
        """The layer behind which a prediction for one place looks at what passes; None where there is none."""
        return None

    def stands_in(self, model: nn.Module, place: str, seen: Tensor) -> nn.Module | None:
        """What does at that layer, whose input (B, ...) is `seen`, as the remedy would; None where it does nothing."""
        return None


class LayerRemedy(Remedy):
    """Exchanges single layers for others that take and return tensors of the same shapes: of maps (B, C, H, W)."""

    @classmethod
    def usual(cls, purpose: Purpose) -> Sequence[Remedy]:
        return [cls()] if purpose.domain == "images" else []

    @abstractmethod
    def exchange(self, layer: nn.Module, seen: Tensor | None) -> nn.Module | None:
        """What takes the place of a layer, with the layer's own parameters in it; None where it is not for this one.

        The layer itself is left as it is. `seen` is an input (B, ...) of it, None where none is known: the state of
        what is returned is loaded next. A layer that is left alone only because of what it has seen stays in its place.
        """

    def places(self, model: nn.Module) -> list[str]:
        return [
            name for name, layer in model.named_modules() if name and self.exchange(layer, None) is not None
        ]

    def looks_at(self, model: nn.Module, place: str) -> str | None:
        return place

    def stands_in(self, model: nn.Module, place: str, seen: Tensor) -> nn.Module | None:
        return self.exchange(model.get_submodule(place), seen)

    def apply(
        self, model: nn.Module, places: Sequence[str], seen: Mapping[str, Tensor], purpose: Purpose
    ) -> nn.Module:
        for place in places:
            layer = model.get_submodule(place)
            made = self.exchange(layer, seen.get(place))
            if made is None and self.exchange(layer, None) is None:
                raise SymmeterError(f"remedy {self} is not for {place!r}")
            _put(model, layer, made or layer)
        return model


def _put(model: nn.Module, layer: nn.Module, made: nn.Module) -> None:
    """Puts one module wherever another is: a network may call the same one in several places."""
    for name, module in list(model.named_modules(remove_duplicate=False)):
        if module is layer:
            around, _, last = name.rpartition(".")
            setattr(model.get_submodule(around), last, made)


class NetworkRemedy(Remedy):
    """Calls a network several times, or otherwise than before, and leaves it as it is."""

    @abstractmethod
    def wrapped(self, model: nn.Module, purpose: Purpose) -> nn.Module:
        """A network around `model`, whose state is that of the model, by the same names."""

    @abstractmethod
    def expected(self, purpose: Purpose, symmetry: str) -> Expected:
        """What becomes of the error under the generator or group of this name."""

    def places(self, model: nn.Module) -> list[str]:
        return [WHOLE]

    def apply(
        self, model: nn.Module, places: Sequence[str], seen: Mapping[str, Tensor], purpose: Purpose
    ) -> nn.Module:
        return self.wrapped(model, purpose)
