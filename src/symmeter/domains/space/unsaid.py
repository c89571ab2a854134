"""Outputs of which nothing was said, and whose shape means several things: they are asked about, never guessed."""

from torch import Tensor

from symmeter.domains.space.turning import permutes, turns
from symmeter.errors import SymmeterError
from symmeter.symmetry.hypothesis import Symmetry

PROBABILITIES = "softmax"
_VECTOR = 3


def check_clear(
    name: str, y: Tensor, acting: Symmetry | None = None, point: str = "point", points: bool = False
) -> None:
    """SymmeterError for an output y (B, n) that may be n numbers of a whole sample, or else a vector, or one a point.

    Three numbers may be a vector where what is `acting` turns directions; as many as there are `points` may be one of
    each where it permutes them. Where it does neither, all mean the same.

    >>> import torch
    >>> check_clear("charges", torch.rand(2, 5), points=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: output 'charges' has shape (B, 5), which may be 5 numbers or one of each point: \
write one of charges:invariant, charges:node scalars
    """
    n = y.shape[-1]
    may_be = {
        ("a vector", "vectors", "pseudovectors", "1o"): n == _VECTOR
        and name != PROBABILITIES
        and turns(acting),
        (f"one of each {point}", "node scalars"): points and n > 1 and permutes(acting),
    }
    others = [words for words, possible in may_be.items() if possible]
    if y.ndim != 2 or not others:
        return
    meanings = " or ".join([f"{n} numbers", *(meaning for meaning, *_ in others)])
    actions = ["invariant", *(action for _, *own in others for action in own)]
    raise SymmeterError(
        f"output {name!r} has shape (B, {n}), which may be {meanings}: write one of "
        + ", ".join(f"{name}:{action}" for action in actions)
    )
