"""Promises of symmetry, held against the rows of a result: AssertionError with all that is needed to see why."""

import math

import torch

from symmeter.errors import SymmeterError
from symmeter.results.result import Result
from symmeter.results.row import ElementRow, Row
from symmeter.results.verdict import FEWEST_IMAGES, RESOLVED_FLOORS, RESOLVED_SQUARES, resolved

_ROUND_OFF = 1e3  # units of round-off that a deep network may add up
_TESTABLE = 0.1  # relative error that an assertion must be able to see
_CAUSES = (
    "usual causes: a stride or pooling that does not divide the input, padding on one side, positional embeddings, "
    "a representation of the output that is not the one assumed (output='...:regular(C4)' permutes channels), "
    "or a group that the grid cannot carry exactly (C8)"
)


def check_complete(result: Result) -> None:
    """All samples were measured, and the model does the same at every call."""
    __tracebackhide__ = True
    if result.status != "complete":
        raise AssertionError(f"not all of it could be measured: {'; '.join(result.warnings)}")
    chance = [row.chance for row in result.rows if row.chance is not None]
    if chance:
        raise AssertionError(
            f"{_name(result)} is random: two calls on one {_item(result)} differ by "
            f"{chance[0]:.2g} of its output, so nothing can be asserted; fix its noise"
        )


def check_elements(result: Result, row: Row, tolerance: float | None) -> None:
    """The error of the worst element of a group is within the tolerance, or within round-off and floor."""
    __tracebackhide__ = True
    floor, name, error = row.floor or 0.0, _name(result), row.measure.replace("_", " ")
    if math.isnan(row.value):
        why = "; ".join(result.warnings)
        raise AssertionError(
            f"{name} cannot be tested under {row.symmetry}: there is no value of {row.measure}: {why}"
        )
    if tolerance is None and RESOLVED_FLOORS * floor > _TESTABLE:
        raise AssertionError(
            f"{name} cannot be tested under {row.symmetry}: its floor is {floor:.1e} of the output, so an error of a "
            "tenth would not show; take a group that is exact on pixels, or a model in higher precision"
        )
    bound, why = bound_of_elements(result, row, tolerance)
    worst = worst_element(result, row)
    if worst.value <= bound:
        return
    raise AssertionError(
        f"{name} is not symmetric under {row.symmetry}{_where(row)}: the worst element is {worst.element!r} with a "
        f"{error} of {worst.value:.2e}, above the tolerance {bound:.2e} ({why}); floor {floor:.1e}, mean over "
        f"elements {row.value:.2e}. Output: {result.header['spec']['rho_out']}. {_CAUSES[0].upper()}{_CAUSES[1:]}."
    )


def bound_of_elements(result: Result, row: Row, tolerance: float | None) -> tuple[float, str]:
    """What the worst element of a group may have, and why that."""
    if tolerance is not None:
        return tolerance, "as given"
    unit = torch.finfo(getattr(torch, result.header["spec"]["dtype"])).eps
    bound = max(_ROUND_OFF * unit, RESOLVED_FLOORS * (row.floor or 0.0))
    return bound, f"{_ROUND_OFF:g} units of round-off, or {RESOLVED_FLOORS:g} floors"


def worst_element(result: Result, row: Row) -> ElementRow:
    """The element with the largest value of a row over a group."""
    key = (row.measure, row.symmetry, row.output)
    found = [e for e in result.elements if (e.measure, e.symmetry, e.output) == key]
    return max(found, key=lambda e: math.inf if math.isnan(e.value) else e.value)


def bound_of_derivative(row: Row, tolerance: float | None) -> tuple[float, str]:
    """What the mean square of a Lie derivative may be, and why that."""
    if tolerance is not None:
        return tolerance, "as given"
    return RESOLVED_SQUARES * (row.floor or 0.0), f"{RESOLVED_SQUARES:g} floors"


