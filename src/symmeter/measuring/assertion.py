"""`assert_equivariant`: a promise of symmetry, tested."""

import math
from typing import Any

import torch

from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import measure
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import recorded, repeat, told_apart

_ROUND_OFF = 1e3  # units of round-off that a deep network may add up
_FLOORS = 3.0
_TESTABLE = 0.1  # relative error that an assertion must be able to see
_CAUSES = (
    "usual causes: a stride or pooling that does not divide the input, padding on one side, positional embeddings, "
    "a representation of the output that is not the one assumed (output='...:regular(C4)' permutes channels), "
    "or a group that the grid cannot carry exactly (C8)"
)


@verb(ARGUMENTS, x=ARGUMENTS["data"])
def assert_equivariant(
    model: Any,
    x: Any,
    symmetry: Any = "C4",
    output: str = "invariant",
    tolerance: float | None = None,
    *,
    elements: int | None = None,
    definition: str = "bandlimited",
    seed: int = 0,
    **options: Any,
) -> Result:
    """Raise AssertionError, naming the worst element, unless f(g x) = g f(x) for all elements g; else the result.

    The error is ||f(g x) - g f(x)|| / ||f(x)||, the mean over samples of the worst element. Without a `tolerance` it
    must stay below the larger of 1000 units of round-off of the model's dtype and 3 floors, the floor being what moving
    the images and back does to the output: so a group that is not exact on pixels is not blamed on the model.

    Args:
        output: `invariant`, `equivariant`, or as in `symmeter.measure`, such as `"layer3:regular(C4)"`.

    >>> from torch import nn
    >>> pooled = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> result = assert_equivariant(pooled, torch.rand(2, 3, 8, 8), "D4")
    >>> assert_equivariant(nn.Flatten(), torch.rand(2, 3, 8, 8), "hflip")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    AssertionError: Flatten is not symmetric under hflip...
    """
    __tracebackhide__ = True
    with recorded() as found:
        result = measure(
            model,
            x,
            symmetry,
            "relative_error",
            output,
            definition,
            control=False,
            elements=elements,
            seed=seed,
            progress=False,
            **options,
        )
    _, others = told_apart(found)
    repeat(others)
    if result.status != "complete":
        raise AssertionError(f"not all of it could be measured: {'; '.join(result.warnings)}")
    chance = [row.chance for row in result.rows if row.chance is not None]
    if chance:
        raise AssertionError(
            f"{result.header['model']['name']} is random: two calls on one image differ by "
            f"{chance[0]:.2g} of its output, so nothing can be asserted; fix its noise"
        )
    for row in result.rows:
        _check(result, row, tolerance)
    return result


def _check(result: Result, row: Row, tolerance: float | None) -> None:
    __tracebackhide__ = True
    floor, name = row.floor or 0.0, result.header["model"]["name"]
    unit = _unit(result)
    if _FLOORS * floor > _TESTABLE and tolerance is None:
        raise AssertionError(
            f"{name} cannot be tested under {row.symmetry}: its floor is {floor:.1e} of the output, so an error of a "
            "tenth would not show; take a group that is exact on pixels, or a model in higher precision"
        )
    bound = max(_ROUND_OFF * unit, _FLOORS * floor) if tolerance is None else tolerance
    found = [e for e in result.elements if (e.symmetry, e.output) == (row.symmetry, row.output)]
    worst = max(found, key=lambda e: math.inf if math.isnan(e.value) else e.value)
    if worst.value <= bound:
        return
    why = "as given" if tolerance is not None else f"{_ROUND_OFF:g} units of round-off, or {_FLOORS:g} floors"
    where = f", output {row.output}" if row.layer else ""
    raise AssertionError(
        f"{name} is not symmetric under {row.symmetry}{where}: the worst element is {worst.element!r} with a relative "
        f"error of {worst.value:.2e}, above the tolerance {bound:.2e} ({why}); floor {floor:.1e}, mean over elements "
        f"{row.value:.2e}. Output: {result.header['spec']['rho_out']}. {_CAUSES[0].upper()}{_CAUSES[1:]}."
    )


def _unit(result: Result) -> float:
    """The round-off of the type that was measured in; what the model computes in beyond that is in its floor."""
    return torch.finfo(getattr(torch, result.header["spec"]["dtype"])).eps
