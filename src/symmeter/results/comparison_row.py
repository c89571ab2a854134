"""One row of a comparison: a model against another, in one quantity under one symmetry."""

from dataclasses import dataclass

from symmeter.results.intervals import CONFIDENCE, Ratio
from symmeter.results.row import Record
from symmeter.results.verdict import FEWEST_IMAGES, NOT_RESOLVED, TOO_FEW

MORE, LESS, NO_DIFFERENCE = "more symmetric", "less symmetric", "no clear difference"


@dataclass(frozen=True)
class ComparisonRow(Record):
    """How many times a quantity of `model` is that of `reference`, image by image.

    `quantity` is `value` (the error that the row's value is made of), `stability` or `specificity` (that error over its
    control). `value` and `reference_value` are over the images that both have: the mean of the errors, of the other two
    the geometric mean of the ratios. `ratio` is the geometric mean of what the one is of the other on each image, with
    its 95 % interval, from so many `pairs`. `p` is for a ratio of 1, `p_corrected` by Holm over all rows of one
    quantity.
    """

    measure: str
    symmetry: str
    output: str
    layer: str
    model: str
    reference: str
    quantity: str
    value: float | None
    reference_value: float | None
    ratio: float
    ratio_low: float | None
    ratio_high: float | None
    pairs: int
    p: float | None
    p_corrected: float | None
    verdict: str


def verdict_on(resolved: bool, ratio: Ratio, p_corrected: float | None) -> str:
    """Whether a ratio is clearly below or above 1: its interval is, and by the corrected p value it still is.

    >>> from symmeter.results.intervals import Interval
    >>> half = Ratio(0.5, Interval(0.4, 0.6), 16, p=0.001)
    >>> verdict_on(True, half, 0.01), verdict_on(True, half, 0.2), verdict_on(False, half, 0.01)
    ('more symmetric', 'no clear difference', 'not resolved')
    """
    if not resolved:
        return NOT_RESOLVED
    if ratio.pairs < FEWEST_IMAGES:
        return TOO_FEW
    if p_corrected is None or p_corrected >= 1 - CONFIDENCE:
        return NO_DIFFERENCE
    if ratio.below_one:
        return MORE
    return LESS if ratio.above_one else NO_DIFFERENCE
