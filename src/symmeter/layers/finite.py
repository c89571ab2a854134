"""Contributions of modules to the error under elements of a group, without derivatives.

A network is run on x, and at the boundaries of its modules, one after the other, what arrives is exchanged for what
crosses there when the input is g x, moved back:

    h -> rho_h(g)^-1 h(g x).

P_0 = f(x) is the output before the first exchange, P_J = rho_out(g)^-1 f(g x) that after the last. A module without
others inside changes the output by v_m = P_out(m) - P_in(m), where its own inputs are exchanged already: 0 exactly
where m(rho_in(g) h) = rho_out(g) m(h), whatever the layers before it do. What arrives changed at the entrance of
a module comes of the forward of the one around it, its glue. The sum of all is the error E = P_J - P_0, and

    c_m = <v_m, E> / dim

sums to the mean square of E. Along a curve exp(tX) v_m / t goes to df_after(L_X m), and so the contributions are
those of the attribution along generators.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from symmeter.layers.blame import Amounts
from symmeter.layers.contributions import Contributions
from symmeter.layers.fitted import Fitted, Setting, differs
from symmeter.layers.patches import Exchanged, Recorded
from symmeter.layers.tree import Tree, grow, name_of
from symmeter.layers.walk import Call, Slot
from symmeter.symmetry.groups.group import Element

Boundary = tuple[str, int, bool]  # layer, number of the call, and whether it is the way out


@dataclass
class _Steps:
    """At which boundaries, in their order, the output changes, and what it then is: (B, ...) each."""

    order: list[Boundary] = field(default_factory=list)  # all boundaries
    outputs: dict[Boundary, Tensor] = field(default_factory=dict)

    def along(self, first: Tensor, last: Tensor) -> dict[Boundary, Tensor]:
        """The output behind every boundary, and behind the end of the root."""
        found, here = {}, first
        for boundary in self.order:
            here = found[boundary] = self.outputs.get(boundary, here)
        return {**found, ("", 0, False): first, ("", 0, True): last}


class FiniteAttribution:
    """Attributes the error of a network under some elements to the calls of its modules.

    How they act on what is inside is found on a first batch x (B, ...), by the last of them.
    """

    def __init__(self, setting: Setting, x: Tensor, elements: Sequence[Element]):
        self._setting, self._elements = setting, elements
        self.fitted = Fitted(setting, x, elements[-1:])
        ends = {tap.slot for tap in self.fitted.calls[0].taps}
        self.tree: Tree = grow(self.fitted.calls, set(self.fitted.rho) | ends)
        self._blamed: list[dict[Boundary, np.ndarray]] = []  # by batch; see `blame`

    def __call__(self, x: Tensor) -> tuple[Contributions, Tensor]:
        """Contributions, and norms, of samples x (B, ...): means over the elements; and the errors (E, B, ...)."""
        still = Recorded(self._setting.model, self._setting.function, x).output
        self._blamed.append({})
        found, norms, errors = [], [], []
        for element in self._elements:
            changes = self._changes(x, still, element)
            error = changes[0]
            products = (changes * error).flatten(2).double().mean(-1)
            found.append(products)
            norms.append(changes.flatten(2).double().square().sum(-1))
            errors.append(error)
        values, squares = torch.stack(found).mean(0), torch.stack(norms).mean(0)
        return Contributions(values[None], squares[None], torch.zeros_like(squares)[None]), torch.stack(
            errors
        )

    def _changes(self, x: Tensor, still: Tensor, element: Element) -> Tensor:
        """v (parts, B, ...) of samples x (B, ...) under one element, the whole first; f(x) is `still` (B, ...)."""
        setting, back = self._setting, element.inverse()
        there = Recorded(setting.model, setting.function, setting.moved([element], x))
        arriving = {
            slot: self.fitted.rho[slot].act(back, value.data)[0]
            for slot, value in there.values.items()
            if slot in self.fitted.rho
        }
        steps = self._find_steps(x, arriving)
        last = setting.rho_out.act(back, there.output)[0]
        behind = steps.along(still, last)
        self._blame(behind, [*steps.outputs, ("", 0, True)], still, last)
        calls = []
        for layer, number in self.tree.index:
            calls.append(behind[layer, number, True] - behind[layer, number, False])
        return self.tree.contributions(torch.stack(calls).double())

    def _find_steps(self, x: Tensor, arriving: dict[Slot, Tensor]) -> _Steps:
        """A pass with everything exchanged says where something arrives changed; then a pass for each of these."""
        steps, changed = _Steps(), []
        place: dict[Boundary, int] = {}

        def met(call: Call, slot: Slot, tensor: Tensor) -> Tensor:
            boundary = (slot.layer, slot.call, slot.outgoing)
            if boundary not in place:
                place[boundary] = len(place)
            other = arriving.get(slot)
            if other is None or other.shape != tensor.shape:
                return tensor
            if differs(tensor, other) and boundary not in changed:
                changed.append(boundary)
            return other

        self._exchanged(x, met)
        steps.order = list(place)
        for boundary in changed:
            steps.outputs[boundary] = self._exchanged_up_to(x, arriving, place, boundary)
        return steps

    def _exchanged_up_to(
        self, x: Tensor, arriving: dict[Slot, Tensor], place: dict[Boundary, int], last: Boundary
    ) -> Tensor:
        def met(call: Call, slot: Slot, tensor: Tensor) -> Tensor:
            other = arriving.get(slot)
            late = place.get((slot.layer, slot.call, slot.outgoing), len(place)) > place[last]
            return tensor if late or other is None or other.shape != tensor.shape else other

        return self._exchanged(x, met)

    def _exchanged(self, x: Tensor, met) -> Tensor:
        return Exchanged(self._setting.model, self._setting.function, x, met).output

    def blame(self) -> list[Amounts]:
        """How much of the error of each sample came in at each place, in words; of every batch since the last time."""
        found, self._blamed = list(map(self._by_place, self._blamed)), []
        return found

    def _by_place(self, blamed: dict[Boundary, np.ndarray]) -> Amounts:
        """The same in words, one word for all calls of a module."""
        found: dict[str, np.ndarray] = {}
        for boundary, amounts in blamed.items():
            place = self.place(boundary)
            found[place] = found.get(place, 0.0) + amounts
        return found

    def place(self, boundary: Boundary) -> str:
        """Where that is, in words: a module, or what its surroundings do before they call it."""
        layer, number, outgoing = boundary
        call = next((one for one in self.fitted.calls if (one.layer, one.number) == (layer, number)), None)
        if call is None or call.parent is None:
            return "what comes after the last module"
        name = name_of(call)
        inside = any(other.parent is call for other in self.fitted.calls)
        if outgoing:
            return f"what {name} does after its last module" if inside else name
        around = name_of(call.parent)
        return f"what {around or 'the network'} does before {name}"

    def _blame(
        self, behind: dict[Boundary, Tensor], where: Sequence[Boundary], first: Tensor, last: Tensor
    ) -> None:
        """Take down how much of the mean squared error of each sample comes in at each boundary."""
        error, before, blamed = last - first, first, self._blamed[-1]
        for boundary in where:
            here = behind[boundary]
            products = (here - before).double() * error.double()
            amounts = products.flatten(1).mean(1).cpu().numpy() / len(self._elements)
            blamed[boundary] = blamed.get(boundary, 0.0) + amounts
            before = here
