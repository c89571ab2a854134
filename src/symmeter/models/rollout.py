"""A network that makes the next step, used again and again: what has become of a symmetry after k steps."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError
from symmeter.models.leaves import main_leaf
from symmeter.verbs.arguments import function, several, whole
from symmeter.verbs.verb import constructor

Advance = Callable[[Tensor, Tensor], Tensor]


def newest(state: Tensor, step: Tensor) -> Tensor:
    """The state (B, C, ...) with the newest step (B, c, ...) behind it and as much of the oldest left out.

    Steps without the axis of frames that states (B, T, ...) have are one frame. SymmeterError for other shapes.

    >>> newest(torch.tensor([[1, 2, 3]]), torch.tensor([[4]])).tolist()
    [[2, 3, 4]]
    """
    try:
        frames = step.reshape(len(state), -1, *state.shape[2:])
        return torch.cat([state, frames], 1)[:, frames.shape[1] :]
    except RuntimeError as error:
        shapes = f"{tuple(step.shape)} for inputs {tuple(state.shape)}"
        raise SymmeterError(
            f"the model returned {shapes}: give Rollout advance=, which makes the next inputs of both"
        ) from error


@constructor(
    model=function,
    steps=several("numbers of steps such as (1, 2, 4, 8)", whole(1, 31)),
    advance=function,
)
class Rollout(nn.Module):
    """A model of one step, applied to what it made: outputs `step 1`, `step 2`, ... for the `steps` that are asked for.

    y_k = f(x_k), x_{k+1} = advance(x_k, y_k), from inputs x_1 (B, C, ...); by default the newest frames take the place
    of the oldest. The error of `step k` is that of the whole roll-out so far. SymmeterError for steps below 1.

    >>> rollout = Rollout(lambda x: 2 * x, steps=(1, 3))
    >>> {name: y.item() for name, y in rollout(torch.ones(1, 1)).items()}
    {'step 1': 2.0, 'step 3': 8.0}
    """

    def __init__(
        self,
        model: Callable[[Tensor], object],
        steps: Sequence[int] = (1, 2, 4, 8),
        advance: Advance = newest,
    ):
        super().__init__()
        self.steps = sorted(set(steps))
        self.model, self.advance = model, advance

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Outputs (B, ...) by name, for inputs x (B, C, ...)."""
        found: dict[str, Tensor] = {}
        for k in range(1, self.steps[-1] + 1):
            found[f"step {k}"] = main_leaf(self.model(x))
            x = self.advance(x, found[f"step {k}"])
        return {name: found[name] for name in self.outputs("")}

    def outputs(self, action: str) -> dict[str, str]:
        """The argument `output` of measures: this action for every step, {} in it being the number of steps.

        >>> Rollout(abs, steps=(1, 4)).outputs("vectors({})")
        {'step 1': 'vectors(1)', 'step 4': 'vectors(4)'}
        """
        return {f"step {k}": action.format(k) for k in self.steps}
