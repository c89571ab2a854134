"""The port: what a kind of data supplies. Whatever lies between the data and the result asks a `Domain`."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from symmeter.classes import ClassOrder
from symmeter.corruption import Corruption
from symmeter.draw import Draw
from symmeter.errors import SymmeterError, nearest
from symmeter.options import NoOptions
from symmeter.samples import Conversion, Named, Samples
from symmeter.source import is_archive_of
from symmeter.symmetry.alternatives import Alternative
from symmeter.symmetry.displaced import Inputs, Replaced, Still, displaced
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.inside import Inside
from symmeter.symmetry.offset import Offset
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial
from symmeter.symmetry.tracker import Tracker

STILL = ("invariant", "scalars")  # words for inputs that no symmetry moves
Symmetries = tuple[Generator | Group, ...]


class Domain(ABC):
    """One kind of data, with its options: what its symmetries are called, how they act, and how it is read.

    A subclass gives `name`, `item` (the noun of one sample), `Options` (a frozen dataclass), and the abstract methods.
    """

    name: ClassVar[str]
    item: ClassVar[str] = "sample"
    position: ClassVar[str] = "position"  # the noun of one place on the grid of a sample
    files: ClassVar[str] = "an .npz"  # what its data may be on disk, for the help of commands
    Options: ClassVar[type] = NoOptions
    symmetries: ClassVar[Mapping[str, str]] = {}  # what is written, and what it means
    finite: ClassVar[Mapping[str, str]] = {}  # by generator, a group of whole motions that users would try
    actions: ClassVar[tuple[str, ...]] = ("invariant",)  # words for how a symmetry acts on an output
    wordless: ClassVar[str] = ""  # after a list of words: what has none, and how it is given
    conversions: ClassVar[Mapping[str, Conversion]] = {}  # of outputs, by their action's last word or name
    input_words: ClassVar[tuple[str, ...]] = ()  # words for how it acts on one of several inputs
    measure_over: ClassVar[str] = "geed"  # the measure over groups where none is named
    array_names: ClassVar[frozenset[str]] = frozenset()  # by which an `.npz` says that it holds this kind
    between_networks: ClassVar[float] = 0.1  # how far apart untrained ones are in log specificity
    length_unit: ClassVar[str] = ""  # of positions in space, where they have one
    control_towards: ClassVar[str] = ""  # where the control of stability moves samples, if not towards others
    needs_references: ClassVar[bool] = True  # whether the control of stability takes other samples
    hides_precision: ClassVar[bool] = False  # whether numbers may be coarser than their type
    inside: ClassVar[Inside | None] = None  # what is known of tensors in networks
    where_labels: ClassVar[str] = "give labels={output: values (N, ...)}"  # how outputs get theirs
    where_order: ClassVar[str] = ""  # how a user says which class of the data is which output
    corrupted_inputs: ClassVar[tuple[str, ...]] = ()  # words for those of several inputs that are corrupted
    class_axis: ClassVar[int] = -1  # of the scores of classes in outputs (B, n, m): the axis of a softmax

    def __init__(self, options: Any = None):
        self.options = self.Options() if options is None else options
        self.acting: Symmetry | None = (
            None  # what is measured, where that is known: some words then mean the same
        )

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
                if any(isinstance(member, Generator) for member in cls.symmetry(name)):
                    found.append(name)
        return found

    @classmethod
    @abstractmethod
    def takes(cls, data: Any) -> bool:
        """Whether data is of this kind, as far as can be seen without reading it."""

    @classmethod
    def claims(cls, data: Any) -> bool:
        """Whether data is surely of this kind, whatever else would take it too: as an archive that says so."""
        return is_archive_of(data, cls.array_names)

    @classmethod
    def takes_model(cls, model: Any) -> bool:
        """Whether something that cannot be called is a model of this kind of data all the same."""
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

    def usual_measures(self, output: object) -> str:
        """The measures over groups where none is named, for what was written as the output."""
        return self.measure_over

    def asserted_measures(self, output: object) -> str:
        """The errors over groups that are 0 where f(g x) = g f(x), for what was written as the output."""
        return "relative_error"

    # corruptions

    @classmethod
    def corruptions(cls) -> Mapping[str, Corruption]:
        """The ways in which data of this kind may be worse than usual, by name; none where that is not known."""
        return {}

    def corrupted(self, x: Tensor, raw: object, change: Callable[[Tensor], Tensor], model: Any) -> Tensor:
        """One network input x (...), which was made of `raw`, changed in the units of the corruptions.

        SymmeterError where it is not known what these are.
        """
        return change(x)

    # data

    def informed(self, data: Any) -> "Domain":
        """The same with what data says of all its samples, such as how far apart voxels are; options come first."""
        return self

    def described(self, model: Any) -> Any:
        """A LoadedModel with what this kind of data has to know of it, found once."""
        return model

    def asked(self, model: Any, output: Any, data: Any) -> tuple[Any, Any]:
        """A LoadedModel and the outputs of it that are asked for, as this kind of data understands them."""
        return model, output

    def failure(self, model: Any, name: str) -> str:
        """Why a model returned no number for a sample of this name; nothing where that is not known."""
        return ""

    @property
    def class_order(self) -> object:
        """What the user said of the order of a model's classes (`symmeter.classes.order_of`), None for nothing."""
        return getattr(self.options, "classes", None)

    def known_order(self, names: tuple[str, ...], outputs: int) -> ClassOrder | None:
        """The order that a model of so many outputs surely has, as the names of classes in the data show."""
        return None

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
        choices = nearest(word, self.input_words)
        raise SymmeterError(f"{self.name} have no input {word!r}{choices}{self.wordless}")

    def bound(self, group: Group, rho: Representation, x: Tensor) -> Group:
        """The group as it acts by `rho` on samples x (B, ...) of one kind."""
        return group.bind(rho.bound_shape(tuple(x.shape[1:])), self.padded)

    def node_kinds(self, x: Tensor) -> np.ndarray | None:
        """(B, N) words for what the nodes of inputs x (B, ...) are, '' where there is none; None: their number too."""
        return None

    def unit(self, name: str) -> str:
        """The unit of an output of this name; nothing where it has none that is known."""
        return ""

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

    def is_whole_action(self, word: str) -> bool:
        """Whether such a word alone, as an output, stands for the logits with that action: `vectors`."""
        return word in ("invariant", "equivariant")

    @property
    def exact(self) -> bool:
        """Whether actions obey the laws of a group but for round-off."""
        return self.definition == "exact"

    def alternatives(self, rho: Representation, value: Tensor) -> Sequence[Alternative]:
        """Other ways in which a symmetry might act on a value (B, ...) on which it acts by `rho`."""
        return ()

    def remarks_on_inputs(self, x: Tensor, moved_by: Iterable[Generator | Element]) -> list[str]:
        """What the reader should know of how inputs x (B, ...) are taken to move."""
        return []

    def remarks(
        self, name: str, y: Tensor, rho: Representation, moved_by: Iterable[Generator | Element]
    ) -> list[str]:
        """What the reader should know of how an output y (B, ...) is taken to move."""
        return []

    def facts(
        self, shape: tuple[int, ...], outputs: Mapping[str, tuple[str, tuple[int, ...]]]
    ) -> Mapping[str, Any]:
        """More for the header of a result, ready for JSON; lines of `explained` are printed below its table.

        `shape` is that of a sample as the model takes it; `outputs` have, by name, their action and their own shape.
        """
        return {}

    def turning(self, elements: Iterable[Element]) -> list[Element]:
        """The elements that mirror or turn a grid about its centre, so that they show where that is."""
        return []

    def offset(self, rho: Representation, y: Tensor, moved: Mapping[Element, Tensor]) -> Offset | None:
        """How far an output y (b, ...), which is `moved` (b, ...) for g x, lies beside where it should on its grid."""
        return None

    def displaced(
        self, rho: Representation, x: Tensor, other: Tensor, still: Still, replaced: Replaced
    ) -> Inputs:
        """g -> x (B, ...) changed as much as by g, in no direction of symmetry: `symmeter.symmetry.displaced`."""
        return displaced(rho, x, other, still, replaced)

    def deformed(
        self, rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
    ) -> list[Tensor] | None:
        """The control of specificity: X x (b, ...) per generator with the speeds kept and the directions turned.

        Smooth, linear in the generator, and calibrated: networks with random weights must react as strongly as to X x.
        `random` (b, 64) are standard normal numbers, the same for all leaves of a sample. None: no such control.
        """
        return None

    def tracker(self, x: Tensor) -> Tracker | None:
        """What follows the symmetry through a network from the inputs x (B, ...) on; None: it is found by trying."""
        return None

    @classmethod
    def hubs(cls) -> Mapping[str, Any]:
        """Where networks have names: a `symmeter.models.hub.Hub` for each prefix, such as `timm`."""
        return {}

    @classmethod
    def measures(cls) -> Sequence[type]:
        """Measures that make sense for this kind of data only."""
        return ()
