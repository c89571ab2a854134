"""A copy with fresh weights beside the network: what of its stability is learned."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from symmeter.results.columns import CONTROL_OF
from symmeter.results.estimate import BETWEEN_NETWORKS, columns_of_ratio
from symmeter.results.intervals import Ratio, of_ratios
from symmeter.results.result import Result
from symmeter.results.row import Row
from symmeter.results.verdict import SPECIFIC, against_untrained


def beside_untrained(
    result: Result, copy: Result, info: Mapping[str, Any], between_networks: float = BETWEEN_NETWORKS
) -> Result:
    """The result with its copy's response as the control, as strong as if the copy were as sensitive as the network.

    Raw errors of the two do not compare, for fresh weights hardly react to anything. So `control` is the copy's value
    times the ratio of what the network and the copy make of other images' changes. `untrained` compares the two image
    by image: their stabilities, or where the network is specific their specificities; below 1 what there is was
    learned. Its interval holds the chance of the weights of both. `info` describes the copy.
    """
    others = {(row.measure, row.symmetry, row.output, row.layer): row for row in copy.rows}
    positions = _positions(result, copy)
    chance = between_networks * math.sqrt(2)  # of the weights of both
    rows = []
    for row in result.rows:
        other = others.get((row.measure, row.symmetry, row.output, row.layer))
        rows.append(row if other is None else _beside(row, other, result, copy, positions, chance))
    spec = {**result.header["spec"], "control": "untrained", "control_model": dict(info)}
    return replace(result, rows=tuple(rows), header={**result.header, "spec": spec})


def _positions(result: Result, copy: Result) -> tuple[np.ndarray, np.ndarray]:
    """Where the images that both have are in the columns of each."""
    where = {name: i for i, name in enumerate(copy.sample_names)}
    pairs = [(i, where[name]) for i, name in enumerate(result.sample_names) if name in where]
    one, other = np.array(pairs, dtype=int).reshape(-1, 2).T
    return one, other


def _beside(
    row: Row,
    other: Row,
    result: Result,
    copy: Result,
    positions: tuple[np.ndarray, np.ndarray],
    chance: float,
) -> Row:
    """The row of the network, beside that of its copy."""
    which = "specificity" if row.verdict == SPECIFIC else "stability"
    ratio = _ratio(row, which, result, copy, positions, chance)
    changed: dict[str, Any] = {"control": None, "control_standard_error": None, "control_error": None}
    if row.ratio_of_means and other.ratio_of_means:
        control = row.asymmetry * other.ratio_of_means / row.ratio_of_means
        changed |= {"control": control, "ratio_of_means": row.ratio_of_means / other.ratio_of_means}
        changed |= {"control_error": None if row.error is None else control}
        changed["ratio_of_means_standard_error"] = None
    if ratio is not None:
        changed |= columns_of_ratio("untrained", ratio)
        changed["verdict"] = against_untrained(row.verdict, ratio)
    return replace(row, **changed)


def _ratio(
    row: Row,
    which: str,
    result: Result,
    copy: Result,
    positions: tuple[np.ndarray, np.ndarray],
    chance: float,
) -> Ratio | None:
    """How many times the ratio of value and control of the network is that of its copy, image by image."""
    if row.column is None:
        return None
    names = (row.column, f"{row.column}:{CONTROL_OF[which]}")
    if not all(name in found.samples for name in names for found in (result, copy)):
        return None
    own, control = (result.samples[name][positions[0]] for name in names)
    fresh, fresh_control = (copy.samples[name][positions[1]] for name in names)
    return of_ratios(own * fresh_control, control * fresh, beyond=chance)
