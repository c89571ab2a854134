"""A network that makes the next step, used again and again: what has become of a symmetry after k steps."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError
from symmeter.models.calling import called_with
from symmeter.models.leaves import main_leaf
from symmeter.trees import LeafPath, Tree, dotted, filled, tensors
from symmeter.verbs.arguments import function, several, whole
from symmeter.verbs.verb import constructor

Advance = Callable[[Tree, Tree], Tree]


def newest(state: Tree, step: Tree) -> Tree:
    """The state with the newest step behind each tensor (B, C, ...) and as much of the oldest left out.

    Steps (B, c, ...) without the axis of frames that states (B, T, ...) have are one frame. Of several tensors, those
    of the state that the step has, by name or number, move on, and the others stay. SymmeterError for other shapes,
    and where the step has none of them.

    >>> newest(torch.tensor([[1, 2, 3]]), torch.tensor([[4]])).tolist()
    [[2, 3, 4]]
    >>> newest({"u": torch.tensor([[1, 2]]), "force": torch.tensor([[9]])}, {"u": torch.tensor([[3]])})
    {'u': tensor([[2, 3]]), 'force': tensor([[9]])}
    """
    old, new = tensors(state), tensors(step)
    if not set(old) & set(new):
        raise _unclear(f"{_listed(new)} for inputs {_listed(old)}")
    moved = {path: _behind(path, value, new[path]) for path, value in old.items() if path in new}
    return filled(state, old | moved)


def _behind(path: LeafPath, state: Tensor, step: Tensor) -> Tensor:
    """One tensor of the state, (B, C, ...), with the step (B, c, ...) behind it."""
    try:
        frames = step.reshape(len(state), -1, *state.shape[2:])
        return torch.cat([state, frames], 1)[:, frames.shape[1] :]
    except RuntimeError as error:
        of = f" {dotted(path)!r}" if path else ""
        raise _unclear(f"{tuple(step.shape)} for inputs{of} {tuple(state.shape)}") from error


def _unclear(what: str) -> SymmeterError:
    return SymmeterError(
        f"the model returned {what}: give Rollout advance=, which makes the next inputs of both"
    )


def _listed(found: Mapping[LeafPath, Tensor]) -> str:
    """The names of some tensors."""
    return ", ".join(filter(None, map(dotted, found))) or "one tensor without a name"


@constructor(
    model=function,
    steps=several("numbers of steps such as (1, 2, 4, 8)", whole(1, 31)),
    advance=function,
)
class Rollout(nn.Module):
    """A model of one step, applied to what it made: outputs `step 1`, `step 2`, ... for the `steps` that are asked for.

    y_k = f(x_k), x_{k+1} = advance(x_k, y_k), from inputs x_1 (B, C, ...); by default the newest frames take the place
    of the oldest. The error of `step k` is that of the whole roll-out so far. Inputs may be a dict, a tuple, or several
    arguments, as the model takes them: then outputs are `step 1.u`, `step 1.p`, ... for all tensors that it returns.
    SymmeterError for steps below 1.

    >>> rollout = Rollout(lambda x: 2 * x, steps=(1, 3))
    >>> {name: y.item() for name, y in rollout(torch.ones(1, 1)).items()}
    {'step 1': 2.0, 'step 3': 8.0}
    >>> rollout = Rollout(lambda u, p: (u + p, 2 * p), steps=(3,))
    >>> rollout(torch.zeros(1, 1), torch.ones(1, 1))
    {'step 3': (tensor([[7.]]), tensor([[8.]]))}
    """

    def __init__(
        self,
        model: Callable[..., object],
        steps: Sequence[int] = (1, 2, 4, 8),
        advance: Advance = newest,
    ):
        super().__init__()
        self.steps = sorted(set(steps))
        self.model, self.advance = model, advance

    def forward(self, *inputs: Tree, **named: Tree) -> dict[str, Tree]:
        """Outputs (B, ...) by name, or trees of them, for inputs (B, C, ...)."""
        state = named or (inputs[0] if len(inputs) == 1 else inputs)
        found: dict[str, Tree] = {}
        for k in range(1, self.steps[-1] + 1):
            made = called_with(self.model, state)
            found[f"step {k}"] = main_leaf(made) if isinstance(state, Tensor) else made
            state = self.advance(state, found[f"step {k}"])
        return {f"step {k}": found[f"step {k}"] for k in self.steps}

    def outputs(self, action: str | Mapping[str, str]) -> dict[str, str]:
        """The argument `output` of measures: this action for every step, {} in it being the number of steps.

        Of a model that returns several tensors, their actions by name.

        >>> Rollout(abs, steps=(1, 4)).outputs("vectors({})")
        {'step 1': 'vectors(1)', 'step 4': 'vectors(4)'}
        >>> Rollout(abs, steps=(2,)).outputs({"u": "vectors({})", "p": "depth"})
        {'step 2.u': 'vectors(2)', 'step 2.p': 'depth'}
        """
        actions = (
            {"": action} if isinstance(action, str) else {f".{name}": one for name, one in action.items()}
        )
        return {f"step {k}{name}": one.format(k) for k in self.steps for name, one in actions.items()}
