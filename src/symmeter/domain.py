"""The port: what a kind of data supplies. Whatever lies between the data and the result asks a `Domain`."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from symmeter.errors import SymmeterError, nearest
from symmeter.options import NoOptions
from symmeter.samples import Draw, Named, Samples
from symmeter.symmetry.displaced import Inputs, Replaced, Still, displaced
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker

STILL = ("invariant", "scalars")  # words for inputs that no symmetry moves
Symmetries = tuple[Generator | Group, ...]


class Domain(ABC):
    """One kind of data, with its options: what its symmetries are called, how they act, and how it is read.

    A subclass gives `name`, `item` (the noun of one sample), `Options` (a frozen dataclass), and the methods that are
    abstract. `hubs` are where networks have names, by prefix, `measures` those that only this kind of data has.
    """

    name: ClassVar[str]
    item: ClassVar[str] = "sample"
    position: ClassVar[str] = "position"  # the noun of one place on the grid of a sample
    files: ClassVar[str] = "an .npz"  # what its data may be on disk, for the help of commands
    Options: ClassVar[type] = NoOptions
    symmetries: ClassVar[Mapping[str, str]] = {}  # what is written, and what it means
    actions: ClassVar[tuple[str, ...]] = ("invariant",)  # words for how a symmetry acts on an output
    input_words: ClassVar[tuple[str, ...]] = ()  # words for how it acts on one of several inputs
    class_axis: ClassVar[int] = -1  # of the scores of classes in outputs (B, n, m): the axis of a softmax

    def __init__(self, options: Any = None):
        self.options = self.Options() if options is None else options

    # what things are called

    @classmethod
    @abstractmethod
    def symmetry(cls, word: str) -> Symmetries:
        """The generators or groups of a name, none where it is unknown; SymmeterError where it is misspelt."""

    @classmethod
    def listed(cls) -> list[tuple[str, str]]:
        """The names of symmetries with what they mean, for `symmeter list`."""
        return list(cls.symmetries.items())

    @classmethod
    def generators(cls) -> list[str]:
        """The names, among those of the symmetries, that are of generators."""
        found = []
        for name in cls.symmetries:
            with contextlib.suppress(SymmeterError):  # what is written there may be only an example
                members = cls.symmetry(name)
                found += [name] * (bool(members) and isinstance(members[0], Generator))
        return found

    @classmethod
    @abstractmethod
    def takes(cls, data: Any) -> bool:
        """Whether data is of this kind, as far as can be seen without reading it."""

    @classmethod
    def owns(cls, data: Any) -> bool:
        """Whether data that it takes can be of no other kind."""
        return False

    @classmethod
    def knows_input(cls, word: str) -> bool:
        """Whether a word says how a symmetry acts on one of several inputs."""
        return word in cls.input_words

    @property
    def definition(self) -> str:
        """By which definition inputs are moved, for the rows of a result."""
        return "exact"

    @property
    def padded(self) -> bool:
        """Whether motions may bring in what was outside the frame."""
        return True

    # data

    def described(self, model: Any) -> Any:
        """A LoadedModel with what this kind of data has to know of it, found once."""
        return model

    @abstractmethod
    def open(self, data: Any, model: Any, draw: Draw, group: Group | None = None) -> Samples:
        """The samples of some data, ready for `model` (a LoadedModel); a group may want more of each than the model."""

    def check(self, data: str, model: str) -> None:  # noqa: B027
        """SymmeterError for what is wrong with a path of data, or lacks for it, before a model is built."""

    def check_symmetry(self, symmetry: Symmetry, purpose: str | None = None) -> None:  # noqa: B027
        """SymmeterError for a symmetry that the options do not go with; `purpose` is more than LEE."""

    def obvious_word(self, tensor: Tensor) -> str | None:
        """The word for an input (N, ...) of which nothing was said, where it can be only one thing."""
        return None

    def named(self, data: Any, words: Mapping[str, str]) -> Named | None:
        """Data of a form of its own, such as graphs, as leaves by name; `words` are what the user said of them."""
        return None

    def leaf(self, word: str, tensor: Tensor, model: Any) -> tuple[Tensor, Representation]:
        """One of several inputs (N, ...) as the model takes it, and how the symmetry acts on it, by its word."""
        if word in STILL:
            return tensor, Trivial()
        raise SymmeterError(f"{self.name} have no input {word!r}{nearest(word, self.input_words)}")

    # how symmetries act

    @abstractmethod
    def rho_in(self, model: Any, group: Group | None = None) -> Representation:
        """How the symmetry acts on the inputs of a model."""

    @abstractmethod
    def act_by(self, action: str, y: Tensor) -> Representation:
        """How the symmetry acts on y (B, ...) by a word of `actions`; ValueError where it has another shape."""

    def known_action(self, name: str, y: Tensor, model: Any) -> str:
        """The action on an output y (B, ...) of this name of which the user said nothing."""
        if y.ndim <= 2:
            return "invariant"
        shape = f"({', '.join(['B', *map(str, y.shape[1:])])})"
        raise SymmeterError(f"output {name!r} has shape {shape}, and how the symmetry acts on it is not known; "
                            f"write one of " + ", ".join(f"{name}:{action}" for action in self.actions))  # fmt: skip

    def is_action(self, word: str) -> bool:
        """Whether a word says how a symmetry acts on an output."""
        return word in self.actions

    def remarks(
        self, name: str, y: Tensor, rho: Representation, moved_by: Iterable[Generator | Element]
    ) -> list[str]:
        """What the reader should know of how an output y (B, ...) is taken to move."""
        return []

    # controls and layers

    def displaced(
        self, rho: Representation, x: Tensor, other: Tensor, still: Still, replaced: Replaced
    ) -> Inputs:
        """g -> x (B, ...) changed by as much as g changes it, in a direction that is no symmetry.

        Arguments as in `symmeter.symmetry.displaced`, which it is where a domain has no better one.
        """
        return displaced(rho, x, other, still, replaced)

    def deformed(
        self, rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
    ) -> list[Tensor] | None:
        """The control of specificity: X x (b, ...) per generator with the speeds kept and the directions turned.

        In a way that is smooth, linear in the generator, and calibrated: networks with random weights must react to it
        as strongly as to X x. `random` (b, 64) are standard normal numbers, the same for all leaves of a sample. None:
        there is no such control.
        """
        return None

    def tracker(self, x: Tensor) -> Tracker | None:
        """What follows the symmetry through a network from the inputs x (B, ...) on; None: layers are not known."""
        return None

    # what only some kinds of data have

    @classmethod
    def hubs(cls) -> Mapping[str, Any]:
        """Where networks have names: a `symmeter.models.hub.Hub` for each prefix, such as `timm`."""
        return {}

    @classmethod
    def measures(cls) -> Sequence[type]:
        """Measures that make sense for this kind of data only."""
        return ()
