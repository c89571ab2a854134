"""What is known of samples of one kind in a run along generators, as frames with so many atoms are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

import torch
from torch import Tensor

from symmeter.autodiff.pushforward import Pushforward
from symmeter.autodiff.strategies import Strategy
from symmeter.measuring.floor import FirstSamples, differences, nudged
from symmeter.measuring.function import Function
from symmeter.measuring.targets import Target
from symmeter.symmetry.conjugate import deviation, stack
from symmeter.symmetry.groups.basis import Basis
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation


@dataclass(frozen=True)
class Kind:
    """The outputs of such samples, how they move, and how tangents are pushed through the network."""

    function: Function
    targets: list[Target]
    rho_out: Representation
    pushforward: Pushforward

    def differences(
        self,
        first: FirstSamples,
        rho_in: Representation,
        generators: Sequence[Generator],
        nudge: float | None,
    ) -> tuple[list[Tensor], list[Tensor], str]:
        """Derivatives of some first samples, how far they are off, both (T, b, ...), and how that was found.

        One of each per output. Round-off is drawn for all samples together, so that how many go through at once
        changes nothing.
        """
        f, draws = self.pushforward.f, count()
        basis = Basis.of(generators)
        x, y, pushed = first.joined()
        spared = basis.spares(x.dtype)
        pushed_along = basis.generators if spared else generators

        def deviating(y: Tensor, pushed: Tensor) -> Tensor:
            """(T, b, ...), with round-off in the output too: beside a large bias that of the input is lost."""
            pushed = basis.combined(pushed) if spared else pushed
            return deviation(pushed, self._rounded(y, next(draws)), generators, self.rho_out)

        def derivative(x: Tensor, strategy: Strategy) -> Tensor:
            move = lambda part: strategy(f, part, stack(rho_in.differentiate_all(pushed_along, part)))
            outputs, responses = zip(*map(move, x.split(self.pushforward.chunk)), strict=True)
            return deviating(torch.cat(outputs), torch.cat(responses, 1))

        here = deviating(y, pushed).double()
        split = partial(by_output, self.rho_out)
        off, method = differences(derivative, here, x, self.pushforward.strategy, nudge, split)
        return split(here[:, : off.shape[1]]), split(off), method

    def _rounded(self, y: Tensor, seed: int) -> Tensor:
        """Outputs y (b, ...), each moved by a unit of round-off of its own size."""
        if not isinstance(self.rho_out, Packed):
            return nudged(y, seed)
        return self.rho_out.joined([nudged(part, seed) for part in self.rho_out.parts(y)])


def by_output(rho_out: Representation, values: Tensor) -> list[Tensor]:
    """Values (..., entries) on which a direct sum acts as one tensor for each of its members."""
    return rho_out.parts(values) if isinstance(rho_out, Packed) else [values]


def by_differences(dropped: Mapping[str, str]) -> str:
    """What is said where differences were taken, from the reasons why other strategies, by name, were not.

    >>> by_differences({"forward": "no rule for sort", "backward": "no rule for sort"})
    'measured by central differences, for the model has no derivative that could be used (forward, backward: no rule for sort)'
    """  # noqa: E501
    names: dict[str, list[str]] = {}
    for name, reason in dropped.items():
        names.setdefault(reason, []).append(name)
    why = "; ".join(f"{', '.join(those)}: {reason}" for reason, those in names.items()) or "it is quantised"
    return f"measured by central differences, for the model has no derivative that could be used ({why})"
