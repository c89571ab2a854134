"""All candidates, one after the other: applied to a copy, measured, and put beside the network as it was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from symmeter.curing.candidates import Candidate, combined, nothing
from symmeter.curing.cost import operations_ratio, seconds_ratio
from symmeter.curing.cured import admissible, best, score
from symmeter.curing.finetuning import Finetuning, finetuned
from symmeter.curing.recalibration import has_statistics, recalibrated
from symmeter.curing.remedy import Purpose
from symmeter.curing.row import CureRow
from symmeter.curing.trial import Bench, Cost, Measured, blank, rows_of
from symmeter.errors import first_line
from symmeter.measuring.function import Function
from symmeter.measuring.plan import Given, Plan
from symmeter.models.borrowed import borrowed
from symmeter.progress import bar

_TIMED = 8  # samples of a forward pass that is timed


@dataclass(frozen=True)
class Task:
    """What is tried on: the network and its samples, and what is done after a remedy.

    `recalibrate`: where layers were changed, statistics of batch norm move by as much as that moves them.
    """

    plan: Plan
    given: Given
    purpose: Purpose
    seen: Mapping[str, Tensor]
    loss: float
    recalibrate: bool
    finetuning: Finetuning | None

    def made(self, candidate: Candidate) -> tuple[nn.Module, Mapping[str, float]]:
        """A copy of the network with a recipe, and how its training went."""
        model = candidate.recipe.apply(self.plan.model, self.purpose, self.seen)
        loaded, told = replace(self.plan.loaded, model=model), {}
        if candidate.recalibrated:
            settings = self.plan.settings
            beside = self.plan.model if candidate.recipe.steps else None
            recalibrated(
                loaded,
                self.given,
                self.purpose,
                settings.samples,
                seed=settings.seed,
                progress=False,
                beside=beside,
            )
        if candidate.finetuned:
            assert self.finetuning is not None
            told = finetuned(loaded, self.given, self.purpose, self.finetuning, self.plan.settings.progress)
        return model, told


@dataclass
class Trials:
    """What was tried so far; `tried` are the candidates by the number in their rows, `model` the best network."""

    bench: Bench
    task: Task
    before: Measured
    model: nn.Module
    tried: list[Candidate] = field(default_factory=list)
    rows: list[CureRow] = field(default_factory=list)
    training: dict[int, Mapping[str, float]] = field(default_factory=dict)
    interrupted: bool = False

    def run(self, candidates: Sequence[Candidate], progress: bool | None) -> None:
        """Try all; then together those that help at layers of their own, and trained on, if it was asked for.

        Ctrl-C ends it and keeps what is done.
        """
        candidates = self._with_statistics(candidates)
        with bar(progress, total=len(candidates), title="remedies", unit="remedy") as shown:
            try:
                for candidate in candidates:
                    self._try(candidate)
                    shown.update()
                for more in (self._together, self._to_train):
                    for candidate in more():
                        self._try(candidate)
            except KeyboardInterrupt:  # of a measurement, or between two of them
                self.interrupted = True

    @property
    def chosen(self) -> int | None:
        """The number of the best."""
        return best(self.rows, len(self.tried), self.task.loss)

    def _with_statistics(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Candidates that change layers with statistics that follow; first the network with those of the samples alone.

        As they are where there is no batch norm.
        """
        if not self.task.recalibrate or not has_statistics(self.task.plan.model):
            return list(candidates)
        found = [replace(one, recalibrated=one.changes_layers) for one in candidates]
        alone = replace(nothing(self.task.purpose), recalibrated=True)
        return [alone, *found] if any(one.recalibrated for one in found) else found

    def _try(self, candidate: Candidate) -> None:
        number = len(self.tried)
        self.tried.append(candidate)
        try:
            model, told = self.task.made(candidate)
            rows = rows_of(candidate, number, self.before, self.bench(model), self._cost(model))
        except Exception as error:  # a network of the user's own may not take a remedy: the others go on
            reason = first_line(error)
            self.rows += [
                replace(blank(candidate, number, row), failed=reason) for row in self.before.result.rows
            ]
            return
        self.rows += rows
        if told:
            self.training[number] = told
        if self.chosen == number:
            self.model = model

    def _own(self, number: int) -> list[CureRow]:
        return [row for row in self.rows if row.recipe == number]

    def _together(self) -> list[Candidate]:
        """Those that help, the best first, of different remedies at different layers; nothing for fewer than two."""
        found: list[Candidate] = []
        taken: set[str] = set()
        helping = [n for n in range(len(self.tried)) if admissible(self._own(n), self.task.loss)]
        for number in sorted(helping, key=lambda n: score(self._own(n))):
            candidate = self.tried[number]
            names = {name for step in candidate.recipe.steps for name in (step.remedy, *step.places)}
            if candidate.changes_layers and not names & taken:
                found.append(candidate)
                taken |= names
        return [combined(found)] if len(found) > 1 else []

    def _to_train(self) -> list[Candidate]:
        """The network as it is, and with the remedy for layers that lowers the error most, whatever it costs."""
        if self.task.finetuning is None:
            return []
        lowering = [n for n in range(len(self.tried)) if any(row.better for row in self._own(n))]
        lowering = [n for n in lowering if self.tried[n].changes_layers]
        most = sorted(lowering, key=lambda n: score(self._own(n)))[:1]
        chosen = [nothing(self.task.purpose), *(self.tried[n] for n in most)]
        return [replace(one, recalibrated=False, finetuned=True) for one in chosen]

    def _cost(self, model: nn.Module) -> Cost:
        """What a forward pass of a few samples costs beside that of the network as it was."""
        plan = self.task.plan
        x = next(iter(plan.open().batches(_TIMED))).inputs[:_TIMED].to(plan.device, plan.dtype)

        def call(network: nn.Module) -> object:
            packing = plan.inputs.packing
            return Function.of(network, plan.outputs, plan.device, plan.dtype, packing).raw(x)

        with borrowed(plan.model), borrowed(model):
            return Cost(
                _or_none(lambda: operations_ratio(plan.model, model, call)),
                _or_none(lambda: seconds_ratio(plan.model, model, call, plan.device)),
            )


def _or_none(find: Callable[[], float | None]) -> float | None:
    """What is found, None where the network does not let itself be looked at so."""
    try:
        return find()
    except (RuntimeError, TypeError):
        return None
