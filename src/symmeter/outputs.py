"""Which output of a model is measured, and how a symmetry acts on it.

An output is written NAME or NAME:ACTION. NAME is `softmax`, `logits`, `features`, `pooled`, or a sub-module's
dotted name; ACTION is `invariant`, `equivariant`, `channels_first`, `channels_last` or `tokens(PREFIX+ROWSxCOLUMNS)`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from symmeter.definitions import Definition
from symmeter.errors import SymmeterError, nearest
from symmeter.network import main_tensor
from symmeter.representations import Image, Representation, Tokens, Trivial

NAMES = ("softmax", "logits", "features", "pooled")
ACTIONS = ("invariant", "equivariant", "channels_first", "channels_last", "tokens(PREFIX+ROWSxCOLUMNS)")
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
        return torch.softmax(y, 1 if y.ndim != 3 else -1) if self.name == "softmax" and y.ndim > 1 else y

    @staticmethod
    def raw(returned: Any) -> Tensor:
        """The tensor before any softmax."""
        return main_tensor(returned)

    def representation(self, y: Tensor, model: Any, definition: Definition) -> Representation:
        """rho_out for an output of this shape; SymmeterError when it has no grid that is known."""
        if self.name == "softmax" and y.ndim == 2 and y.shape[1] == 1:
            raise SymmeterError(
                "output 'softmax' has 1 entry, so it is always 1; use --output logits for a model with one output"
            )
        action = self.action or self._known_action(y, model)
        try:
            return representation_of(action, y, definition)
        except ValueError as error:
            hint = (
                "" if _TOKENS.match(action) else f"; use {self.name}:invariant, or name a layer with a grid"
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
            + ", ".join(f"{self.name}:{action}" for action in ACTIONS if action != "equivariant")
        )


def is_action(word: str) -> bool:
    """Whether a word says how a symmetry acts on a tensor.

    >>> is_action("tokens(1+14x14)"), is_action("tokens")
    (True, False)
    """
    return word in ACTIONS or bool(_TOKENS.match(word))


def representation_of(action: str, y: Tensor, definition: Definition) -> Representation:
    """The representation that an action word gives a tensor; ValueError when its shape contradicts the word."""
    tokens = _TOKENS.match(action)
    if action == "invariant":
        return Trivial()
    if tokens:
        prefix, rows, columns = (int(group or 0) for group in tokens.groups())
        if y.ndim != 3 or y.shape[1] != prefix + rows * columns:
            raise ValueError(f"it has shape {_shape(y)}, which is not {action}")
        return Tokens(definition, (rows, columns), prefix)
    if y.ndim != 4:
        raise ValueError(f"it has shape {_shape(y)} and so no grid that an equivariant action could move")
    return Image(definition, "channels_last" if action == "channels_last" else "channels_first")


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


def _submodules(model: Any, wrong: str) -> str:
    names = [name for name, _ in model.named_modules() if name] if isinstance(model, nn.Module) else []
    return (
        nearest(wrong, [*NAMES, *names])
        or f"; choose from {', '.join(NAMES)}, or a module: {', '.join(names[:6])}, ..."
    )


def _shape(y: Tensor) -> str:
    return "(" + ", ".join(["B", *map(str, y.shape[1:])]) + ")"
