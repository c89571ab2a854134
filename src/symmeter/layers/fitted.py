"""How a symmetry acts on the tensors inside of a network, from what it does to them.

Where axes cannot be followed, as through the messages of a graph network, a hidden tensor has the representation,
of those that fit its shape, under which what made it is symmetric. Every module is asked for itself: its inputs
are those of g x, moved back, so a layer that breaks the symmetry leaves those behind it what they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from symmeter.domain import Domain
from symmeter.layers.layouts import Layouts
from symmeter.layers.patches import Exchanged, Function, Recorded
from symmeter.layers.walk import Call, Slot, Value
from symmeter.symmetry.groups.group import Element
from symmeter.symmetry.representations.representation import Representation

ROUND_OFF = 256  # units of round-off: values that differ by less are the same
_AS_GOOD = (
    1.5  # a plainer representation is preferred where its error is no more than so many times the least
)


@dataclass(frozen=True)
class Setting:
    """A network as a function, the symmetry of its ends, and what is known of its inside."""

    model: nn.Module
    function: Function
    rho_in: Representation
    rho_out: Representation
    domain: Domain
    layouts: Layouts

    def moved(self, elements: Sequence[Element], x: Tensor) -> Tensor:
        """x (B, ...), moved by one element after the other."""
        return _acted(self.rho_in, elements, x)


class Fitted:
    """Representations by slot, found on inputs x (B, ...) that some elements move one after the other.

    What does not depend on the inputs, such as an embedding of positions, is the same for all of them and might be a
    field of the points all the same: it is where that leaves fewer boundaries unexplained.
    """

    def __init__(self, setting: Setting, x: Tensor, elements: Sequence[Element], *, by_sample: bool = False):
        """`by_sample`: tensors whose first axis cannot be divided among the samples are not known."""
        self._setting, self._x, self._by_sample = setting, x, by_sample
        self._elements = tuple(elements)
        self._there = Recorded(setting.model, setting.function, setting.moved(elements, x))
        self._here = Recorded(setting.model, setting.function, x)
        self.calls = self._here.calls
        self._told: dict[int, Representation] = {}
        self._promised: dict[int, str] = {}
        self._find_known()
        plain, unexplained = self._pass(constants_move=False)
        self.rho = plain
        if unexplained:
            moving, left = self._pass(constants_move=True)
            self.rho = moving if left < unexplained else plain

    def _find_known(self) -> None:
        """Take down what the user or a module says of tensors, by their number, and how the ends are moved."""
        domain, layouts = self._setting.domain, self._setting.layouts
        for call in self._there.calls[1:]:
            for tap in call.taps:
                value, slot = tap.value, tap.slot
                said = layouts.representation(call.layer, call.module, slot.outgoing, value.data)
                if said is not None:
                    self._told[id(value)] = said
                word = domain.promise(call.module, slot.outgoing, slot.index) if call.module else None
                if word is not None:
                    self._promised[id(value)] = word
        for tap in self._there.root.outputs:
            self._told[id(tap.value)] = self._setting.rho_out

    def _pass(self, constants_move: bool) -> tuple[dict[Slot, Representation], int]:
        """Representations by slot, and at how many boundaries the network deviates from them."""
        chosen: dict[int, Representation] = dict(self._told)
        found: dict[Slot, Representation] = {}
        unexplained: set[tuple[str, int, bool]] = set()

        def exchange(call: Call, slot: Slot, tensor: Tensor) -> Tensor:
            value = self._there.values.get(slot)
            if value is None or value.data.shape != tensor.shape:
                return tensor
            constant = self._is_constant(slot, value)
            if self._by_sample and not constant and tensor.ndim and len(tensor) % len(self._x):
                return tensor
            if id(value) not in chosen:
                before = list(chosen.values())
                rho = self._choice(tensor, value, before, constant and constants_move)
                if rho is None:
                    return tensor
                chosen[id(value)] = rho
            rho = found[slot] = chosen[id(value)]
            back = _acted_back(rho, self._elements, value.data)
            if not constant and differs(tensor, back):
                unexplained.add((slot.layer, slot.call, slot.outgoing))
            return back

        Exchanged(self._setting.model, self._setting.function, self._x, exchange)
        return found, len(unexplained)

    def _is_constant(self, slot: Slot, value: Value) -> bool:
        here = self._here.values.get(slot)
        return here is not None and value.data.is_floating_point() and torch.equal(here.data, value.data)

    def _choice(
        self, tensor: Tensor, value: Value, before: Sequence[Representation], moves: bool
    ) -> Representation | None:
        """The representation of a value that arrives as `tensor` (...) where all before it is symmetric.

        Where none makes it so, that of a tensor `before` it which moves, the last that fits: that nothing moves any
        more would make all that follows symmetric.
        """
        promised = self._promised.get(id(value))
        words = [promised] if promised else list(dict.fromkeys(self._promised.values()))
        possible = self._setting.domain.hidden(self._elements, tensor, len(self._x), words, bool(promised))
        if moves:  # to say that it does not move is always right
            possible = possible[1:]
        if not possible:
            return None
        if len(possible) == 1:
            return possible[0]
        errors = [_distance(tensor, _acted_back(rho, self._elements, value.data)) for rho in possible]
        exact, least = _tolerance(tensor) * _size(tensor), min(errors)
        if least > exact:
            kept = next((rho for rho in reversed(before) if rho in possible[1:]), None)
            if kept is not None:
                return kept
        enough = _AS_GOOD * least + exact
        return next(rho for rho, error in zip(possible, errors, strict=True) if error <= enough)


def _acted(rho: Representation, elements: Sequence[Element], x: Tensor) -> Tensor:
    for element in elements:
        x = rho.act(element, x)[0]
    return x


def _acted_back(rho: Representation, elements: Sequence[Element], x: Tensor) -> Tensor:
    """x of any shape as it was before the elements moved it."""
    return _acted(rho, [element.inverse() for element in reversed(elements)], x)


def differs(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors of one shape are further apart than round-off."""
    if not a.is_floating_point():
        return not torch.equal(a, b)
    return _distance(a, b) > _tolerance(a) * max(_size(a), _size(b))


def _tolerance(a: Tensor) -> float:
    return ROUND_OFF * torch.finfo(a.dtype).eps if a.is_floating_point() else 0.0


def _distance(a: Tensor, b: Tensor) -> float:
    return float((a.detach().double() - b.detach().double()).norm())


def _size(a: Tensor) -> float:
    return float(a.detach().double().norm())
