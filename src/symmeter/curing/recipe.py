"""Which remedies a network gets, at which of its layers: what can be written down, and done again elsewhere."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from symmeter.curing.listing import parse_remedies
from symmeter.curing.remedy import WHOLE, Purpose
from symmeter.errors import SymmeterError, shortened

_NOTHING: Mapping[str, Tensor] = {}


@dataclass(frozen=True)
class Step:
    """One remedy, by its text, and the parts of the network it is for."""

    remedy: str
    places: tuple[str, ...]

    @property
    def where(self) -> str:
        """The parts in a few words; nothing for the whole network."""
        return "" if self.places == (WHOLE,) else shortened(self.places, 2)


@dataclass(frozen=True)
class Recipe:
    """Remedies in the order in which they are applied.

    >>> from symmeter.symmetry.hypothesis import Symmetry
    >>> recipe, purpose = Recipe((Step("blur", ("0",)),)), Purpose(Symmetry("translation"), "images")
    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3, stride=2))
    >>> type(recipe.apply(net, purpose)[0]).__name__, type(net[0]).__name__
    ('Sequential', 'Conv2d')
    """

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return " + ".join(step.remedy for step in self.steps) or "no remedy"

    @property
    def where(self) -> str:
        """The parts of all steps, in a few words."""
        return "; ".join(step.where for step in self.steps if step.where)

    def apply(self, model: nn.Module, purpose: Purpose, seen: Mapping[str, Tensor] = _NOTHING) -> nn.Module:
        """A copy of the network with the remedies, in its mode; see `Remedy.apply` for `seen`.

        SymmeterError for parts that the network does not have, and for one that cannot be copied.
        """
        try:
            made = copy.deepcopy(model)
        except (RuntimeError, TypeError) as error:
            raise SymmeterError(f"the network cannot be copied: {error}") from error
        for step in self.steps:
            (remedy,) = parse_remedies(step.remedy)
            try:
                made = remedy.apply(made, step.places, seen, purpose)
            except AttributeError as error:
                raise SymmeterError(
                    f"the network has no part {shortened(step.places, 3)} for {step.remedy}"
                ) from error
        return made.train(model.training)

    def to_dict(self) -> list[dict[str, object]]:
        """The form that JSON has."""
        return [{"remedy": step.remedy, "places": list(step.places)} for step in self.steps]

    @classmethod
    def of_dict(cls, steps: Sequence[Mapping[str, object]]) -> "Recipe":
        """From that form; SymmeterError for anything else."""
        found = []
        for step in steps:
            remedy, places = step.get("remedy"), step.get("places")
            if not isinstance(remedy, str) or not isinstance(places, list):
                raise SymmeterError("a recipe is a list of steps, each with a remedy and its places")
            found.append(Step(remedy, tuple(map(str, places))))
        return cls(tuple(found))
