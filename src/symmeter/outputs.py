"""Which output of a model is measured, and how a symmetry acts on it.

An output is written NAME or NAME:ACTION. NAME is `softmax`, `logits`, `features`, `pooled`, or a sub-module's
dotted name; ACTION is `invariant`, `equivariant`, `channels_first`, `channels_last`, `tokens(PREFIX+ROWSxCOLUMNS)`,
`pooled` (the mean over the grid, invariant), `regular(GROUP)` (the grid moves and channels are permuted in blocks), or
`vectors` (two channels that turn with the grid: x to the right, y down).
"""

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from symmeter.definitions import Definition
from symmeter.errors import SymmeterError, nearest
from symmeter.groups import Group, is_group, parse_group
from symmeter.network import main_tensor
from symmeter.representations import Image, Regular, Representation, Tokens, Trivial, Vectors

NAMES = ("softmax", "logits", "features", "pooled")
ACTIONS = (
    "invariant",
    "equivariant",
    "channels_first",
    "channels_last",
    "tokens(PREFIX+ROWSxCOLUMNS)",
    "pooled",
    "regular(GROUP)",
    "vectors",
)
_REGULAR = re.compile(r"^regular\((.+)\)$")
_TOKENS = re.compile(r"^tokens\((?:(\d+)\+)?(\d+)x(\d+)\)$")


class _Reached(Exception):
    """Carries a sub-module's output out of the forward pass: what comes after it is not needed."""

    def __init__(self, value: Any):
        self.value = value


class _Submodule(nn.Module):
    """The output of one sub-module, the first time it is called."""

    def __init__(self, model: nn.Module, target: str):
        super().__init__()
        self.model = model
        self.target = target

    def forward(self, x: Tensor) -> Any:
        def stop(module: nn.Module, args: Any, output: Any) -> None:
            raise _Reached(output)

        handle = self.model.get_submodule(self.target).register_forward_hook(stop, always_call=False)
        try:
            self.model(x)
        except _Reached as reached:
            return reached.value
        finally:
            handle.remove()
        raise SymmeterError(f"output {self.target!r}: the model does not call that module")


class _Method(nn.Module):
    """A timm model read before its head: `forward_features`, then pooled or not."""

    def __init__(self, model: nn.Module, pooled: bool):
        super().__init__()
        self.model: Any = model
        self.pooled = pooled

    def forward(self, x: Tensor) -> Any:
        features = self.model.forward_features(x)
        return self.model.forward_head(features, pre_logits=True) if self.pooled else features


