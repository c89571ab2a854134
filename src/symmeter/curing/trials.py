"""All candidates, one after the other: applied to a copy, measured, and put beside the network as it was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from symmeter.curing.candidates import Candidate, combined
from symmeter.curing.cost import operations_ratio, seconds_ratio
from symmeter.curing.cured import admissible, best, score
from symmeter.curing.listing import parse_remedies
from symmeter.curing.remedy import NetworkRemedy, Setting
from symmeter.curing.row import CureRow
from symmeter.curing.trial import Bench, Cost, Measured, blank, rows_of
from symmeter.errors import first_line
from symmeter.measuring.function import Function
from symmeter.measuring.interrupt import Interrupted
from symmeter.measuring.plan import Plan
from symmeter.models.borrowed import borrowed
from symmeter.progress import bar

_TIMED = 8  # samples of a forward pass that is timed


@dataclass
class Trials:
    """What was tried so far; `tried` are the candidates by the number in their rows."""

    bench: Bench
    plan: Plan
    setting: Setting
    before: Measured
    seen: Mapping[str, Tensor]
    loss: float
    tried: list[Candidate] = field(default_factory=list)
    rows: list[CureRow] = field(default_factory=list)
    interrupted: bool = False

    def run(self, candidates: Sequence[Candidate], progress: bool | None) -> None:
        """Try all, then together those that help at layers of their own; Ctrl-C ends it and keeps what is done."""
        with bar(progress, total=len(candidates) + 1, title="remedies", unit="remedy") as shown:
            try:
                for candidate in candidates:
                    self._try(candidate)
                    shown.update()
                together = self._together()
                if together is not None:
                    self._try(together)
            except Interrupted:
                self.interrupted = True

    @property
    def chosen(self) -> int | None:
        """The number of the best."""
        return best(self.rows, len(self.tried), self.loss)

    def made(self, number: int | None) -> nn.Module:
        """The network with a recipe, the one that was given for None."""
        if number is None:
            return self.plan.model
        return self.tried[number].recipe.apply(self.plan.model, self.setting, self.seen)

    def _try(self, candidate: Candidate) -> None:
        number = len(self.tried)
        self.tried.append(candidate)
        try:
            model = self.made(number)
            after = self.bench(model)
            self.rows += rows_of(candidate, number, self.before, after, self._cost(model))
        except Exception as error:  # a network of the user's own may not take a remedy: the others go on
            reason = first_line(error)
            for row in self.before.result.rows:
                self.rows.append(replace(blank(candidate, number, row), failed=reason))

    def _together(self) -> Candidate | None:
        """Those that help, the best first, of different remedies at different layers; None for fewer than two."""
        found: list[Candidate] = []
        taken: set[str] = set()
        own = {n: [row for row in self.rows if row.recipe == n] for n in range(len(self.tried))}
        helping = [n for n, rows in own.items() if admissible(rows, self.loss)]
        for number in sorted(helping, key=lambda n: score(own[n])):
            (step,) = self.tried[number].recipe.steps
            (remedy,) = parse_remedies(step.remedy)
            names = {step.remedy, *step.places}
            if not isinstance(remedy, NetworkRemedy) and not names & taken:
                found.append(self.tried[number])
                taken |= names
        return combined(found) if len(found) > 1 else None

    def _cost(self, model: nn.Module) -> Cost:
        """What a forward pass of a few samples costs beside that of the network as it was."""
        plan = self.plan
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
    except (RuntimeError, NotImplementedError, TypeError):
        return None
