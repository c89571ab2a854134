"""One line of a difference: what parts of two networks contribute to how much their errors differ."""

from dataclasses import dataclass

from symmeter.results.differences import PairedDifference
from symmeter.results.intervals import CONFIDENCE
from symmeter.results.row import Record
from symmeter.results.verdict import FEWEST_IMAGES, NONE, NOT_RESOLVED, TOO_FEW, UNCLEAR

ALL = "all"  # the view of the line that the others add up to
ROUND_OFF = "(round-off)"  # what the sums of a backward pass in float32 leave between the parts and the error
MORE, LESS = "more error", "less error"


@dataclass(frozen=True, repr=False)
class DifferenceRow(Record):
    """How much more some parts contribute to the error of `model` than their like to that of `reference`.

    `by` is the view, `module`, `kind` or `stage`, whose lines add up to the whole (`all`, of no layer). `value` and
    `reference_value` are mean contributions, signed and in the unit of the error, over `images` of both; `difference`
    is the one less the other with its 95 % interval, and `share` what it is of the whole difference, None where that is
    not clear. `own_share` is how much more of its own network's error the line is, in the model than in the reference:
    for networks of very different error. `floor` is how far round-off may move the difference, `p` for a difference of
    0, `p_corrected` by Holm over all lines of one view; None for what is exactly 0, and for round-off.
    """

    layer: str
    symmetry: str
    by: str
    kind: str
    measure: str
    output: str
    unit: str
    model: str
    reference: str
    value: float
    reference_value: float
    difference: float
    difference_low: float | None
    difference_high: float | None
    difference_remark: str
    share: float | None
    share_low: float | None
    share_high: float | None
    own_share: float | None
    own_share_low: float | None
    own_share_high: float | None
    floor: float | None
    images: int
    p: float | None
    p_corrected: float | None = None
    verdict: str = ""

    @property
    def whole(self) -> bool:
        return self.by == ALL

    @property
    def clear(self) -> bool:
        """Whether the difference clearly is above or below 0."""
        return self.verdict in (MORE, LESS)


def verdict_on(found: PairedDifference, resolved: bool, images: int, p_corrected: float | None) -> str:
    """Whether a difference is clearly above or below 0: its interval is, and by the corrected p value it still is.

    `none` for an exact zero, `not resolved` below the floors of both networks, `unclear` where it may be either.

    >>> from symmeter.results.intervals import Interval
    >>> more = PairedDifference(2.0, Interval(1.0, 3.0), p=0.001)
    >>> [verdict_on(more, *given) for given in ((True, 16, 0.01), (True, 16, 0.2), (False, 16, 0.01), (True, 4, 0.01))]
    ['more error', 'unclear', 'not resolved', 'too few']
    """
    low, high = found.interval.ends
    if found.value == 0:
        return NONE
    if not resolved:
        return NOT_RESOLVED
    if images < FEWEST_IMAGES:
        return TOO_FEW
    if p_corrected is None or p_corrected >= 1 - CONFIDENCE or low <= 0 <= high:
        return UNCLEAR
    return MORE if low > 0 else LESS
