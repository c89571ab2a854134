"""Which output of a model is measured, and how a symmetry acts on it.

An output is written NAME or NAME:ACTION. NAME is `softmax`, `logits`, `features`, `pooled`, a sub-module's dotted name,
or the path of a tensor in what the model returns (`pred_boxes`, `0.boxes`, `prediction.mean`). ACTION is `invariant`,
`equivariant`, `channels_first`, `channels_last`, `tokens(PREFIX+ROWSxCOLUMNS)`, `pooled` (the mean over the grid,
invariant), `regular(GROUP)` (the grid moves, channels are permuted in blocks), or a field: `vectors` (x to the right, y
down: they turn with the grid), `depth`, ... Behind irreps, as in `2x0e+1o by degree`, they ask for each of them, too.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from fnmatch import translate
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from symmeter.domain import Domain
from symmeter.errors import SymmeterError, nearest
from symmeter.models.calling import applied, called_with
from symmeter.models.leaves import leaf_at, main_leaf
from symmeter.samples import Conversion
from symmeter.symmetry.representations.representation import Representation
from symmeter.trees import Gathered, Packings, Tree
from symmeter.verbs.arguments import split_list

# The outputs that have a name, and the methods that a model must have for them, which are timm's.
_METHODS = {
    "softmax": (),
    "logits": (),
    "features": ("forward_features",),
    "pooled": ("forward_features", "forward_head"),
}
NAMES = tuple(_METHODS)
BY_DEGREE = " by degree"
_OF_THE_WHOLE = ("softmax", "logits")


class _Reached(Exception):
    """Ends a forward pass: what comes after the sub-modules that were asked for is not needed."""


@dataclass(frozen=True)
class Output:
    """An output to measure; `action` None leaves the representation to what is known of the model.

    >>> parse_output("layer4:channels_last")
    Output(name='layer4', action='channels_last')
    """

    name: str
    action: str | None = None
    leaf: bool = field(default=False, repr=False)  # `name` is a path in what the model returns, and no module
    class_axis: int = field(default=-1, repr=False)  # of scores (B, n, m), as the kind of data has them
    entries: tuple[int, ...] | None = field(default=None, repr=False)  # on the last axis; None: all

    conversion: Conversion | None = field(default=None, repr=False)  # into what is measured

    def __str__(self) -> str:
        if self.entries is not None:
            return self.label
        return self.name if self.action is None else f"{self.name}:{self.action}"

    @property
    def label(self) -> str:
        """What it is called in rows: its name, with the irrep where it is one of several."""
        return self.name if self.entries is None else f"{self.name}[{self.action}]"

    @property
    def layer(self) -> str:
        """The sub-module's dotted name, or nothing for an output of the whole model."""
        return "" if self.name in NAMES or self.leaf else self.name

    def resolved(self, model: object) -> "Output":
        """The output as this model understands it; SymmeterError for what it surely does not have.

        Paths in what it returns are not known before a call.
        """
        if self.name not in NAMES:
            return replace(self, leaf=self.name not in modules_of(model))
        if not all(hasattr(model, method) for method in _METHODS[self.name]):
            words = f"output {self.name!r} needs a timm model; name a sub-module instead"
            raise SymmeterError(words + _submodules(model, self.name))
        return self

    def is_scores(self, y: Tensor) -> bool:
        """Whether y (B, ...) are scores of classes (B, K)."""
        return y.ndim == 2 and self.name in _OF_THE_WHOLE

    def read(self, y: Tensor) -> Tensor:
        """What is measured of a tensor (B, ...) that the model returned; softmax is over the class axis."""
        if self.conversion is not None:
            return self.conversion(y)
        if self.entries is not None:
            return y[..., list(self.entries)]
        if self.action == "pooled" and y.ndim > 2:
            return y.mean(1) if y.ndim == 3 else y.flatten(2).mean(2)
        if self.name == "softmax" and y.ndim > 1:
            axis = self.class_axis if y.ndim == 3 else 1
            return torch.softmax(y, axis)
        return y

    def representation(self, y: Tensor, model: object, domain: Domain) -> Representation:
        """rho_out for an output y (B, ...); SymmeterError where it is not known how the symmetry acts on it."""
        if self.name == "softmax" and y.shape[1:] == (1,):
            raise SymmeterError(
                "output 'softmax' has 1 entry, so it is always 1; use --output logits for a model with one output"
            )
        action = self.action or domain.known_action(self.name, y, model)
        try:
            return domain.act_by(action, y)
        except ValueError as error:
            parametrised = "(" in action or action == "vectors"
            hint = "" if parametrised else f"; use {self.name}:invariant, or name a layer with a grid"
            raise SymmeterError(f"output {str(self)!r}: {error}{hint}") from error


def parse_output(text: str, domain: Domain | None = None) -> Output:
    """An output from its written form; SymmeterError for an action that the domain does not know."""
    if domain is not None and domain.is_whole_action(text):
        text = f"logits:{text}"
    name, colon, action = text.partition(":")
    if not name:
        raise SymmeterError(
            f"output {text!r} has no name; choose from {', '.join(NAMES)} or a module's dotted name"
        )
    output = Output(name, action if colon else None)
    if domain is None:
        return output
    if colon and not domain.is_action(action):
        choices = nearest(action, domain.actions)
        raise SymmeterError(f"unknown action {action!r} in output {text!r}{choices}{domain.wordless}")
    _, _, last = (action or name).rpartition(" ")
    return replace(output, class_axis=domain.class_axis, conversion=domain.conversions.get(last))


