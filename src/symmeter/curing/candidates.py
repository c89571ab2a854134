"""Which remedies are tried, at which layers: where they are expected to lower an error, or where nothing is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from symmeter.curing.listing import parse_remedies
from symmeter.curing.prediction import Predicted, of_layers
from symmeter.curing.recipe import Recipe, Step
from symmeter.curing.remedy import NetworkRemedy, Purpose, Remedy

_WORTH = 0.01  # of an error: what a remedy takes away at a layer that is worth a change


@dataclass(frozen=True)
class Known:
    """What a diagnosis found along generators, of n samples, all (generators, n).

    LEE, what of it passes through layers by their names, and what would with a remedy there, by its text and the layer.
    """

    names: tuple[str, ...] = ()
    lee: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    passing: Mapping[str, np.ndarray] = field(default_factory=dict)
    kept: Mapping[str, Mapping[str, np.ndarray]] = field(default_factory=dict)

    def of_step(self, step: Step, symmetry: str) -> Predicted:
        """What becomes of the error along a generator of this name."""
        if symmetry not in self.names or step.remedy not in self.kept:
            return Predicted()
        t = self.names.index(symmetry)
        return of_layers(self.lee[t], self.passing, self.kept[step.remedy], step.places, t)

    def of_place(self, remedy: str, place: str) -> list[float]:
        """What becomes of the error along each generator where a remedy is at one layer alone, as far as known."""
        found = [self.of_step(Step(remedy, (place,)), name).ratio for name in self.names]
        return [ratio for ratio in found if ratio is not None]


@dataclass(frozen=True)
class Candidate:
    """A recipe to try, with what is expected of it under each symmetry.

    `recalibrated`: with new statistics of batch norm; `finetuned`: trained on.
    """

    recipe: Recipe
    predicted: Mapping[str, Predicted]
    recalibrated: bool = False
    finetuned: bool = False

    @property
    def changes_layers(self) -> bool:
        """Whether a part of the network is another one, and not only how it is called."""
        remedies = [one for step in self.recipe.steps for one in parse_remedies(step.remedy)]
        return any(not isinstance(remedy, NetworkRemedy) for remedy in remedies)


def candidates(
    remedies: Sequence[Remedy], model: nn.Module, purpose: Purpose, known: Known
) -> list[Candidate]:
    """One for each remedy at all of its layers that are worth it, and one at the layer where it does most."""
    found = []
    for remedy in remedies:
        for step in _steps(remedy, model, known):
            found.append(Candidate(Recipe((step,)), expectations(remedy, step, purpose, known)))
    return found


def nothing(purpose: Purpose) -> Candidate:
    """The network as it is, to be recalibrated or trained on alone."""
    return Candidate(Recipe(()), dict.fromkeys(purpose.names, Predicted()))


def expectations(remedy: Remedy, step: Step, purpose: Purpose, known: Known) -> dict[str, Predicted]:
    """What a remedy is expected to do under every generator and group."""
    if not isinstance(remedy, NetworkRemedy):
        return {name: known.of_step(step, name) for name in purpose.names}
    expected = {name: remedy.expected(purpose, name) for name in purpose.names}
    return {name: Predicted(one.ratio, one.low, one.high) for name, one in expected.items()}


def combined(chosen: Sequence[Candidate]) -> Candidate:
    """Several, one after the other; what is expected of each is expected of what those before it left."""
    steps = [step for candidate in chosen for step in candidate.recipe.steps]
    names = chosen[0].predicted
    return Candidate(
        Recipe(tuple(steps)),
        {name: _product([one.predicted[name] for one in chosen]) for name in names},
        any(one.recalibrated for one in chosen),
    )


def _product(parts: Sequence[Predicted]) -> Predicted:
    columns = [[one.ratio for one in parts], [one.low for one in parts], [one.high for one in parts]]
    return Predicted(*(None if None in column else float(np.prod(column)) for column in columns))  # type: ignore[arg-type]


def _steps(remedy: Remedy, model: nn.Module, known: Known) -> list[Step]:
    places = remedy.places(model)
    if str(remedy) not in known.kept:
        return [Step(str(remedy), tuple(places))] if places else []
    alone = {place: known.of_place(str(remedy), place) for place in places}
    ratios = {place: float(np.mean(found)) for place, found in alone.items() if found}
    worth = [place for place, ratio in ratios.items() if ratio < 1 - _WORTH]
    best = [min(ratios, key=ratios.__getitem__)] if ratios else []
    return [Step(str(remedy), tuple(step)) for step in dict.fromkeys(map(tuple, (worth, best))) if step]
