"""Measures of sets of boxes, and of keypoints."""

from abc import abstractmethod
from collections import Counter

import torch
from torch import Tensor

from symmeter.domains.images.placed.matching import Matched, matched
from symmeter.domains.images.placed.rows import CENTRE, PRESENT, reach_of
from symmeter.errors import counted, shortened
from symmeter.measures.measure import Average, OrbitMeasure, Pool, Reducer
from symmeter.measures.orbit import Chunk, View
from symmeter.measures.quantity import Quantity

BOXES, KEYPOINTS = "boxes", "keypoints"


class PerThing(OrbitMeasure):
    """A mean over things, of all elements and images together: of images with many there is more to say."""

    direction = "lower = more symmetric"

    @abstractmethod
    def parts(self, view: View) -> tuple[Tensor, Tensor]:
        """(b,) float64 each: the sum over the things of an image, and how many they are."""

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Sums(self)


class _Sums(Reducer):
    """Sums over elements other than the identity, and how many things they are of."""

    def __init__(self, measure: PerThing):
        self._measure = measure
        self._sum = self._count = torch.zeros(())
        self._weight = 0.0

    def add(self, view: View) -> Tensor | None:
        if view.still:
            return None
        total, count = self._measure.parts(view)
        self._sum, self._count = self._sum + view.weight * total, self._count + view.weight * count
        self._weight += view.weight
        return total

    def columns(self) -> dict[str, Tensor]:
        weight = self._weight or 1.0
        return {"error": self._sum / weight, "scale": self._count / weight}


class BoxError(PerThing):
    """1 - IoU, the mean over the boxes of f(x) and f(g x) that are matched."""

    name, of_kind = "box_error", BOXES
    description = "1 - IoU of matched boxes; needs output=boxes"

    def parts(self, view: View) -> tuple[Tensor, Tensor]:
        found = matched(view)
        return found.pairs - found.overlap, found.pairs

    def pool(self) -> Pool:
        return _Pairs()

    def unit(self, quantity: Quantity) -> str:
        return "1 - IoU"


class ScoreChange(PerThing):
    """|s' - s| of the scores of matched boxes, the mean over them."""

    name, of_kind = "score_change", BOXES
    description = "change of the score of matched boxes; needs output=boxes"

    def parts(self, view: View) -> tuple[Tensor, Tensor]:
        found = matched(view)
        return found.change, found.pairs

    def unit(self, quantity: Quantity) -> str:
        return "score"


class Unmatched(PerThing):
    """The share of boxes, of f(x) and of f(g x) together, that have no partner."""

    name, of_kind, share = "unmatched", BOXES, True
    description = "share of boxes without a partner; needs output=boxes"

    def parts(self, view: View) -> tuple[Tensor, Tensor]:
        found = matched(view)
        return found.boxes - 2 * found.pairs, found.boxes

    def pool(self) -> Pool:
        return _Empty()

    def unit(self, quantity: Quantity) -> str:
        return "share of boxes"


class _Empty(Pool):
    """Counts images without any box: they say nothing, and the reader must know."""

    def __init__(self) -> None:
        self._images = self._without = 0

    def add(self, view: View) -> None:
        """Nothing is kept of single elements."""

    def close(self, chunk: Chunk, keep: Tensor) -> None:
        without = ~(chunk.reference[..., PRESENT] > 0.5).any(1)
        self._images += int(keep.sum())
        self._without += int((without & keep).sum())

    def notes(self, quantity: Quantity) -> list[str]:
        of = counted(self._images, "image")
        rest = (
            "nothing can be said: lower min_score"
            if self._without == self._images
            else "they count where g x has"
        )
        return [f"no box in {self._without} of {of} at a score of min_score or more; {rest}"] * bool(
            self._without
        )


class _Pairs(Pool):
    """Counts pairs by element: where there are none there is no error, and the reader must know why."""

    def __init__(self) -> None:
        self._pairs: Counter[str] = Counter()

    def add(self, view: View) -> None:
        if not view.still:
            self._pairs[view.element.name] += int(matched(view).pairs.sum())

    def notes(self, quantity: Quantity) -> list[str]:
        without = [name for name, count in self._pairs.items() if not count]
        whole = len(without) == len(self._pairs)
        rest = "have no value" if whole else "are of the other elements"
        said = f"no box has a partner under {shortened(without)}: box_error and score_change {rest}, read unmatched"
        return [said] * bool(without)


class SetError(Average):
    """1 - 2 (sum of IoU of matched boxes) / (boxes of both sides): 0 where all agree, 1 where none is matched.

    An image without boxes on either side counts 0. Source: the quality of panoptic segmentation, of Kirillov et al.
    2019, subtracted from 1.
    """

    name, of_kind = "set_error", BOXES
    direction = "lower = more symmetric"
    description = "1 - IoU of boxes, 1 for each without a partner; needs output=boxes"

    def error(self, view: View) -> Tensor:
        found: Matched = matched(view)
        return torch.where(found.boxes > 0, 1 - 2 * found.overlap / found.boxes.clamp(min=1), 0.0)

    def unit(self, quantity: Quantity) -> str:
        return "1 - IoU"


class KeypointError(Average):
    """The distance of the keypoints of f(g x) from those of g f(x), the mean over those that g leaves in the frame."""

    name, of_kind = "keypoint_error", KEYPOINTS
    direction = "lower = more symmetric"
    description = "distance of keypoints; needs output=keypoints(swap=...)"

    def error(self, view: View) -> Tensor:
        expected, found = view.moved[0][:, 1:, CENTRE].double(), view.y[:, 1:, CENTRE].double()
        inside = (expected.abs() <= reach_of(view.y)).all(-1)
        distances = (found - expected).norm(dim=-1)
        return (distances * inside).sum(1) / inside.sum(1).clamp(min=1)

    def unit(self, quantity: Quantity) -> str:
        return "pixel"


MEASURES: tuple[type[OrbitMeasure], ...] = (BoxError, ScoreChange, Unmatched, SetError, KeypointError)
USUAL = {BOXES: "box_error,score_change,unmatched", KEYPOINTS: "keypoint_error"}
ASSERTED = {
    BOXES: "set_error,unmatched,score_change",
    KEYPOINTS: "keypoint_error",
}  # all 0 where f(g x) = g f(x)
