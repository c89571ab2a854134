"""Measures of predicted classes: do they agree over the orbit?"""

import torch
from torch import Tensor
from torch.nn import functional

from symmeter.errors import SymmeterError
from symmeter.measures.measure import Average, OrbitMeasure, Reducer, need_classes, need_probabilities
from symmeter.measures.orbit import Chunk, View
from symmeter.measures.quantity import Quantity
from symmeter.measures.spread import PAIRED
from symmeter.symmetry.groups.group import ElementSet, equal_pairs


class _Agreement(OrbitMeasure):
    """A share of agreement: 1 - error."""

    direction = "higher = more symmetric; a constant network has 1"
    share = True

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        need_classes(self.name, quantity)

    def value(self, error: float) -> float:
        return 1 - error

    def slope(self, error: float) -> float:
        return -1.0


class Consistency(_Agreement):
    """The share of pairs of different elements (g, h) with the same most probable class for g x and h x.

    In a group without end these are pairs of independent elements: a random sample leaves out the pairs of an element
    with itself, a quadrature does not, for there the diagonal is a part of the integral. In a finite group an element
    that was drawn twice makes no pair, nor do elements of one coset that were drawn together.

    With shifts this is shift consistency: `shift(8)` in the circular form, `shift(8,crop)` in the form of crops.
    Source: Zhang 2019 (two random shifts of every image; here all pairs of the elements).
    """

    name = "consistency"
    description = "share of pairs of elements with the same predicted class (Zhang 2019)"
    different_pairs = True

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        super().check(quantity, elements)
        if equal_pairs(elements.elements) == elements.count**2:
            raise SymmeterError("consistency needs two different elements, and there is only one: draw more")

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Pairs(chunk)

    def unit(self, quantity: Quantity) -> str:
        return "share of pairs"


class _Pairs(Reducer):
    """Counts how often every class is predicted: with n_c equal ones, all pairs but n_c^2 of a class disagree.

    Of blocks of elements that were drawn together, the pairs inside are counted in the same way and taken away.
    """

    def __init__(self, chunk: Chunk):
        self._chunk = chunk
        self._first = chunk.reference.argmax(1)
        self._votes = torch.zeros(chunk.reference.shape, dtype=torch.float64, device=chunk.reference.device)
        self._count = 0
        self._within = torch.zeros(len(chunk.reference), dtype=torch.float64, device=chunk.reference.device)
        self._open = torch.zeros_like(self._votes)  # votes of the block that is not complete yet
        self._predicted: list[Tensor] = []

    def add(self, view: View) -> Tensor | None:
        predicted = view.y.argmax(1)
        votes = view.weight * functional.one_hot(predicted, self._votes.shape[1]).double()
        self._votes += votes
        self._open += votes
        self._count += 1
        if self._count % self._chunk.block == 0:
            self._within += self._open.sum(1).square() - self._open.square().sum(1)
            self._open.zero_()
        if self._chunk.sampled and self._count <= PAIRED:
            self._predicted.append(predicted)
        return None if view.still else (predicted != self._first).double()

    def columns(self) -> dict[str, Tensor]:
        disagreeing = self._votes.sum(1).square() - self._votes.square().sum(1) - self._within
        left_out = self._chunk.equal_pairs if self._chunk.block == 1 else self._chunk.block * self._count
        return {"error": disagreeing / max(1, self._count**2 - left_out)}

    def pairs(self, keep: Tensor) -> Tensor | None:
        if not self._predicted:
            return None
        predicted = torch.stack(self._predicted)[:, keep]
        return torch.stack([(row != predicted).sum(1) for row in predicted]).double()


class SamePrediction(_Agreement, Average):
    """The share of the orbit with the most probable class of the image as it is (orbit same prediction)."""

    name = "same_prediction"
    description = "share of elements that leave the predicted class of x"

    def error(self, view: View) -> Tensor:
        return (view.y.argmax(1) != view.chunk.reference.argmax(1)).double()

    def unit(self, quantity: Quantity) -> str:
        return "share of elements"


class EffectiveInvariance(_Agreement, Average):
    """sqrt(p p') where the most probable classes of x and g x agree, 0 where not; p, p' their probabilities.

    Source: Deng et al. 2022. It is tied to confidence: a network that is unsure scores low however symmetric.
    """

    name = "effective_invariance"
    direction = "higher = more symmetric and more confident"
    description = "geometric mean confidence where predictions agree, else 0 (Deng et al. 2022)"
    tests_symmetry = False

    def check(self, quantity: Quantity, elements: ElementSet) -> None:
        need_classes(self.name, quantity)
        need_probabilities(self.name, quantity)

    def error(self, view: View) -> Tensor:
        p, own = view.chunk.reference.double().max(1)
        q, moved = view.y.double().max(1)
        return 1 - torch.where(own == moved, (p * q).sqrt(), 0.0)

    def unit(self, quantity: Quantity) -> str:
        return "probability"


class _Accuracy(_Agreement):
    """Accuracy over the orbit, of predictions against labels."""

    direction = "higher = better; not a measure of symmetry alone"
    tests_symmetry = False
    needs_labels = True

    def unit(self, quantity: Quantity) -> str:
        return "accuracy"


class MeanAccuracy(_Accuracy):
    """The mean over elements of the accuracy on g x; images without a label do not count."""

    name = "orbit_accuracy"
    description = "accuracy, mean over the orbit; needs labels"

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Hits(self.name, chunk, worst=False)


class WorstAccuracy(_Accuracy):
    """The share of images that are right under every element: accuracy against the worst transformation."""

    name = "worst_accuracy"
    description = "share of images that are right under every element; needs labels"

    def reducer(self, chunk: Chunk) -> Reducer:
        return _Hits(self.name, chunk, worst=True)


class _Hits(Reducer):
    """Whether predictions are wrong, as the mean over elements or the worst of them."""

    def __init__(self, name: str, chunk: Chunk, worst: bool):
        if chunk.labels is None or bool((chunk.labels < 0).any()):
            raise SymmeterError(
                f"{name} needs a label for every image; give (images, labels) or a labelled folder"
            )
        self._labels = chunk.labels.to(chunk.reference.device)
        self._worst, self._weight = worst, 0.0
        self._sum = torch.zeros(self._labels.shape, dtype=torch.float64, device=self._labels.device)
        self._largest = self._sum

    def add(self, view: View) -> Tensor | None:
        wrong = (view.y.argmax(1) != self._labels).double()
        self._sum = self._sum + view.weight * wrong
        self._largest = self._largest.maximum(wrong)
        self._weight += view.weight
        return wrong

    def columns(self) -> dict[str, Tensor]:
        return {"error": self._largest if self._worst else self._sum / self._weight}
