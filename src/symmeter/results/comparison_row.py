"""One row of a comparison: a model against another, in one quantity under one symmetry."""

from dataclasses import dataclass

from symmeter.results.intervals import CONFIDENCE, Ratio
from symmeter.results.row import Record
from symmeter.results.verdict import FEWEST_IMAGES, NOT_RESOLVED, TOO_FEW

NO_DIFFERENCE = "no clear difference"
# By quantity: what a ratio clearly below 1 says, and one above. A smaller error alone is not more symmetry.
BETTER = {"value": "smaller error", "stability": "more stable", "specificity": "more specific"}
WORSE = {"value": "larger error", "stability": "less stable", "specificity": "less specific"}


@dataclass(frozen=True, repr=False)
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

    @property
    def better(self) -> bool:
        """Whether the ratio is clearly below 1."""
        return self.verdict == BETTER[self.quantity]

    @property
    def worse(self) -> bool:
        """Whether the ratio is clearly above 1."""
        return self.verdict == WORSE[self.quantity]


def verdict_on(quantity: str, resolved: bool, ratio: Ratio, p_corrected: float | None) -> str:
    """Whether a ratio is clearly below or above 1: its interval is, and by the corrected p value it still is.

    >>> from symmeter.results.intervals import Interval
    >>> half = Ratio(0.5, Interval(0.4, 0.6), 16, p=0.001)
    >>> [verdict_on("stability", *given) for given in ((True, half, 0.01), (True, half, 0.2), (False, half, 0.01))]
    ['more stable', 'no clear difference', 'not resolved']
    """
    if not resolved:
        return NOT_RESOLVED
    if ratio.pairs < FEWEST_IMAGES:
        return TOO_FEW
    if p_corrected is None or p_corrected >= 1 - CONFIDENCE:
        return NO_DIFFERENCE
    if ratio.below_one:
        return BETTER[quantity]
    return WORSE[quantity] if ratio.above_one else NO_DIFFERENCE