def check_derivative(result: Result, row: Row, tolerance: float | None) -> None:
    """The mean square of the Lie derivative is within the tolerance, or does not stand clear of its floor."""
    __tracebackhide__ = True
    floor, name = row.floor or 0.0, _name(result)
    bound, why = bound_of_derivative(row, tolerance)
    response = _response(row)
    if tolerance is None and response is not None and bound > _TESTABLE**2 * response:
        raise AssertionError(
            f"{name} cannot be tested under {row.symmetry}: the floor of its derivative is {floor:.1e}, and its "
            f"response to other changes of that size only {response:.1e}; take a model in higher precision"
        )
    if row.value <= bound:
        return
    raise AssertionError(
        f"{name} is not symmetric under {row.symmetry}{_where(row)}: the mean square of its Lie derivative is "
        f"{row.value:.2e}{interval_of(row.interval_low, row.interval_high, '.2e')} {row.unit}, above the tolerance "
        f"{bound:.2e} ({why}). Output: {result.header['spec']['rho_out']}. For a symmetry that is learned, and not "
        "exact, give max_stability or max_specificity."
    )


def check_ratio(result: Result, row: Row, quantity: str, most: float) -> None:
    """All of the interval of stability or specificity lies below `most`; what is too small to be resolved passes."""
    __tracebackhide__ = True
    name, value, high = _name(result), row[quantity], row[f"{quantity}_high"]
    where = f"under {row.symmetry}{_where(row)}"
    if row.n < FEWEST_IMAGES:
        raise SymmeterError(
            f"max_{quantity} needs {FEWEST_IMAGES} {_item(result)}s or more, and there are {row.n}"
        )
    if not row.resolved:
        _check_reacts(name, where, row)
        return
    if value is None:
        raise AssertionError(
            f"{name} has no {quantity} {where}: {'; '.join(result.warnings) or 'no control'}"
        )
    if high is not None and high < most:
        return
    item = _item(result)
    more = _more_samples(row, quantity, most, item)
    raise AssertionError(
        f"{name} is not as symmetric {where} as promised: {quantity} {value:.3g}"
        f"{interval_of(row[f'{quantity}_low'], high)} from {row[f'{quantity}_pairs']} {item}s must be below {most:g}, "
        f"with all of its 95 % interval{more}"
    )


def _check_reacts(name: str, where: str, row: Row) -> None:
    """A network that reacts to nothing has learned no symmetry."""
    __tracebackhide__ = True
    response = _response(row)
    if response is not None and not (response > 0 and resolved(response, row.floor, row.power)):
        raise AssertionError(
            f"{name} reacts to nothing, so {where} nothing can be said: are its weights loaded?"
        )


def _response(row: Row) -> float | None:
    """The largest response to what is no symmetry; None where only that to other images' changes is known.

    These may be symmetries too: a mean over positions is the same whichever image's pixels are moved.
    """
    if row.specificity_control is None:
        return None
    return max(row.specificity_control, row.control or 0.0)


def _item(result: Result) -> str:
    """The noun of one sample."""
    return result.header["data"].get("item", "image")


def _more_samples(row: Row, quantity: str, most: float, item: str) -> str:
    """Where the value alone would do: about how many samples its interval needs, which is as wide as 1 / sqrt(n)."""
    value, high, pairs = row[quantity], row[f"{quantity}_high"], row[f"{quantity}_pairs"]
    if value >= most:
        return ""
    if high is None or math.isinf(high):
        return f"; more {item}s would decide"
    needed = pairs * (math.log(high / value) / math.log(most / value)) ** 2
    return f"; about {math.ceil(needed)} {item}s would decide"


def interval_of(low: float | None, high: float | None, form: str = ".3g") -> str:
    """An interval in brackets, behind its value; nothing where there is none.

    >>> interval_of(0.5, 2.0), interval_of(None, None)
    (' [0.5 2]', '')
    """
    return "" if low is None or high is None else f" [{low:{form}} {high:{form}}]"


def _name(result: Result) -> str:
    return result.header["model"]["name"]


def _where(row: Row) -> str:
    return f", output {row.output}" if row.layer else ""
