"""`assert_equivariant`: a promise of symmetry, tested, of a network or of its layers."""

import contextlib
import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch

from symmeter.errors import SymmeterError, shortened
from symmeter.layers.attribute import attribute
from symmeter.layers.profile import LayerRow
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import measure, named_options
from symmeter.measuring.plan import Given, read_words
from symmeter.measuring.promises import check_complete, check_derivative, check_elements, check_ratio
from symmeter.results.result import Result
from symmeter.results.verdict import RESOLVED_SQUARES
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.verbs.arguments import Kind, above, several, split_list, word
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import recorded, repeat, told_apart

Patterns = tuple[str, ...]
_SHOWN = 3  # layers that a message names


def _patterns(value: object) -> Patterns:
    """From True, a pattern or several to patterns; none for False and None."""
    if isinstance(value, str):
        return (value,)
    if value is None or isinstance(value, bool):
        return ("*",) * bool(value)
    return several("names", word).read(value)


@verb(
    ARGUMENTS,
    x=ARGUMENTS["data"],
    layers=Kind("True, a name of layers such as 'blocks.*', or several", _patterns),
    max_stability=above(0.0).or_none("for no bound"),
    max_specificity=above(0.0).or_none("for no bound"),
)
def assert_equivariant(
    model: Any,
    x: Any,
    symmetry: Any = "C4",
    output: str = "invariant",
    tolerance: float | None = None,
    *,
    max_stability: float | None = None,
    max_specificity: float | None = None,
    layers: bool | str | Sequence[str] | None = None,
    elements: int | None = None,
    definition: str = "bandlimited",
    seed: int = 0,
    preprocessing: object = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    samples: int | None = None,
    domain: Any = None,
    inputs: Any = None,
    **options: Any,
) -> Result:
    """Raise AssertionError, naming what is to blame, unless f(g x) = g f(x) for all elements g; else the result.

    Over a group the error is ||f(g x) - g f(x)|| / ||f(x)||, the mean over samples of the worst element. Without a
    `tolerance` it must stay below the larger of 1000 units of round-off of the model's dtype and 3 floors, the floor
    being what moving the images and back does to the output: so a group that is not exact on pixels is not blamed on
    the model. Of boxes it is 1 - IoU with 1 for each that has no partner, and the change of scores; of keypoints their
    distance in pixels. Along a generator, such as `rotation`, it is the mean square of the Lie derivative, below 10
    floors.

    A symmetry that is learned is never exact: `max_stability` and `max_specificity` bound the response over that to
    other changes of the same size (see `symmeter.results.verdict.MEANINGS`). The whole 95 % interval must lie below.
    Exactness is then asserted only with a `tolerance`.

    Args:
        output: `invariant`, `equivariant`, or as in `symmeter.measure`, such as `"layer3:regular(C4)"`.
        layers: also assert that layers contribute nothing to the error along generators: True for all, or names such
            as `"blocks.*"`. The message names those that do.
        preprocessing, batch_size, device, samples, domain, inputs, options: as in `symmeter.measure`.

    Raises:
        AssertionError: where the promise is broken, or cannot be tested; its `result` holds what was measured.
        SymmeterError: for a mistake in the arguments.

    >>> from torch import nn
    >>> pooled = nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    >>> result = assert_equivariant(pooled, torch.rand(2, 3, 8, 8), "D4")
    >>> assert_equivariant(nn.Flatten(), torch.rand(2, 3, 8, 8), "hflip")  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    AssertionError: Flatten is not symmetric under hflip...
    """
    __tracebackhide__ = True
    common = {"output": output, "definition": definition, "seed": seed, "preprocessing": preprocessing}
    common |= {
        "batch_size": batch_size,
        "device": device,
        "samples": samples,
        "progress": False,
        "domain": domain,
        "inputs": inputs,
        **options,
    }
    given = Given(x, domain, inputs, options=named_options(definition, preprocessing) | options)
    kind, meant = read_words(given, symmetry)
    if layers and not meant.generators:
        raise SymmeterError(
            f"layers: the error is attributed along generators such as rotation, and {meant.name} is a group; over a "
            "group name layers as output='layer1:equivariant,layer2:equivariant'"
        )
    if max_specificity is not None and meant.groups:
        raise SymmeterError(
            f"max_specificity={max_specificity:g}: over a group such as {meant.groups[0].name} there are no "
            "deformations as fast to compare with; give generators such as rotation, or max_stability"
        )
    most = {"stability": max_stability, "specificity": max_specificity}
    bounds = {name: bound for name, bound in most.items() if bound is not None}
    named = None
    with recorded() as found:
        control = _control(bounds, meant)
        result = measure(
            model,
            x,
            symmetry,
            _measures(meant, kind.asserted_measures(output)),
            control=control,
            elements=elements,
            **common,
        )
        if layers:
            named = attribute(model, x, replace(meant, groups=()), probes=0, control=False, **common)
    _, others = told_apart(found)
    repeat(others)
    with _kept(result):
        check_complete(result)
        for row in result.rows:
            if not bounds or tolerance is not None:
                check = check_derivative if row.elements is None else check_elements
                check(result, row, tolerance)
            for name, bound in bounds.items():
                check_ratio(result, row, name, bound)
        if named is not None:
            _check_layers(named, _patterns(layers), tolerance)
    return result


@contextlib.contextmanager
def _kept(result: Result) -> Iterator[None]:
    """What breaks the promise has the result as its attribute `result`."""
    __tracebackhide__ = True
    try:
        yield
    except AssertionError as error:
        error.result = result  # type: ignore[attr-defined]
        raise


def _control(bounds: Mapping[str, float], symmetry: Symmetry) -> str:
    """What responses are compared with, as far as it is needed: along generators always, to see that there is one."""
    if symmetry.generators:
        return "both"
    return "stability" if bounds else "none"


def _measures(symmetry: Symmetry, over: str) -> list[str]:
    """What is measured along generators, and `over` groups."""
    return ["lee"] * bool(symmetry.generators) + split_list(over) * bool(symmetry.groups)


def _check_layers(profile: Result, patterns: Patterns, tolerance: float | None) -> None:
    """No terminal part with one of these names adds to the error, or takes from it."""
    __tracebackhide__ = True
    parts = [row for row in profile.rows if isinstance(row, LayerRow) and row.terminal and not row.whole]
    chosen = [row for row in parts if any(fnmatch.fnmatchcase(row.layer, pattern) for pattern in patterns)]
    if not chosen:
        known = shortened(dict.fromkeys(row.layer for row in parts), 8)
        raise SymmeterError(f"layers {', '.join(patterns)}: no layer has such a name; there are {known}")
    guilty = [row for row in chosen if abs(row.value) > _bound(row, tolerance)]
    if not guilty:
        return
    guilty.sort(key=lambda row: -abs(row.value))
    words = [f"{row.layer} under {row.symmetry} ({row.share or 0:.0%} of the error)" for row in guilty]
    raise AssertionError(
        f"{profile.header['model']['name']}: {len(guilty)} of {len(chosen)} layers break the symmetry, most of all "
        f"{shortened(words, _SHOWN)}; the bound of the worst is {_bound(guilty[0], tolerance):.1e}"
    )


def _bound(row: LayerRow, tolerance: float | None) -> float:
    """What a layer may contribute: a square, as LEE is."""
    return RESOLVED_SQUARES * (row.floor or 0.0) if tolerance is None else tolerance
