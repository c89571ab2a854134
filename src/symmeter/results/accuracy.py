"""Accuracy and confidence of a result, and how accuracy differs between two results on the same images."""

import numpy as np

from symmeter.results.intervals import of_mean
from symmeter.results.paired import Images, Measured, common_names

HIT, CONFIDENCE = "top1", "confidence"  # the columns of single images


def of_scores(result: Measured) -> dict[str, float | None]:
    """The ends of the interval of the accuracy, and the mean confidence with its own; nothing where there are none."""
    accuracy = result.header.get("accuracy") or {}
    found = {f"accuracy_{end}": accuracy.get(f"interval_{end}") for end in ("low", "high")}
    sure = np.asarray(result.samples.get(CONFIDENCE, ()), np.float64)
    sure = sure[np.isfinite(sure)]
    if len(sure):
        ends = of_mean(sure)
        found |= {
            "confidence": float(np.mean(sure)),
            "confidence_low": ends.low,
            "confidence_high": ends.high,
        }
    return found


def change_of(result: Measured, reference: Measured) -> dict[str, float | None]:
    """The difference of accuracy to a reference over the images that both have, with its interval, in pairs.

    Where all differences are equal, as of none at all, there is no interval.
    """
    names = common_names([reference, result])
    hits, before = (Images.of(one, names).column(HIT) for one in (result, reference))
    if hits is None or before is None or not result.header.get("accuracy"):
        return {}
    change = (hits - before)[np.isfinite(hits - before)]
    if not len(change):
        return {}
    ends = of_mean(change)
    return {
        "accuracy_change": float(change.mean()),
        "accuracy_change_low": ends.low,
        "accuracy_change_high": ends.high,
    }
