"""One run: batches of samples through a model, statistics per sample into columns."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import torch
from torch import Tensor

from symmeter.autodiff.memory import out_of_memory
from symmeter.domain import Domain
from symmeter.errors import SymmeterError, counted, first_line, shortened
from symmeter.measures.quantity import are_probabilities
from symmeter.measuring.accuracy import accuracy_of
from symmeter.measuring.answered import answered
from symmeter.measuring.class_numbers import AS_THEY_ARE, ClassNumbers, class_numbers
from symmeter.measuring.function import Batching, Function
from symmeter.measuring.interrupt import noticed_interrupts
from symmeter.measuring.kinds import Recent
from symmeter.measuring.look import Look, look, round_off_ratio
from symmeter.measuring.plan import Plan
from symmeter.measuring.precision import AllSamples, Until
from symmeter.measuring.reference_samples import Beside, ReferenceSamples, random_numbers
from symmeter.models.outputs import Output
from symmeter.progress import bar
from symmeter.results.columns import Columns
from symmeter.samples import Batch, Samples
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.representation import Representation

LOADING_BATCH = 64  # samples read at a time


@dataclass
class Run(ABC):
    """The state of one measurement; `execute` fills `columns`, one float64 per sample and statistic."""

    plan: Plan
    samples: Samples
    rho_in: Representation
    control: bool
    columns: Columns = field(default_factory=Columns)
    names: list[str] = field(default_factory=list)
    non_finite: list[str] = field(default_factory=list)
    stopped: str | None = None
    interrupted: bool = False
    classes: int | None = None  # of a classifier
    class_numbers: ClassNumbers = AS_THEY_ARE  # how labels are outputs
    remarks: list[str] = field(default_factory=list)
    seen: Look | None = None
    facts: Mapping[str, Any] = field(
        default_factory=dict
    )  # of inputs and outputs, that the kind of data knows
    unit_round_off: float = 0.0  # the spacing of numbers just above 1 in what the model computes in
    nudge: float | None = None  # by how much, relative, floors move inputs; None for a unit of their own type
    still: dict[str, int] = field(default_factory=dict)  # by symmetry: samples that it does not change
    until: Until = field(default_factory=AllSamples)  # when it has measured enough
    lacking: dict[str, list[str]] = field(default_factory=dict)  # and those that have no reference sample

    alone = False  # one sample is all there is
    loading_batch = LOADING_BATCH
    unit = ""  # of the progress bar; nothing for one sample

    @property
    def item(self) -> str:
        """The noun of one sample."""
        return self.samples.item

    @property
    def model(self) -> Any:
        """What is measured."""
        return self.plan.model

    @property
    def domain(self) -> Domain:
        """The kind of data."""
        return self.plan.domain

    @property
    def generators(self) -> tuple[Generator, ...]:
        """What is moved along; none over a group."""
        return self.plan.symmetry.generators

    @property
    def device(self) -> torch.device:
        """Where it is computed."""
        return self.plan.device

    @property
    def dtype(self) -> torch.dtype:
        """In which precision inputs are given."""
        return self.plan.dtype

    @property
    def batch_size(self) -> int | None:
        """Samples at once, None to choose."""
        return self.plan.settings.batch_size

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.plan.settings.seed

    def execute(self) -> None:
        """Measure all samples. What stops it after some are done is kept in `stopped`; before that, it is raised."""
        progress, unit = self.plan.settings.progress, self.unit or self.item
        progress_bar = bar(progress, total=self._steps(), title=self._title(), unit=unit)
        try:
            with noticed_interrupts() as check:
                for batch, beside in self._with_controls():
                    for steps in self._measure_batch(batch, beside):
                        progress_bar.update(steps)
                        check()
                    if self.until.enough(len(batch.names)):
                        break
                    progress_bar.set_postfix_str(self.until.words())
                else:
                    self.until.finish()
        except SymmeterError as error:
            self._stop(error, str(error))
        except KeyboardInterrupt as error:
            self._stop(error, "interrupted")
            self.interrupted = True
        except Exception as error:
            reason = f"{type(error).__name__}: {first_line(error)}"
            self._stop(SymmeterError(f"the model cannot be measured on these {self.item}s: {reason}"), reason)
        finally:
            progress_bar.close()
        if not self.names:
            shown = (
                f"NaN or infinite values for every {self.item}: {self._left_out()}"
                if self.non_finite
                else f"nothing: there was no {self.item}"
            )
            raise SymmeterError(f"the model returned {shown}")

    @abstractmethod
    def _measure_batch(self, batch: Batch, beside: Beside) -> Iterator[int]:
        """Measure some samples and their controls; yields the steps done, chunk by chunk."""

    @abstractmethod
    def how(self) -> dict[str, Any]:
        """How it was computed, for the header."""

    def _steps(self) -> int | None:
        return self.samples.total

    def _title(self) -> str:
        return self.samples.name

    def _stop(self, error: BaseException, reason: str) -> None:
        if not self.names:
            raise error
        self.stopped = reason

    def _with_controls(self) -> Iterator[tuple[Batch, Beside]]:
        """Batches, each with its reference samples: other ones of it, or of the batch before where it has only one.

        A batch that is read has the same size whatever the batch size of the model, unless that is larger: so the
        choice of a batch size changes no number. Samples of different kinds do not stand in for each other.
        """
        previous: Recent[Tensor] = Recent()
        size = max(self.batch_size or 1, self.loading_batch)
        for i, batch in enumerate(self.until.batches(self.samples, size)):
            at_hand, before = batch.inputs, previous.get(batch.kind)
            if len(batch.names) == 1 and before is not None:
                at_hand = torch.cat([at_hand, before])
            lone = len(at_hand) == 1 and self.samples.varied
            if lone:
                at_hand = torch.cat([at_hand, at_hand])
            if len(at_hand) == 1 and self.control and self.domain.needs_references:
                self.control, self.alone = False, True
                self.remarks.append(f"one {self.item}: no interval and no control; give more {self.item}s")
            references = None
            if self._needs_references() and len(at_hand) > 1:
                references = ReferenceSamples.among(at_hand.to(self.device, self.dtype), self.seed + i)
            random = random_numbers(len(batch.names), self.seed + i) if self._deforms() else None
            yield batch, Beside(references, random, lone)
            previous.keep(batch.kind, batch.inputs)

    def _needs_references(self) -> bool:
        return self.control

    def _deforms(self) -> bool:
        """Whether there is a control of specificity."""
        return False

    def function_of(self, outputs: Sequence[Output]) -> Function:
        """The model as a function of its inputs to these outputs."""
        return Function.of(self.model, outputs, self.device, self.dtype, self.samples.packing)

    def _look(self, outputs: Sequence[Output], x: Tensor) -> Function:
        """The function of some outputs, after a first look at the model on x (n, ...); what it shows is remarked on."""
        function = self.function_of(outputs)
        packed = self.samples.packing is not None or self.samples.varied
        separate = getattr(self.model, "one_by_one", False)
        self.seen = look(function, x, self.model, self.batch_size, self.item, packed, separate)
        if self.domain.hides_precision and separate:  # in a network every operation is seen
            self.seen = answered(self.seen.function, x[:1], self.seen)
        self.remarks += self.seen.notes
        shapes = [tuple(y.shape[1:]) for y in self.seen.first]
        known = {o.label: (o.action or "", own) for o, own in zip(function.outputs, shapes, strict=True)}
        self.facts = self.domain.facts(tuple(x.shape[1:]), known)
        self.unit_round_off = self.seen.precision.unit
        if self.unit_round_off > torch.finfo(self.dtype).eps:
            self.nudge = self.unit_round_off * round_off_ratio(self.seen.function, x[:4], self.unit_round_off)
        return self.seen.function

    @property
    def unit_of_nudges(self) -> float:
        """By how much, relative to their size, floors move samples."""
        return torch.finfo(self.dtype).eps if self.nudge is None else self.nudge

    @property
    def batching(self) -> Batching:
        """How samples may be given to the model."""
        return self.seen.function.batching if self.seen else Batching()

    def optional(self, what: str, probe: Callable[[], Any]) -> Any:
        """What a probe finds; None, with a remark, where the model fails on it: it costs no more than itself."""
        try:
            return probe()
        except Exception as error:
            if out_of_memory(error):
                raise
            self.remarks.append(
                f"{what} left out: the model fails on it ({type(error).__name__}: {first_line(error)})"
            )
            return None

    def _check_softmax(self, raw: Tensor) -> None:
        """A remark where softmax is applied to outputs (b, K) that are probabilities already."""
        if are_probabilities(raw):
            self.remarks.append(
                "the model's outputs already sum to 1: softmax was applied to probabilities; "
                "use --output logits to measure them as they are"
            )

    def _keep(self, names: Sequence[str], finite: Tensor) -> np.ndarray:
        """Take down the names of samples, those that are not `finite` (b,) apart; which to keep, (b,)."""
        keep = finite.cpu().numpy()
        self.non_finite += compress(names, ~keep)
        self.names += compress(names, keep)
        return keep

    def _note_still(self, name: str, names: Sequence[str], still: np.ndarray, lacking: np.ndarray) -> None:
        """Take down how many samples a symmetry leaves as they are, and which have no reference sample: both (b,)."""
        if still.any():
            self.still[name] = self.still.get(name, 0) + int(still.sum())
        if lacking.any():
            self.lacking.setdefault(name, []).extend(compress(names, lacking))

    def _found_classes(self, count: int | None) -> None:
        """Take down of how many classes a model has scores, None where of none, and which those of the data are."""
        self.classes = count
        self.class_numbers = class_numbers(self.samples.classes, self.domain, self.model, count)
        if any(m.needs_labels for m in self.plan.over) and self.class_numbers.note:
            raise SymmeterError(self.class_numbers.note)

    def accuracy(self) -> dict[str, Any] | None:
        """Top-1 and top-5 accuracy over the labelled samples, None without labels that fit the output."""
        found, note = accuracy_of(self.columns, self.classes, self.class_numbers)
        self.remarks += [note] if note and note not in self.remarks else []
        return found

    def _left_out(self) -> str:
        """The samples for which the model returned no finite number, with the reason where that is known."""
        reasons: dict[str, list[str]] = {}
        for name in self.non_finite:
            reasons.setdefault(self.domain.failure(self.model, name), []).append(name)
        named = [f"{shortened(names)} ({why})" if why else shortened(names) for why, names in reasons.items()]
        return shortened(named, joiner="; ")

    def notes(self) -> list[str]:
        """What makes the numbers less trustworthy, a line each."""
        notes = list(self.remarks)
        for name, still in self.still.items():
            images = counted(still, self.item)
            notes.append(f"{name} does not change {images} (blank ones?): value and control are 0 there")
        for name, images in self.lacking.items():
            why = "is blank, or there is none of this shape" if self.samples.varied else "is blank"
            notes.append(
                f"stability under {name} without {shortened(images)}: every {self.item} that could stand in {why}"
            )
        if self.non_finite:
            images = counted(len(self.non_finite), self.item)
            notes.append(f"{images} left out, the model returned NaN or infinity: {self._left_out()}")
        if not self.stopped:
            notes += self.until.notes(self.item, any(o.name == "softmax" for o in self.plan.outputs))
        if self.stopped:
            notes.append(f"stopped after {len(self.names)} {self.item}s: {self.stopped}")
        return notes
