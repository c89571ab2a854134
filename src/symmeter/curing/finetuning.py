"""Training for a short while, so that a network gets used to what was changed in it: cross entropy, and the penalty."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from symmeter.curing.labelled import Labelled
from symmeter.curing.remedy import Purpose
from symmeter.errors import SymmeterError, first_line
from symmeter.measuring.interrupt import noticed_interrupts
from symmeter.measuring.plan import Given, Plan, Settings, make_plan
from symmeter.models.behind import name_of
from symmeter.models.borrowed import borrowed
from symmeter.models.loaded import LoadedModel
from symmeter.progress import bar
from symmeter.training.call import TrainingCall
from symmeter.training.penalty import penalty
from symmeter.trees import Tree
from symmeter.verbs.arguments import Kinds, above, number, passing, whole
from symmeter.verbs.warned import warn

_WARM_UP = 0.1  # of the way, in which the rate rises
_LONGEST = 1.0  # norm of all gradients
_FIRST = 4  # batches on which the penalty before training is taken
_PART = 0.2  # of the steps at either end, over which losses are averaged
_SEEDS = 2**62
_KINDS: Kinds = {
    "epochs": whole(1),
    "rate": above(0.0),
    "weight": number(0.0, "a number, at least 0"),
    "batch_size": whole(2),
    "samples": whole(2).or_none("for all"),
    "seed": whole(0),
    "augment": passing("a function of inputs (B, ...) that returns as many", callable).or_none("for none"),
}


@dataclass(frozen=True)
class Finetuning:
    """How a network is trained on, with

        loss = cross entropy + weight * penalty / (penalty before training),

    SGD with Nesterov momentum .9, gradients of norm 1 at most, and a rate that rises over a tenth of the way to `rate`
    and falls to 0 as half a cosine.

    The penalty (`symmeter.penalty`) has the unit of an error, of which one network has 1e-6 and another 1e3. Divided by
    what it is before training, on the first four batches, it is 1 at the beginning, whatever the unit, the output, the
    symmetry and the batch. So `weight` is in nats and needs no tuning to a problem: with 0.1, to be rid of all of the
    error is worth as much as a tenth of a nat of cross entropy, and a change that costs more is not learned.

    Args:
        data: labelled samples, whatever `symmeter.measure` takes. They should be none of those that are measured.
        epochs: how often each is seen, in a new order every time.
        rate: the largest learning rate.
        weight: of the penalty, see above; 0 for none, which takes half to a third of the time.
        batch_size, samples, seed: as in `symmeter.measure`.
        augment: what is done to inputs (B, ...) before each step, with torch's own random numbers if it is random.

    Raises SymmeterError for a value that means nothing.

    >>> Finetuning("train.npz", epochs=0)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: epochs is 0; give a whole number, at least 1
    """

    data: object
    epochs: int = 1
    rate: float = 0.01
    weight: float = 0.1
    batch_size: int = 128
    samples: int | None = None
    seed: int = 0
    augment: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        for name, kind in _KINDS.items():
            kind.check(name, getattr(self, name))


def finetuned(
    loaded: LoadedModel, given: Given, purpose: Purpose, how: Finetuning, progress: bool | None = None
) -> dict[str, float]:
    """Train `loaded.model`, which is changed, and say how it went; `given` has the kind of data and its options.

    It trains in train mode, so batch norm learns the statistics of a network that was changed; only parameters that
    require gradients move. Training flags and the caller's random numbers are afterwards what they were. A part of the
    network that no loss reaches stays as it is. Ctrl-C keeps what was learned, with a SymmeterWarning.

    Returns:
        `steps`, `seconds`, and the means over the first and the last fifth of the steps: `loss_first`, `loss_last` of
        the cross entropy alone, and `penalty_first`, `penalty_last` in the unit of LEE, with a weight above 0.

    Raises:
        SymmeterError: for data without labels of the network's classes, a network without parameters to train, and a
            loss that is not finite; the network then is as it was.
    """
    plan = _plan(loaded, given, purpose, how)
    data = Labelled(plan, how.batch_size)
    history: list[tuple[float, float]] = []
    began = time.perf_counter()
    title = f"fine-tuning {loaded.name}"
    seen = bar(progress, total=data.total(how.epochs), title=title, unit=plan.domain.item)
    try:
        with seen, _given_back(plan.model), borrowed(plan.model, how.seed), noticed_interrupts() as check:
            training = Training(plan, data, purpose, how)
            for x, y in training.batches():
                history.append(training.step(x, y))
                seen.update(len(x))
                check()
    except KeyboardInterrupt:
        warn(f"fine-tuning was interrupted after {len(history)} steps: what was learned until then is kept")
    finally:
        for parameter in plan.model.parameters():
            parameter.grad = None
    return _told(history, how) | {"seconds": time.perf_counter() - began}


def _plan(loaded: LoadedModel, given: Given, purpose: Purpose, how: Finetuning) -> Plan:
    """The training data as it is measured."""
    given = replace(given, data=how.data, labels=None, domain=given.domain or purpose.domain)
    settings = Settings(how.samples, seed=how.seed, control=False)
    plan = make_plan(loaded, given, purpose.symmetry, None, purpose.output, settings)
    if not isinstance(plan.model, nn.Module) or not any(p.requires_grad for p in plan.model.parameters()):
        raise SymmeterError(f"{loaded.name} has no parameters that could be trained")
    return plan


def _told(history: list[tuple[float, float]], how: Finetuning) -> dict[str, float]:
    """Steps, and the means at both ends."""
    found: dict[str, float] = {"steps": len(history)}
    count = max(1, int(_PART * len(history)))
    names = ("loss", "penalty") if how.weight else ("loss",)
    for i, name in enumerate(names):
        for end, part in (("first", history[:count]), ("last", history[-count:])):
            found[f"{name}_{end}"] = math.fsum(row[i] for row in part) / len(part) if part else math.nan
    return found


@dataclass
class Training:
    """The steps of a fine-tuning."""

    plan: Plan
    data: Labelled
    purpose: Purpose
    how: Finetuning
    scale: float = 0.0  # of the penalty in the loss
    _done: int = 0  # samples
    _random: torch.Generator = field(default_factory=torch.Generator)

    def __post_init__(self) -> None:
        how, model = self.how, self.plan.model
        self._random.manual_seed(how.seed)
        self._trained = [p for p in model.parameters() if p.requires_grad]
        self._optimiser = torch.optim.SGD(self._trained, how.rate, momentum=0.9, nesterov=True)
        self.data.check(self._scores)
        model.train()
        if how.weight:
            first = [float(self._penalty(self._augmented(x), False)) for x, _ in self.data.first(_FIRST)]
            before = math.fsum(first) / len(first)
            self.scale = how.weight / before if before > 0 else 0.0

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs (b, ...) and classes (b,) of all epochs."""
        for epoch in range(self.how.epochs):
            yield from self.data.batches(epoch)

    def step(self, x: Tensor, y: Tensor) -> tuple[float, float]:
        """Learn from samples x (b, ...) of classes y (b,); the cross entropy, and the penalty before its weight."""
        self._optimiser.param_groups[0]["lr"] = self.how.rate * self._share(len(x))
        self._optimiser.zero_grad()
        with torch.enable_grad():
            x = self._augmented(x)
            term, scores = self._penalty(x, True) if self.how.weight else (torch.zeros(()), self._scores(x))
            cost = functional.cross_entropy(scores.float(), y)
            loss = cost + self.scale * term
        if not bool(loss.isfinite()):
            raise SymmeterError(
                f"the loss of fine-tuning is not finite after {self._done} of the {self.plan.domain.item}s: give a "
                f"smaller rate than {self.how.rate:g}; the network is as it was"
            )
        loss.backward()
        clip_grad_norm_(self._trained, _LONGEST)
        self._optimiser.step()
        self._done += len(x)
        return float(cost.detach()), float(term.detach())

    def _share(self, count: int) -> float:
        """Of the rate, for the next so many samples."""
        way = min(1.0, (self._done + count / 2) / self.data.total(self.how.epochs))
        return min(1.0, way / _WARM_UP) * (1 + math.cos(math.pi * way)) / 2

    def _augmented(self, x: Tensor) -> Tensor:
        """Inputs (b, ...) as the user changes them."""
        return x if self.how.augment is None else self.how.augment(x)

    def _scores(self, x: Tensor) -> Tensor:
        """What the network makes of inputs x (b, ...), before any softmax; running statistics move."""
        call = TrainingCall(self.plan.model, (), self.data.packing, self._drawn())
        made = call(x)
        call.keep(made)
        return made.main

    def _penalty(self, x: Tensor, with_scores: bool) -> Tree:
        """The penalty on inputs x (b, ...), (), and where they are asked for the scores (b, K) of the same pass."""
        return penalty(
            self.plan.model,
            x if self.data.packing is None else self.data.packing.unpack(x),
            self.purpose.symmetry,
            output=self.purpose.output,
            generator=self._random,
            return_output=with_scores,
            domain=self.purpose.domain,
            inputs=self.purpose.inputs,
            **self.purpose.options,  # type: ignore[arg-type]
        )

    def _drawn(self) -> int:
        """A seed for chance inside of the network."""
        return int(torch.randint(_SEEDS, (), generator=self._random))


@contextmanager
def _given_back(model: nn.Module) -> Iterator[None]:
    """After an error, in one line, parameters and buffers are what they were; not after Ctrl-C."""
    tensors = [*model.parameters(), *model.buffers()]
    before = [tensor.detach().clone() for tensor in tensors]
    try:
        yield
    except Exception as error:
        with torch.no_grad():
            for tensor, value in zip(tensors, before, strict=True):
                tensor.copy_(value)
        if isinstance(error, SymmeterError):
            raise
        raise SymmeterError(f"{name_of(model)} cannot be trained: {first_line(error)}") from error
