"""The samples that a model does worst on, by their names: molecules, sets of points, images."""

import contextlib
from collections.abc import Callable, Mapping

import numpy as np

from symmeter.errors import SymmeterError
from symmeter.report.store.pairs import MODELS, columns_of_values
from symmeter.report.store.table import Metric, Tables
from symmeter.sweeps.store import Store
from symmeter.sweeps.tables import Frame

_SHOWN = 5  # of each model and metric
Worst = dict[str, list[tuple[str, float]]]  # by model: names with their values, the largest first


def worst_items(found: Tables, store: Store) -> Mapping[str, Worst]:
    """By metric, for every model the names of the samples with the largest values; nothing of stores of many models."""
    if len(found.models) > MODELS:
        return {}
    columns = columns_of_values(store.frame())
    made: dict[str, Worst] = {}
    for metric in found.metrics:
        value = _value_of(metric)
        for name, cell in found.of(metric)[["name", "cell"]].values.tolist():
            column = columns.get((cell, metric.measure, metric.symmetry, metric.output))
            table = None if column is None else store.table("samples", cell)
            if table is not None and column in table:
                made.setdefault(metric.key, {})[name] = _largest(table, str(column), value)
    return made


def _largest(table: Frame, column: str, value: Callable[[float], float]) -> list[tuple[str, float]]:
    """Names and values of the samples with the largest errors, as they are reported."""
    errors = table[column].to_numpy(float)
    order = np.argsort(-np.nan_to_num(errors, nan=-np.inf), kind="stable")[:_SHOWN]
    return [(str(table["name"].iloc[i]), float(value(errors[i]))) for i in order if np.isfinite(errors[i])]


def _value_of(metric: Metric) -> Callable[[float], float]:
    """What is reported of an error of this metric; the error itself of a measure that is not known here."""
    from symmeter.measures import parse_measures  # a large store has no need of torch
    from symmeter.measures.measure import OrbitMeasure

    with contextlib.suppress(SymmeterError):
        measure = parse_measures(metric.measure)[0]
        if isinstance(measure, OrbitMeasure):
            return measure.value
    return float
