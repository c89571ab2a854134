"""What callbacks of trainings share: when a network is measured, on what, and what becomes of the numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from symmeter.errors import SymmeterError, SymmeterWarning, first_line
from symmeter.integrations.names import names_of
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.measure import measure, named_options
from symmeter.measuring.plan import Given, check_measures, read_words
from symmeter.models.borrowed import borrowed
from symmeter.results.intervals import ends_of
from symmeter.results.result import Result
from symmeter.verbs.arguments import Kinds, choice, whole, word
from symmeter.verbs.warned import recorded, repeat, told_apart, warn

PREFIX = "symmetry/"
WARN, RAISE = "warn", "raise"
# Of the arguments of callbacks; `on_error` says what an error of a measurement does to the training.
ARGUMENTS_OF_CALLBACKS: Kinds = {
    **ARGUMENTS,
    "data": ARGUMENTS["data"].or_none("for those of the training"),
    "every_n_epochs": whole(1),
    "on_error": choice("on_error", (WARN, RAISE)),
    "network": word.or_none("for the whole model"),
}
_OF_MEASURE = frozenset(signature(measure).parameters)


@dataclass
class Monitor:
    """Measures a network in the course of its training; `results` are all that it has found, by epoch from 1 on.

    `settings` are arguments of `symmeter.measure`. Notes of the measurements are warnings, each said once.
    """

    data: object
    settings: Mapping[str, Any]
    every_n_epochs: int = 1
    on_error: str = WARN
    results: dict[int, Result] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def __post_init__(self):
        """SymmeterError, in one line, for settings that mean nothing: now, and not at the end of the first epoch."""
        known = {name: value for name, value in self.settings.items() if name in ARGUMENTS}
        options = {name: value for name, value in self.settings.items() if name not in _OF_MEASURE}
        self.settings = dict(self.settings) | {
            name: ARGUMENTS[name].check(name, v) for name, v in known.items()
        }
        options = named_options(known.get("definition", "bandlimited"), known.get("preprocessing")) | options
        given = Given(self.data, known.get("domain"), known.get("inputs"), options=options)
        kind, symmetry = read_words(given, known["symmetry"], known["output"])
        check_measures(known.get("measure"), symmetry, kind.usual_measures(known["output"]))

    def due(self, epoch: int) -> bool:
        """Whether it is time at the end of this epoch, of 1, 2, ..."""
        return epoch % self.every_n_epochs == 0

    def values(self, epoch: int, model: object, data: object = None) -> dict[str, float]:
        """Value, ends of its interval and stability of every symmetry by name (see `scalars`).

        The network is measured as it is now and given back as it was. Nothing where the measurement failed, which is a
        warning, or an error for `on_error="raise"`: then SymmeterError, or what else went wrong.
        """
        try:
            with recorded() as found, borrowed(model, self.settings.get("seed", 0)):
                result = measure(model, self.data if data is None else data, progress=False, **self.settings)
        except Exception as error:
            if self.on_error == RAISE:
                raise
            self._say(f"epoch {epoch}: no symmetry was measured: {_words(error)}")
            return {}
        notes, others = told_apart(found)
        for note in notes:
            self._say(note)
        repeat(others)
        self.results[epoch] = result
        return scalars(result)

    def _say(self, note: str) -> None:
        if note not in self._said:
            self._said.add(note)
            warn(note)


def scalars(result: Result) -> dict[str, float]:
    """The numbers of a result under flat names: `symmetry/rotation`, and the same with `_low`, `_high`, `_stability`.

    An end of an interval that the values do not set is infinite; what there is none of is left out.

    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2)).eval()
    >>> list(scalars(measure(net, torch.rand(9, 3, 8, 8), "hue")))
    ['symmetry/hue', 'symmetry/hue_low', 'symmetry/hue_high', 'symmetry/hue_stability']
    """
    names = names_of([(row.output, row.measure, row.symmetry) for row in result.rows])
    found: dict[str, float] = {}
    for name, row in zip(names, result.rows, strict=True):
        numbers = {"": row.value}
        ends = ends_of(row.interval_low, row.interval_high)
        if ends is not None:
            numbers |= {"_low": ends[0], "_high": ends[1]}
        if row.stability is not None:
            numbers["_stability"] = row.stability
        found |= {f"{PREFIX}{name}{ending}": number for ending, number in numbers.items()}
    return found


def _words(error: Exception) -> str:
    known = isinstance(error, SymmeterError | SymmeterWarning)
    return first_line(error) if known else f"{type(error).__name__}: {first_line(error)}"
