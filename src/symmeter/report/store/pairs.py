"""Values of single images of a store, for the page to compare two models image by image."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from symmeter.report.store.table import Metric, Tables
from symmeter.results.columns import STABILITY
from symmeter.results.comparison_row import BETTER, WORSE
from symmeter.results.intervals import CONFIDENCE
from symmeter.results.verdict import FEWEST_IMAGES
from symmeter.sweeps.store import Store
from symmeter.sweeps.tables import Frame

# The page holds no more than this, so that stores of hundreds of models stay small.
MODELS, _IMAGES = 30, 512
Logs = list[float | None]  # of one model, an entry for every image


def pairs(found: Tables, store: Store) -> dict[str, Any]:
    """Logarithms of values and stabilities by metric and model, and Student's quantiles by which intervals are made.

    `quantiles` and `corrected` have one entry for every number of images from 0 on, for an interval of 95 % and for one
    that is corrected for the number of metrics (Bonferroni). Nothing for stores of more than 30 models, or without
    values of single images.
    """
    if not 2 <= len(found.models) <= MODELS:
        return {}
    columns = columns_of_values(store.frame())
    metrics = {metric.key: _of_metric(found.of(metric), metric, columns, store) for metric in found.metrics}
    metrics = {key: logs for key, logs in metrics.items() if logs}
    if not metrics:
        return {}
    alpha = 1 - CONFIDENCE
    return {
        "fewest": FEWEST_IMAGES,
        "words": {quantity: [BETTER[quantity], WORSE[quantity]] for quantity in BETTER},
        "metrics": metrics,
        "quantiles": _quantiles(alpha),
        "corrected": _quantiles(alpha / len(metrics)),
    }


def columns_of_values(frame: Frame) -> Mapping[tuple[Any, ...], str]:
    """The name of the column of values of a cell, measure, symmetry and output."""
    if "column" not in frame:
        return {}
    known = frame[frame["column"].notna() & (frame["layer"] == "")]
    return {
        tuple(row[:-1]): row[-1]
        for row in known[["cell", "measure", "symmetry", "output", "column"]].values.tolist()
    }


def _of_metric(
    values: Frame, metric: Metric, columns: Mapping[tuple[Any, ...], str], store: Store
) -> dict[str, dict[str, Logs]]:
    """Of every model that has them, by its name: `value` and `stability` on the same images in the same order."""
    images: list[str] = []
    found: dict[str, dict[str, Logs]] = {}
    for name, cell in zip(values["name"], values["cell"], strict=True):
        column = columns.get((cell, metric.measure, metric.symmetry, metric.output))
        table = None if column is None else store.table("samples", cell)
        if table is None or column not in table:
            continue
        images = images or list(table["name"][:_IMAGES])
        place = {image: i for i, image in enumerate(table["name"])}
        order = [place.get(image) for image in images]
        logs = _logs(table[column].to_numpy())
        found[name] = {"value": _in_order(logs, order)}
        control = f"{column}:{STABILITY}"
        if control in table:
            with np.errstate(invalid="ignore"):  # of 0 over 0
                ratios = logs - _logs(table[control].to_numpy())
            found[name]["stability"] = _in_order(ratios, order)
    return found if len(found) > 1 else {}


def _logs(values: np.ndarray) -> np.ndarray:
    """Logarithms of values (n,); what has none is not finite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(values)


def _in_order(logs: np.ndarray, order: Sequence[int | None]) -> Logs:
    """Entries of logs (n,) with four digits, None where there is none."""
    chosen = [math.nan if i is None else float(logs[i]) for i in order]
    return [round(one, 4) if math.isfinite(one) else None for one in chosen]


def _quantiles(alpha: float) -> list[float | None]:
    """Student's two-sided quantiles for 0 to 512 values."""
    from scipy.special import stdtrit

    return [None if n < 2 else round(float(stdtrit(n - 1, 1 - alpha / 2)), 5) for n in range(_IMAGES + 1)]
