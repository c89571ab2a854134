"""One call of a model as it trains: with its own parameters, in the mode that it is in, and left as it was."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, jvp
from torch.nn.parameter import is_lazy

from symmeter.autodiff.forward_rules import DifferentiableRules
from symmeter.autodiff.memory import out_of_memory
from symmeter.errors import SymmeterError, first_line
from symmeter.measuring.function import by_sample
from symmeter.models.ambient import without_checkpoints
from symmeter.models.behind import Behind, name_of
from symmeter.models.borrowed import own_chance
from symmeter.models.outputs import Output, Reader
from symmeter.models.state import State
from symmeter.trees import Packings

_MAIN = Output("logits")


@dataclass(frozen=True)
class Made:
    """What a model made of samples: one tensor (B, ...) an output, before any softmax, and its buffers afterwards."""

    raw: list[Tensor]
    buffers: dict[str, Tensor]

    @property
    def main(self) -> Tensor:
        """The tensor (B, ...) that is meant when no output is named."""
        return self.raw[-1]


class TrainingCall:
    """A model as a function of its inputs whose values have gradients of its parameters.

    A call leaves nothing behind: buffers, such as running statistics, attributes, hooks and random numbers are what
    they were. Chance inside of the model is that of the seed, the same in every call.
    """

    def __init__(self, model: object, outputs: Sequence[Output], packing: Packings | None, seed: int):
        self._reader = Reader(model, [*outputs, _MAIN], packing)
        self._outputs = self._reader.outputs[:-1]
        self._seed, self._name = seed, name_of(model)
        modules = list(self._reader.modules())
        for behind in [module for module in modules if isinstance(module, Behind)]:
            modules += behind.inner()
        self._modules = modules
        if any(is_lazy(parameter) for parameter in self._reader.parameters()):
            raise SymmeterError(
                f"{self._name} has parameters without values yet: call it once before it trains"
            )

    def __call__(self, x: Tensor) -> Made:
        """What the model makes of inputs x (B, ...)."""
        state = State(self._modules)
        hooks = state.hooks()
        buffers = {name: buffer.clone() for name, buffer in self._reader.named_buffers()}
        try:
            with own_chance(self._modules, self._seed), without_checkpoints(), self._eager():
                raw = functional_call(self._reader, buffers, (x.clone(),))
        finally:
            state.unhook(hooks)
            state.restore()
        return Made([by_sample(y, len(x)) for y in raw], buffers)

    def read(self, made: Made) -> list[Tensor]:
        """One tensor (B, ...) an output, as it is measured."""
        return [output.read(y) for output, y in zip(self._outputs, made.raw, strict=False)]

    def pushed(self, x: Tensor, v: Tensor) -> tuple[Made, list[Tensor], list[Tensor]]:
        """(f(x), its outputs as they are measured, df_x(v) of each) for v of the shape of x (B, ...).

        In forward mode; by two backward passes where the model has no derivative of that kind. SymmeterError where it
        has none at all.
        """
        reasons = []
        for push in (self._forward, self._backward_twice):
            try:
                return push(x, v)
            except SymmeterError:
                raise
            except Exception as error:
                if out_of_memory(error):
                    raise
                reasons.append(first_line(error))
        self(x)  # what the model cannot take at all is no fault of the derivative
        raise SymmeterError(
            f"{self._name} has no derivative that a penalty could use (forward mode: {reasons[0]}; two backward "
            f"passes: {reasons[1]}); kind='orbit' with a group needs none"
        )

    def _forward(self, x: Tensor, v: Tensor) -> tuple[Made, list[Tensor], list[Tensor]]:
        """`pushed` in one pass, for x and v (B, ...)."""

        def f(z: Tensor) -> tuple[list[Tensor], object]:
            made = self(z)
            outputs = self.read(made)
            return outputs, (made.raw, made.buffers, outputs)

        with DifferentiableRules():
            found: Any = jvp(f, (x,), (v,), has_aux=True)
        _, pushed, (raw, buffers, outputs) = found
        return Made(raw, buffers), outputs, pushed

    def _backward_twice(self, x: Tensor, v: Tensor) -> tuple[Made, list[Tensor], list[Tensor]]:
        """`pushed` of x and v (B, ...) as the slope of J^T u in u, see `symmeter.autodiff.strategies.ReverseTwice`."""
        with torch.enable_grad(), DifferentiableRules():
            z = x.view_as(x) if x.requires_grad else x.detach().requires_grad_()
            made = self(z)
            outputs = self.read(made)
            pushed = []
            for y in outputs:
                u = torch.zeros_like(y, requires_grad=True)
                (slope,) = torch.autograd.grad(y, z, u, create_graph=True)
                pushed += torch.autograd.grad(slope + 0 * u.sum(), u, v, create_graph=True)
        return made, outputs, pushed

    @torch.no_grad()
    def keep(self, made: Made) -> None:
        """Leave the buffers as a call left them: as the running statistics of a step of training."""
        for name, buffer in self._reader.named_buffers():
            if not torch.equal(
                buffer, made.buffers[name]
            ):  # what was saved for a backward pass stays as it is
                buffer.copy_(made.buffers[name])

    def _eager(self) -> AbstractContextManager:
        """A compiled network as it was written: what is compiled knows of no tangents."""
        compiled = any(hasattr(module, "_orig_mod") for module in self._modules)
        return torch.compiler.set_stance("force_eager") if compiled else nullcontext()
