"""One row of what becomes of a model on corrupted data."""

from dataclasses import dataclass

from symmeter.results.numbers import ratio, times
from symmeter.results.row import Row

CLEAN = "clean"


@dataclass(frozen=True, repr=False)
class RobustnessRow(Row):
    """One estimate on data of one corruption at one strength, 0 for clean data.

    `value_ratio`, `stability_ratio` and `specificity_ratio` are how many times those of clean data the error, the
    stability and the specificity are, image by image, with 95 % intervals; `value_change` and so on are verdicts on
    them, corrected for the number of rows. `accuracy` and `confidence`, the mean of the largest probability, are over
    images, `accuracy_change` is the difference of accuracy to clean data, image by image.
    """

    corruption: str = CLEAN
    strength: int = 0
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    accuracy_change: float | None = None
    accuracy_change_low: float | None = None
    accuracy_change_high: float | None = None
    confidence: float | None = None
    confidence_low: float | None = None
    confidence_high: float | None = None
    value_ratio: float | None = None
    value_ratio_low: float | None = None
    value_ratio_high: float | None = None
    value_change: str = ""
    stability_ratio: float | None = None
    stability_ratio_low: float | None = None
    stability_ratio_high: float | None = None
    stability_change: str = ""
    specificity_ratio: float | None = None
    specificity_ratio_low: float | None = None
    specificity_ratio_high: float | None = None
    specificity_change: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is of clean data."""
        return self.strength == 0

    def words(self) -> dict[str, str]:
        """What a result shows of a row, below its corruption, with what became of it."""
        changes = {
            f"{name} / clean": times(
                self[f"{name}_ratio"], self[f"{name}_ratio_low"], self[f"{name}_ratio_high"]
            )
            for name in ("value", "stability", "specificity")
            if self[f"{name}_ratio"] is not None
        }
        shares = {
            name: ratio(self[name], self[f"{name}_low"], self[f"{name}_high"])
            for name in ("accuracy", "confidence")
            if self[name] is not None
        }
        place = {"corruption": self.corruption, "strength": str(self.strength)}
        return {**place, **super().words(), **changes, **shares}
