"""From the classes that data has to the outputs that a model has for them, where that can be known."""

import contextlib
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.classes import Classes, ClassOrder, order_of
from symmeter.domain import Domain
from symmeter.errors import SymmeterError


@dataclass(frozen=True)
class ClassNumbers:
    """What becomes of labels: `numbers` of a model's outputs by those of the data, None to leave them.

    `note` says why there are none that can be used, `order` whose order it is.
    """

    numbers: dict[int, int] | None = None
    order: str = ""
    note: str = ""

    def of(self, labels: Tensor | None) -> Tensor | None:
        """Labels (b,) as numbers of outputs, -1 where unknown; None for none."""
        if labels is None or self.note:
            return None
        if self.numbers is None:
            return labels
        return torch.tensor([self.numbers.get(int(label), -1) for label in labels], dtype=labels.dtype)

    def known(self, labels: Tensor | None) -> Tensor | None:
        """The same (b,); None where none of them is known."""
        found = self.of(labels)
        return None if found is None or bool((found < 0).all()) else found


AS_THEY_ARE = ClassNumbers()


def class_numbers(classes: Classes, domain: Domain, model: object, outputs: int | None) -> ClassNumbers:
    """How the classes of data are those of a model with so many `outputs`, None where it is no classifier.

    In this order: what the user says, the model's own names of classes, names that the kind of data knows, and, where
    there are as many classes as outputs, the order in which they stand in the data. Otherwise labels mean nothing.
    SymmeterError for what the user says and does not fit.
    """
    asked = domain.class_order
    if asked is not None:
        return _asked(order_of(asked), classes, outputs)
    if not classes.names or outputs is None:
        return AS_THEY_ARE
    own = own_order(model)
    for order in (own, domain.known_order(tuple(classes.names.values()), outputs)):
        if order is not None:
            with contextlib.suppress(SymmeterError):
                return _numbered(order, classes, outputs)
    if not classes.ordered:
        return AS_THEY_ARE
    if len(classes.names) == outputs:
        return ClassNumbers(order="the order of the classes in the data")
    way_out = f": {domain.where_order}" if domain.where_order else ""
    return ClassNumbers(
        note=f"no accuracy: the data has {classes.words()} and the model {outputs} outputs{way_out}"
    )


def _asked(order: ClassOrder, classes: Classes, outputs: int | None) -> ClassNumbers:
    """By the user's words."""
    if not classes.names:
        raise SymmeterError(
            f"{order.source}: this data has no names of classes, as folders have; leave it out"
        )
    if outputs is None:
        return AS_THEY_ARE
    return _numbered(order, classes, outputs)


def _numbered(order: ClassOrder, classes: Classes, outputs: int) -> ClassNumbers:
    """By an order that has them all; SymmeterError where it has not."""
    found = dict(zip(classes.names, order.numbers_of(classes.names.values()), strict=True))
    for key, number in found.items():
        if number >= outputs:
            name = classes.names[key]
            raise SymmeterError(
                f"{order.source}: {name!r} is number {number}, and the model has {outputs} outputs"
            )
    return ClassNumbers(found, order.source)


def own_order(model: object) -> ClassOrder | None:
    """The order that a model keeps of its classes, as those of transformers do; None where it has none."""
    known = getattr(getattr(model, "config", None), "id2label", None)
    with contextlib.suppress(SymmeterError):
        return order_of(known, "the model's id2label") if known else None
    return None
