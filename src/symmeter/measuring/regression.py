"""`assert_more_equivariant`: a new model must not be clearly less symmetric than the one before it."""

from collections.abc import Sequence
from typing import Any

import torch

from symmeter.errors import SymmeterError
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import measure as run
from symmeter.measuring.promises import interval_of
from symmeter.results.comparison import Comparison, compared
from symmeter.results.comparison_row import ComparisonRow
from symmeter.results.paired import QUANTITIES, VALUE
from symmeter.results.result import Result
from symmeter.results.verdict import FEWEST_IMAGES
from symmeter.verbs.arguments import choice, number
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import recorded, repeat, told_apart


@verb(
    ARGUMENTS,
    reference=ARGUMENTS["model"],
    x=ARGUMENTS["data"],
    quantity=choice("quantity", QUANTITIES),
    margin=number(1.0, "a number, at least 1"),
)
def assert_more_equivariant(
    model: Any,
    reference: Any,
    x: Any,
    symmetry: Any = "translation",
    output: str = "softmax",
    *,
    quantity: str = "stability",
    margin: float = 1.0,
    measure: Any = None,
    definition: Any = "bandlimited",
    samples: int | None = None,
    seed: int = 0,
    preprocessing: object = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    **options: Any,
) -> Comparison:
    """Raise AssertionError where a model is clearly less symmetric than a reference; else the comparison.

    Both are measured on the same images and compared image by image (see `symmeter.compare`). The assertion fails for a
    symmetry whose ratio has all of its 95 % interval above `margin`, and is still clear when corrected for the number
    of symmetries: so by chance alone it fails in about 2.5 % of runs. A difference that is not clear passes.

    Args:
        quantity: `stability` (the response over that to other images' changes), `specificity`, or `value`.
        margin: how many times as large the quantity may be.

    Other arguments are those of `symmeter.measure`.

    Raises:
        AssertionError: naming symmetry, ratio and interval.
        SymmeterError: for a mistake in the arguments, or fewer than 8 images.

    >>> x = torch.rand(16, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    >>> smooth, rough = (lambda x: x[..., 2:6, 2:6].mean((2, 3))), (lambda x: x[:, :, 3, 3])
    >>> comparison = assert_more_equivariant(smooth, rough, x, "rotation", "logits", quantity="value")
    >>> comparison.rows[0].verdict
    'smaller error'
    >>> assert_more_equivariant(rough, smooth, x, "rotation", "logits", quantity="value")
    Traceback (most recent call last):
    AssertionError: <lambda> #2 is less symmetric under rotation than <lambda>: value...
    """
    __tracebackhide__ = True
    common = {"symmetry": symmetry, "measure": measure, "output": output, "definition": definition}
    common |= {"samples": samples, "seed": seed, "preprocessing": preprocessing, "batch_size": batch_size}
    common |= {"device": device, "progress": False, **options}
    with recorded() as found:
        before = run(reference, x, control=_control(quantity), **common)
        after = run(model, x, control=_control(quantity), **common)
    _, others = told_apart(found)
    repeat(others)
    comparison = compared([before, after])
    rows = [row for row in comparison.rows if row.quantity == quantity]
    _check_testable(comparison, rows, quantity)
    _check_resolved(before, after, comparison)
    worse = [row for row in rows if row.worse and row.ratio_low is not None and row.ratio_low > margin]
    if worse:
        raise AssertionError(_words(worse, margin, comparison.item))
    return comparison


def _control(quantity: str) -> str:
    """What must be measured for a quantity."""
    return {VALUE: "none", "stability": "stability"}.get(quantity, "both")


def _check_testable(comparison: Comparison, rows: Sequence[ComparisonRow], quantity: str) -> None:
    """SymmeterError where there is nothing to compare, or too few images for it."""
    if not rows:
        raise SymmeterError(
            f"quantity {quantity!r}: there is none to compare; {'; '.join(comparison.notes) or 'no control'}"
        )
    if comparison.images[0] < FEWEST_IMAGES:
        raise SymmeterError(
            f"a comparison needs {FEWEST_IMAGES} {comparison.item}s or more, and there are {comparison.images[0]}"
        )


def _check_resolved(before: Result, after: Result, comparison: Comparison) -> None:
    """A symmetry that the reference has as far as can be measured is not lost."""
    __tracebackhide__ = True
    for old, new in zip(before.rows, after.rows, strict=True):
        if new.resolved and not old.resolved:
            raise AssertionError(
                f"{comparison.models[1]} is not symmetric under {new.symmetry}, and {comparison.reference} is, as far "
                f"as can be measured: {new.measure} {new.value:.2e} {new.unit}, in the reference {old.value:.2e}"
            )


def _words(worse: Sequence[ComparisonRow], margin: float, item: str) -> str:
    """Which symmetries have become worse, by how much, and how sure that is."""
    first = worse[0]
    parts = [
        f"under {row.symmetry} than {row.reference}: {row.quantity} {row.ratio:.3g} times as large, {item} by {item}"
        f"{interval_of(row.ratio_low, row.ratio_high)}, {row.pairs} {item}s"
        for row in worse
    ]
    allowed = "" if margin == 1 else f", where {margin:g} times are allowed"
    return f"{first.model} is less symmetric {'; '.join(parts)}{allowed}"