@dataclass(frozen=True)
class Output:
    """An output to measure; `action` None leaves the representation to what is known of the model.

    >>> parse_output("layer4:channels_last")
    Output(name='layer4', action='channels_last')
    """

    name: str
    action: str | None = None

    def __str__(self) -> str:
        return self.name if self.action is None else f"{self.name}:{self.action}"

    @property
    def layer(self) -> str:
        """The sub-module's dotted name, or nothing for an output of the whole model."""
        return "" if self.name in NAMES else self.name

    def module(self, model: Callable) -> Callable:
        """What to call for this output; SymmeterError when the model has no such part."""
        if self.name in ("softmax", "logits"):
            return model
        if self.name in ("features", "pooled"):
            if hasattr(model, "forward_features") and (
                self.name == "features" or hasattr(model, "forward_head")
            ):
                return _Method(model, pooled=self.name == "pooled")  # type: ignore[arg-type]
            raise SymmeterError(
                f"output {self.name!r} needs a timm model; name a sub-module instead"
                f"{_submodules(model, self.name)}"
            )
        if isinstance(model, nn.Module) and self.name in dict(model.named_modules()):
            return _Submodule(model, self.name)
        raise SymmeterError(f"unknown output {self.name!r}{_submodules(model, self.name)}")

    def read(self, returned: Any) -> Tensor:
        """The (B, ...) tensor measured, from what the call returned; softmax is over the class axis."""
        y = self.raw(returned)
        if self.action == "pooled" and y.ndim > 2:
            return y.mean(1) if y.ndim == 3 else y.flatten(2).mean(2)
        return torch.softmax(y, 1 if y.ndim != 3 else -1) if self.name == "softmax" and y.ndim > 1 else y

    @staticmethod
    def raw(returned: Any) -> Tensor:
        """The tensor before any softmax."""
        return main_tensor(returned)

    def representation(
        self, y: Tensor, model: Any, definition: Definition, padding: str = "reflect"
    ) -> Representation:
        """rho_out for an output of this shape; SymmeterError when it has no grid that is known."""
        if self.name == "softmax" and y.ndim == 2 and y.shape[1] == 1:
            raise SymmeterError(
                "output 'softmax' has 1 entry, so it is always 1; use --output logits for a model with one output"
            )
        action = self.action or self._known_action(y, model)
        try:
            return representation_of(action, y, definition, padding)
        except ValueError as error:
            hint = (
                ""
                if _TOKENS.match(action) or _REGULAR.match(action) or action == "vectors"
                else f"; use {self.name}:invariant, or name a layer with a grid"
            )
            raise SymmeterError(f"output {str(self)!r}: {error}{hint}") from error

    def _known_action(self, y: Tensor, model: Any) -> str:
        if y.ndim <= 2 or self.name == "pooled":
            return "invariant"
        channels_last = getattr(model, "output_fmt", None) == "NHWC"
        if y.ndim == 4 and not channels_last:
            return "channels_first"
        if y.ndim == 4 and self.name == "features":
            return "channels_last"
        grid = getattr(getattr(model, "patch_embed", None), "grid_size", None)
        prefix = getattr(model, "num_prefix_tokens", None)
        if y.ndim == 3 and grid and prefix is not None and y.shape[1] == prefix + grid[0] * grid[1]:
            return f"tokens({prefix}+{grid[0]}x{grid[1]})"
        raise SymmeterError(
            f"output {self.name!r} has shape {_shape(y)} and its layout is not known; add one of "
            + ", ".join(
                f"{self.name}:{action}"
                for action in ACTIONS
                if action not in ("equivariant", "regular(GROUP)")
            )
        )


def is_action(word: str) -> bool:
    """Whether a word says how a symmetry acts on a tensor.

    >>> is_action("tokens(1+14x14)"), is_action("tokens")
    (True, False)
    """
    if word in ACTIONS or _TOKENS.match(word):
        return True
    regular = _REGULAR.match(word)
    return regular is not None and is_group(regular[1])


def representation_of(
    action: str, y: Tensor, definition: Definition, padding: str = "reflect"
) -> Representation:
    """The representation that an action word gives a tensor; ValueError when its shape contradicts the word."""
    tokens, regular = _TOKENS.match(action), _REGULAR.match(action)
    if action in ("invariant", "pooled"):
        return Trivial()
    if regular:
        return _regular(action, parse_group(regular[1]), y, Image(definition, padding=padding))
    if action == "vectors":
        if y.ndim not in (2, 4) or y.shape[1] != 2:
            raise ValueError(f"it has shape {_shape(y)}, and vectors are (B, 2, H, W) or (B, 2)")
        return Vectors(Image(definition, padding=padding) if y.ndim == 4 else Trivial())
    if tokens:
        prefix, rows, columns = (int(group or 0) for group in tokens.groups())
        if y.ndim != 3 or y.shape[1] != prefix + rows * columns:
            raise ValueError(f"it has shape {_shape(y)}, which is not {action}")
        return Tokens(definition, (rows, columns), prefix, padding)
    if y.ndim != 4:
        raise ValueError(f"it has shape {_shape(y)} and so no grid that an equivariant action could move")
    layout = "channels_last" if action == "channels_last" else "channels_first"
    return Image(definition, layout, padding=padding)


def _regular(action: str, group: Group, y: Tensor, image: Image) -> Representation:
    if group.order is None or y.ndim not in (2, 4) or y.shape[1] % group.order:
        raise ValueError(f"it has shape {_shape(y)}, which is not {action}: that takes a finite group and a multiple "
                         f"of {group.order} channels (B, C) or (B, C, H, W)")  # fmt: skip
    return Regular(group, image if y.ndim == 4 else Trivial())


def parse_output(text: str) -> Output:
    """An output from its written form; SymmeterError for an unknown action."""
    if text in ("invariant", "equivariant"):
        return Output("logits", text)
    name, colon, action = text.partition(":")
    if not name:
        raise SymmeterError(
            f"output {text!r} has no name; choose from {', '.join(NAMES)} or a module's dotted name"
        )
    if colon and not is_action(action):
        raise SymmeterError(f"unknown action {action!r} in output {text!r}{nearest(action, ACTIONS)}")
    return Output(name, action if colon else None)


