"""One row of a cure: what a remedy was expected to do to an error, and what it did."""

from dataclasses import dataclass

from symmeter.results.row import Record

SMALLER, LARGER, UNCLEAR, FAILED = "smaller error", "larger error", "no clear difference", "not tried"


@dataclass(frozen=True, repr=False)
class CureRow(Record):
    """A remedy under one generator or group, on the same samples as the network without it.

    `recalibrated` says that batch norm has new statistics, `finetuned` that the network was trained on.
    `ratio` is the mean error with the remedy over that without, with its 95 % interval over samples; `predicted` is
    what was expected of it. `stability` is the geometric mean of error over control, sample by sample, and
    `stability_ratio` how many times it is that of before. `consistency` is the share of decisions that the symmetry
    leaves. `accuracy_change` has its paired interval. `passes` is how many times as long a forward pass takes, and
    `operations` how many times as many operations it is. `failed` says why nothing was measured.
    """

    remedy: str
    where: str
    symmetry: str
    measure: str
    output: str
    recalibrated: bool
    finetuned: bool
    error_before: float
    error: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    predicted: float | None = None
    predicted_low: float | None = None
    predicted_high: float | None = None
    stability_before: float | None = None
    stability: float | None = None
    stability_ratio: float | None = None
    stability_ratio_low: float | None = None
    stability_ratio_high: float | None = None
    consistency_before: float | None = None
    consistency: float | None = None
    accuracy_before: float | None = None
    accuracy: float | None = None
    accuracy_change: float | None = None
    accuracy_change_low: float | None = None
    accuracy_change_high: float | None = None
    operations: float | None = None
    passes: float | None = None
    n: int = 0
    verdict: str = FAILED
    failed: str = ""
    recipe: int = 0

    @property
    def whole(self) -> bool:
        return False

    @property
    def better(self) -> bool:
        """Whether the error is clearly smaller."""
        return self.verdict == SMALLER

    @property
    def worse(self) -> bool:
        """Whether it is clearly larger, or the network clearly less stable."""
        low = self.stability_ratio_low
        return self.verdict == LARGER or (low is not None and low > 1)

    @property
    def costs_accuracy(self) -> bool:
        """Whether the accuracy is clearly lower."""
        return self.accuracy_change_high is not None and self.accuracy_change_high < 0
