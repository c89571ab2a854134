"""The inputs of a model: one tensor, or a tree of several, and how the symmetry acts on each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import filterfalse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.domain import STILL, Domain
from symmeter.draw import Draw
from symmeter.errors import SymmeterError, shortened
from symmeter.measuring.forms import Form, PreparedLeaf, packed_of, rows_of
from symmeter.models.loaded import LoadedModel
from symmeter.samples import Alike, Preparation, Samples
from symmeter.source import from_rows, from_tensors, opened_npz
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.representations.representation import Representation
from symmeter.trees import Packings, dotted, tensors

_LABELS = "labels"  # the array of an .npz with the classes

Words = str | Mapping[str, str] | Sequence[str] | None  # how the symmetry acts on each input, as it was given


@dataclass(frozen=True)
class Inputs:
    """The data of a call, and the words for its leaves.

    `words` say how the symmetry acts on each leaf, by its path; the only word of a single tensor is under the path "".
    Leaves without a word are handed to the model as they are; `still` names them. `alike` are the trees of data that
    is one, one for each shape of its items.
    """

    data: object
    labels: object = None
    words: Mapping[str, str] = field(default_factory=dict)
    alike: tuple[Alike, ...] = ()
    forms: tuple[Form, ...] = ()  # of inputs with words

    @staticmethod
    def of(data: object, inputs: Words, labels: object, domain: Domain) -> "Inputs":
        """From the arguments `data`, `inputs` and `labels`; SymmeterError where the data could mean several things."""
        by_name = inputs if isinstance(inputs, Mapping) else {}
        if inputs is not None and isinstance(data, str):
            arrays, labels = _archived(Path(data).expanduser(), labels, by_name)
            data = _only(arrays, data) if isinstance(inputs, str) else arrays
        own = domain.named(data, by_name)
        if own is not None:
            if not isinstance(inputs, Mapping | None):
                names = ", ".join(own.words)
                raise SymmeterError(
                    f"inputs={inputs!r}: this data has names, write a dict {{leaf: word}} with {names}"
                )
            words = _words_by_path(own.words, _paths(own.alike[0].tree))
            return Inputs(data, own.labels if labels is None else labels, words, own.alike)
        if inputs is None and (domain.takes(data) or not _must_be_tree(data)):
            return Inputs(_with_labels(data, labels), labels)
        if isinstance(inputs, str):
            values, marks = _single(data, labels)
            return Inputs(values, marks, {"": inputs})
        tree, marks = _tree_and_labels(data, labels)
        paths = _paths(tree)
        words = _obvious(paths, domain) if inputs is None else _words_by_path(inputs, paths)
        return Inputs(tree, marks, words, (Alike(tree),))

    @staticmethod
    def words_of(inputs: Words) -> list[str]:
        """The words in the argument `inputs`."""
        if isinstance(inputs, str):
            return [inputs]
        if isinstance(inputs, Mapping):
            return list(inputs.values())
        return list(inputs or ())

    @property
    def still(self) -> list[str]:
        """The leaves of a tree that the symmetry leaves alone."""
        return self.forms[0].still if self.forms else []

    def prepared(self, domain: Domain, model: LoadedModel) -> "Inputs":
        """With the leaves as the model takes them, each with how the symmetry acts on it."""
        if not self.words:
            return self
        prepare = lambda path, tensor: domain.leaf(self.words.get(path, STILL[0]), tensor, model)
        alike = self.alike or (Alike(self.data),)
        return replace(self, forms=tuple(Form.of(one, prepare) for one in alike))

    @cached_property
    def packing(self) -> Packings | None:
        """How several inputs are put into one; None where they are one."""
        return Packings.of([form.packing for form in self.forms]) if self.alike else None

    def open(
        self, domain: Domain, model: LoadedModel, draw: Draw, dtype: torch.dtype, group: Group | None = None
    ) -> Samples:
        """The samples, those of a tree packed into one tensor each, of this type of numbers."""
        if not self.words:
            return domain.open(self.data, model, draw, group)
        preparation = _Ready(domain.item, varied=len(self.forms) > 1)
        if self.packing is None:
            source = from_tensors(self._single_leaf.tensor, self.labels, "", domain.item)
            return Samples(source, preparation, draw)
        names = ", ".join(leaf.name for leaf in self.forms[0].packing.leaves)
        source = from_rows(rows_of(self.forms, dtype), self.labels, names, domain.item)
        return Samples(source, preparation, draw, self.packing)

    def representation(
        self, domain: Domain, model: LoadedModel, group: Group | None = None
    ) -> Representation:
        """How the symmetry acts on what `open` makes."""
        if not self.words:
            return domain.rho_in(model, group)
        return self._single_leaf.rho if self.packing is None else packed_of(self.forms)

    @property
    def _single_leaf(self) -> PreparedLeaf:
        """That of inputs that are one tensor."""
        return self.forms[0].leaves[()]


@dataclass(frozen=True)
class _Ready(Preparation):
    """Inputs that need no preparation."""

    item: str  # type: ignore[misc]
    varied: bool = False  # type: ignore[misc]

    def input(self, raw: Any) -> Tensor:
        """One network input of any shape, as it was read."""
        return raw


def _paths(tree: object) -> dict[str, Tensor]:
    """The tensors (N, ...) of a tree by their paths in words."""
    return {dotted(path): tensor for path, tensor in tensors(tree).items()}


def _must_be_tree(data: object) -> bool:
    """Whether data is a dict or a dataclass of arrays, which its kind of data does not read by itself."""
    if isinstance(data, Tensor | np.ndarray | tuple | list | str):
        return False
    return bool(tensors(_as_tensors(data)))


def _archived(path: Path, labels: object, by_name: Mapping[str, str]) -> tuple[dict[str, np.ndarray], object]:
    """The arrays of an `.npz` by name; `labels` of it are labels unless there is a word for them."""
    if path.suffix.lower() != ".npz":
        raise SymmeterError(f"{path}: inputs= goes with an .npz that has an array for each input")
    with opened_npz(path) as archive:
        arrays = dict(archive)
    if labels is None and _LABELS not in by_name:
        labels = arrays.pop(_LABELS, None)
    return arrays, labels


def _only(arrays: Mapping[str, np.ndarray], path: str) -> np.ndarray:
    """The one array (N, ...) of an `.npz`, to which a single word belongs; SymmeterError where it has several."""
    if len(arrays) != 1:
        place, has = Path(path).expanduser(), ", ".join(arrays) or "no array"
        raise SymmeterError(
            f"{place} has {has}: say how the symmetry acts on each with inputs={{name: word}}"
        )
    return next(iter(arrays.values()))


def _with_labels(data: object, labels: object) -> object:
    if labels is None:
        return data
    if not isinstance(data, Tensor | np.ndarray):
        raise SymmeterError(f"labels= go with a tensor or a dict of tensors, not with {type(data).__name__}")
    return data, labels


def _single(data: object, labels: object) -> tuple[Tensor, object]:
    """One tensor (N, ...), and labels from the argument or the second of a pair."""
    match data:
        case tuple((values, marks)) | list((values, marks)) if labels is None:
            data, labels = values, marks
    if isinstance(data, np.ndarray):
        data = torch.from_numpy(data)
    if not isinstance(data, Tensor):
        raise SymmeterError(f"inputs= as one word goes with one tensor, not with {type(data).__name__}")
    return data.detach(), labels


def _tree_and_labels(data: object, labels: object) -> tuple[object, object]:
    """The tree of inputs, and the labels: the second of a pair whose first part is a tree itself."""
    match data := _as_tensors(data):
        case tuple((tree, marks)) if labels is None and not isinstance(tree, Tensor) and tensors(tree):
            return tree, marks
    return data, labels


def _as_tensors(tree: object) -> object:
    """The tree with its arrays as tensors of any shape."""
    match tree:
        case np.ndarray() if tree.dtype.kind in "fiub":
            return torch.from_numpy(tree)
        case Tensor():
            return tree.detach()
        case Mapping():
            return {key: _as_tensors(value) for key, value in tree.items()}
        case tuple() | list() if not hasattr(tree, "_fields"):
            return type(tree)(map(_as_tensors, tree))
    return tree


def _words_by_path(inputs: Mapping[str, str] | Sequence[str], paths: Mapping[str, Tensor]) -> dict[str, str]:
    """The words by the paths of their leaves (N, ...), to which those of a sequence go in turn."""
    if not isinstance(inputs, Mapping):
        if len(inputs) != len(paths):
            raise SymmeterError(
                f"inputs= has {len(inputs)} words and the data {len(paths)} parts, {_listed(paths)}: give one word for "
                "each, 'scalars' for what is left alone, and labels with labels="
            )
        inputs = dict(zip(paths, inputs, strict=True))
    words = {str(name): word for name, word in inputs.items()}
    unknown = list(filterfalse(paths.keys().__contains__, words))
    if unknown:
        raise SymmeterError(f"inputs: there is no {unknown[0]!r}; the data has {_listed(paths)}")
    return words


def _obvious(paths: Mapping[str, Tensor], domain: Domain) -> dict[str, str]:
    """The word for the one leaf (N, ...) that can be only one thing; SymmeterError where that is not clear."""
    found = {
        path: word for path, tensor in paths.items() if (word := domain.obvious_word(tensor)) is not None
    }
    if len(found) == 1:
        return found
    raise SymmeterError(
        f"inputs are {_listed(paths)}: say how the symmetry acts on them with inputs={{leaf: word}}, the words being "
        f"{', '.join(domain.input_words)}; leaves that are not named are left alone"
    )


def _listed(paths: Mapping[str, Tensor]) -> str:
    """Leaves of any shape by their paths and shapes, for a message."""
    return shortened([f"{path} {tuple(tensor.shape)}" for path, tensor in paths.items()])
