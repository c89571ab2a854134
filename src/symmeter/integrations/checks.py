"""Checks of a test session: every number that `assert_equivariant` has held against a bound.

Nothing heavy is imported before there is one.
"""

import functools
import inspect
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from symmeter.results.result import Result
    from symmeter.results.row import Row


@dataclass(frozen=True)
class Check:
    """A number, the bound it was held against, and whether it kept to that.

    `quantity` is a measure, such as `lee` or `relative_error`, of which the worst element counts, or `stability` or
    `specificity`, of which the upper end of the interval counts. None for a number that is not there. `message` is that
    of the AssertionError, if there was one. `test` is the name of the test, which the test itself does not know.
    """

    model: str
    symmetry: str
    output: str
    quantity: str
    value: float | None
    low: float | None
    high: float | None
    bound: float | None
    verdict: str
    passed: bool
    message: str = ""
    test: str = ""

    def to_json(self) -> str:
        """As text, which a test report can carry from one process to another."""
        return json.dumps(asdict(self), allow_nan=False)

    @staticmethod
    def from_json(text: str) -> "Check":
        """What `to_json` wrote."""
        return Check(**json.loads(text))


def recording(take: Callable[[Check], None]) -> Callable[..., "Result"]:
    """`symmeter.assert_equivariant`, of which `take` is given every check, those that fail too."""
    from symmeter.layers.assertion import assert_equivariant

    @functools.wraps(assert_equivariant)
    def recorded(*args: Any, **kwargs: Any) -> "Result":
        __tracebackhide__ = True
        given = inspect.signature(assert_equivariant).bind(*args, **kwargs).arguments
        try:
            result = assert_equivariant(*args, **kwargs)
        except AssertionError as error:
            result = getattr(error, "result", None)  # none where the model made the error
            for check in checks_of(result, given, str(error)) if result is not None else ():
                take(check)
            raise
        for check in checks_of(result, given):
            take(check)
        return result

    return recorded


def checks_of(result: "Result", given: Mapping[str, float | None], message: str = "") -> list[Check]:
    """What a result was held against by `assert_equivariant` with these arguments; a `message` where that failed.

    Where all numbers keep to their bounds and it failed all the same, as for a model that is random, all checks have.
    """
    most = {name: given.get(f"max_{name}") for name in ("stability", "specificity")}
    bounds = {name: float(bound) for name, bound in most.items() if bound is not None}
    tolerance = given.get("tolerance")
    found: list[Check] = []
    for row in result.rows:
        common = (result.header["model"]["name"], row.symmetry, row.output)
        if not bounds or tolerance is not None:
            found.append(Check(*common, row.measure, *_exactness(result, row, tolerance)))
        found += [Check(*common, name, *_ratio(row, name, bound)) for name, bound in bounds.items()]
    if message and all(check.passed for check in found):
        return [_failed(check, message) for check in found]
    return [check if check.passed else _failed(check, message) for check in found]


def _exactness(result: "Result", row: "Row", tolerance: float | None) -> Iterator[Any]:
    """Value, interval, bound, verdict, and whether it is kept to: of a derivative, or of the worst element."""
    from symmeter.measuring.promises import bound_of_derivative, bound_of_elements, worst_element

    one, bound = row, bound_of_derivative(row, tolerance)[0]
    if row.elements is not None:
        bound = bound_of_elements(result, row, tolerance)[0]
        one = row if math.isnan(row.value) else worst_element(result, row)
    numbers = map(_finite, (one.value, one.interval_low, one.interval_high, bound))
    return iter((*numbers, row.verdict, bool(one.value <= bound)))


def _ratio(row: "Row", name: str, bound: float) -> Iterator[Any]:
    """The same of a ratio to a control; what is too small to be resolved keeps to any."""
    high = row[f"{name}_high"]
    numbers = map(_finite, (row[name], row[f"{name}_low"], high, bound))
    return iter((*numbers, row.verdict, not row.resolved or (high is not None and high < bound)))


def _failed(check: Check, message: str) -> Check:
    return Check(**(asdict(check) | {"passed": False, "message": message}))


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None