def parse_outputs(what: "str | Sequence[str]", model: Any) -> list[Output]:
    """Outputs from a comma list; a name with * or ? stands for all modules that match, in call order of the tree.

    >>> net = nn.Sequential(nn.Conv2d(1, 1, 1), nn.ReLU())
    >>> [str(output) for output in parse_outputs("logits,?:pooled", net)]
    ['logits', '0:pooled', '1:pooled']
    """
    words = split_list(what) if isinstance(what, str) else list(what)
    found: list[Output] = []
    for word in words:
        output = parse_output(word)
        if any(sign in output.name for sign in "*?["):
            names = (
                [name for name, _ in model.named_modules() if name] if isinstance(model, nn.Module) else []
            )
            matches = [name for name in names if fnmatchcase(name, output.name)]
            if not matches:
                raise SymmeterError(
                    f"output {output.name!r} matches no module{_submodules(model, output.name)}"
                )
            found += [Output(name, output.action) for name in matches]
        else:
            found.append(output)
    if not found:
        raise SymmeterError(f"no output given; choose from {', '.join(NAMES)} or a module's dotted name")
    return list(dict.fromkeys(found))


def split_list(text: str) -> list[str]:
    """A comma list, whose commas inside brackets do not count.

    >>> split_list("C4, shift(8,crop) ,SO2")
    ['C4', 'shift(8,crop)', 'SO2']
    """
    return [word.strip() for word in re.split(r",(?![^(]*\))", text)]


class Reader(nn.Module):
    """Several outputs of a model from as few passes as possible: one, and one more for `features` or `pooled`."""

    def __init__(self, model: Any, outputs: Sequence[Output]):
        super().__init__()
        self.model: Any = model
        self.outputs = tuple(outputs)
        self._calls = {o.name: o.module(model) for o in outputs if o.name in ("features", "pooled")}
        self._targets = {o.name for o in outputs if o.layer}
        self._final = any(o.name in ("softmax", "logits") for o in outputs)
        for output in outputs:  # a name that the model does not have is a mistake now, not in the pass
            output.module(model)

    def forward(self, x: Tensor) -> list[Tensor]:
        """What every output's call returned, before any softmax."""
        seen: dict[str, Any] = {name: call(x) for name, call in self._calls.items()}
        if self._final or self._targets:
            seen["logits"] = seen["softmax"] = self._run(x, seen)
        missing = [o.name for o in self.outputs if o.name not in seen]
        if missing:
            raise SymmeterError(f"output {missing[0]!r}: the model does not call that module")
        return [seen[output.name] for output in self.outputs]

    def _run(self, x: Tensor, seen: dict[str, Any]) -> Any:
        def hook(name: str) -> Callable:
            def keep(module: nn.Module, args: Any, output: Any) -> None:
                if name not in seen:  # the first call counts; in-place code may change it later
                    seen[name] = pytree.tree_map_only(Tensor, torch.clone, output)
                    if not self._final and self._targets <= seen.keys():
                        raise _Reached(None)

            return keep

        with ExitStack() as stack:
            for name in self._targets:
                handle = self.model.get_submodule(name).register_forward_hook(hook(name), always_call=False)
                stack.callback(handle.remove)
            try:
                return self.model(x)
            except _Reached:
                return None


def are_probabilities(y: Tensor) -> bool:
    """Whether y (B, K, ...) is nowhere negative and sums to 1 over axis 1."""
    return y.ndim >= 2 and bool((y >= 0).all()) and bool((y.sum(1) - 1).abs().max() < 1e-3)


def _submodules(model: Any, wrong: str) -> str:
    names = [name for name, _ in model.named_modules() if name] if isinstance(model, nn.Module) else []
    return (
        nearest(wrong, [*NAMES, *names])
        or f"; choose from {', '.join(NAMES)}, or a module: {', '.join(names[:6])}, ..."
    )


def _shape(y: Tensor) -> str:
    return "(" + ", ".join(["B", *map(str, y.shape[1:])]) + ")"
