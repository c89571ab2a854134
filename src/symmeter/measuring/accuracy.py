"""The accuracy of a classifier on the samples of a run, from what is kept of each: its label, and whether it is hit."""

from typing import Any

import numpy as np
from torch import Tensor

from symmeter.measures.quantity import are_probabilities
from symmeter.measuring.class_numbers import AS_THEY_ARE, ClassNumbers
from symmeter.results.columns import Columns
from symmeter.results.shares import wilson
from symmeter.results.standard_errors import standard_error

CONFIDENT = "confidence"  # the column of the largest probability


def record(columns: Columns, labels: Tensor | None, y: Tensor, keep: np.ndarray) -> None:
    """How sure class scores y (b, K) are, and whether they hit the labels (b,); only those to `keep` (b,) count.

    What is no probability and has no labels may be no scores at all, and is NaN.
    """
    likely = are_probabilities(y) or labels is not None
    sure = (y if are_probabilities(y) else y.softmax(1)).amax(1).double().cpu().numpy()
    columns.add(CONFIDENT, np.where(likely, sure, np.nan)[keep])
    if labels is None:
        return
    known = labels.numpy()[keep]
    order = y.topk(min(5, y.shape[1]), 1).indices.cpu().numpy()[keep]
    hits = order == known[:, None]
    unknown = known < 0
    columns.add("label", np.where(unknown, np.nan, known))
    columns.add("top1", np.where(unknown, np.nan, hits[:, 0]))
    columns.add("top5", np.where(unknown, np.nan, hits.any(1)))


def columns_that_say(columns: Columns) -> dict[str, np.ndarray]:
    """All columns (N,) by their printed names, but for a confidence that is known of no sample."""
    found = columns.by_name()
    unknown = CONFIDENT in found and not np.isfinite(found[CONFIDENT]).any()
    return {name: values for name, values in found.items() if not (unknown and name == CONFIDENT)}


def accuracy_of(
    columns: Columns, classes: int | None, numbers: ClassNumbers = AS_THEY_ARE
) -> tuple[dict[str, Any] | None, str]:
    """(top-1 and top-5 accuracy over the labelled samples, what the reader should know of it).

    None without labels that fit the number of classes; `numbers` say how labels came to be those of outputs.
    """
    if numbers.note:
        return None, numbers.note
    if "label" not in columns or not classes:
        return None, ""
    labels = columns["label"]
    known = ~np.isnan(labels)
    if not known.any():
        return None, ""
    if labels[known].max() >= classes:
        highest = f"{labels[known].max():.0f}"
        return None, f"labels go up to {highest} but the model has {classes} outputs: no accuracy"
    top1, top5 = columns["top1"][known], columns["top5"][known]
    low, high = wilson(float(top1.mean()), len(top1))
    found = {
        "top1": float(top1.mean()),
        "standard_error": standard_error(top1),
        "interval_low": low,
        "interval_high": high,
        "top5": float(top5.mean()) if classes > 5 else None,
        "n": int(known.sum()),
    }
    return found | ({"order": numbers.order} if numbers.order else {}), ""