def parse_outputs(
    what: str | Sequence[str] | Mapping[str, str], model: object, domain: Domain | None = None
) -> list[Output]:
    """Outputs from a comma list, or a dict {name: action}; a name with * or ? stands for all modules that match.

    >>> net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU())
    >>> [str(output) for output in parse_outputs("logits,?:pooled", net)]
    ['logits', '0:pooled', '1:pooled']
    """
    if isinstance(what, Mapping):
        what = [f"{name}:{action}" for name, action in what.items()]
    words = split_list(what) if isinstance(what, str) else list(what)
    found: list[Output] = []
    for written in words:
        word = written.strip().removesuffix(BY_DEGREE).rstrip()
        output = parse_output(word, domain)
        if word != written.strip():
            output = output.resolved(model)
            found += [output, *_parts(output, domain)]
            continue
        found += _matching(output, model) if set(output.name) & set("*?[") else [output.resolved(model)]
    if not found:
        raise SymmeterError(f"no output given; choose from {', '.join(NAMES)} or a module's dotted name")
    return list(dict.fromkeys(found))


def _parts(output: Output, domain: Domain | None) -> list[Output]:
    """An output for each irrep of one of several."""
    known = getattr(domain, "inside", None)
    parts = known.parts(output.action or "") if known is not None else {}
    if not parts:
        raise SymmeterError(
            f"output '{output}{BY_DEGREE}': only irreps have degrees, write them as in {output.name}:2x0e+1o{BY_DEGREE}"
        )
    return [replace(output, action=word, entries=entries) for word, entries in parts.items()]


def _matching(pattern: Output, model: object) -> list[Output]:
    """An output for each module whose name matches."""
    fits = re.compile(translate(pattern.name)).match
    names = list(filter(fits, modules_of(model)))
    if not names:
        raise SymmeterError(f"output {pattern.name!r} matches no module{_submodules(model, pattern.name)}")
    return [replace(pattern, name=name) for name in names]


class Reader(nn.Module):
    """The tensors (B, ...) of several outputs, from as few passes of inputs (B, ...) as possible.

    That is one, and one more for `features` or `pooled`. A pass that is only to reach sub-modules ends at the last
    of them.
    """

    def __init__(self, model: Any, outputs: Sequence[Output], packing: Packings | None = None):
        super().__init__()
        self.model: Any = model
        self._packing = packing
        self.outputs = tuple(output.resolved(model) for output in outputs)
        self._targets = {output.layer for output in self.outputs} - {""}
        self._to_the_end = any(output.leaf or output.name in _OF_THE_WHOLE for output in self.outputs)

    def forward(self, x: Tensor) -> list[Tensor]:
        """One tensor an output, as the model made it: before any softmax."""
        seen: dict[str, object] = {}
        given = x if self._packing is None else self._packing.unpack(x)
        returned = self._run(given, seen) if self._to_the_end or self._targets else None
        made = seen | dict.fromkeys(_OF_THE_WHOLE, returned)
        found = [self._tensor(output, x, made, returned) for output in self.outputs]
        return [given.by_sample(y) for y in found] if isinstance(given, Gathered) else found

    def _tensor(self, output: Output, x: Tensor, made: Mapping[str, object], returned: object) -> Tensor:
        """One output, from what its module (in `made`) or the model returned for inputs x (B, ...)."""
        if output.leaf:
            return leaf_at(returned, output.name, [*NAMES, *modules_of(self.model)])
        if output.name in made:
            return main_leaf(made[output.name])
        if output.layer:
            raise SymmeterError(f"output {output.name!r}: the model does not call that module")
        features = self.model.forward_features(x)
        if output.name == "features":
            return main_leaf(features)
        return main_leaf(self.model.forward_head(features, pre_logits=True))

    def _run(self, given: Tree, seen: dict[str, object]) -> object:
        """What the model makes of inputs (B, ...), None where it need not end; `seen` gets what its modules make."""

        def keep(name: str, module: nn.Module, args: object, output: object) -> None:
            if name not in seen:  # the first call counts; in-place code may change it later
                seen[name] = pytree.tree_map_only(Tensor, torch.clone, output)
                if not self._to_the_end and self._targets <= seen.keys():
                    raise _Reached

        with ExitStack() as stack, suppress(_Reached):
            for name in self._targets:
                module = self.model.get_submodule(name)
                handle = module.register_forward_hook(partial(keep, name), always_call=False)
                stack.callback(handle.remove)
            if self._packing is not None:
                return called_with(self.model, given)
            return self.model(given) if isinstance(self.model, nn.Module) else applied(self.model, given)
        return None


def modules_of(model: object) -> list[str]:
    """Dotted names of sub-modules; none for what is no module."""
    if not isinstance(model, nn.Module):
        return []
    return list(filter(None, dict(model.named_modules())))  # that of the whole is empty


def _submodules(model: object, wrong: str) -> str:
    """What a wrong name may have meant, or else what there is."""
    names = modules_of(model)
    meant = nearest(wrong, [*NAMES, *names])
    return meant or f"; choose from {', '.join(NAMES)}, or a module: {', '.join(names[:6])}, ..."
