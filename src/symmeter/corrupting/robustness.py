"""`robustness`: a model on clean data and on the same data corrupted, from one plan."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from symmeter.corrupting.change import Corrupting, corrupted_leaves
from symmeter.corrupting.chosen import CORRUPTIONS, STRENGTHS, Names, chosen
from symmeter.corruption import Corruption
from symmeter.domain import Domain
from symmeter.errors import SymmeterError, shortened
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.execution import announced
from symmeter.measuring.interrupt import Interrupted
from symmeter.measuring.measure import measured, named_options
from symmeter.measuring.plan import Given, MeasureArgument, Plan, Settings, SymmetryArgument, make_plan
from symmeter.progress import bar
from symmeter.results.result import Result
from symmeter.results.robustness import Label, Robustness, gathered, name_of
from symmeter.results.robustness_row import CLEAN
from symmeter.symmetry.groups.sampling import AUTO
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import recorded, repeat, told_apart


@verb(ARGUMENTS, corruptions=CORRUPTIONS, strengths=STRENGTHS)
def robustness(
    model: object,
    data: object,
    symmetry: SymmetryArgument = "translation",
    corruptions: Names = None,
    strengths: Any = None,
    measure: MeasureArgument = None,
    output: str = "softmax",
    definition: Any = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    control: bool | str = True,
    elements: int | None = None,
    sampling: str = AUTO,
    preprocessing: object = None,
    domain: str | type[Domain] | None = None,
    inputs: Any = None,
    labels: object = None,
    **options: Any,
) -> Robustness:
    """Measure a model on clean data and on corrupted data: error, stability, accuracy, confidence against strength.

    A smaller error on corrupted data is no more symmetry where the model only reacts less to anything: stability, the
    error over that of other changes, tells the two apart. Every row is compared with clean data, image by image.

    Args:
        model, data: as `symmeter.measure` takes them. Corruptions of images act on pixels in [0, 1] before they are
            normalised: images in floating point need the `mean` and `std` that they were normalised by.
        symmetry: names of generators or groups, or these themselves.
        corruptions: names with commas, such as `"gaussian_noise,fog"`, families of them, such as `"blur"`, `"all"`, or
            `symmeter.corruption.Corruption`s; None for the first of every family.
        strengths: of 1 to 5; None for all. Clean data, strength 0, is measured once, as `symmeter.measure` does it.
        measure, output, definition, samples, batch_size, device, seed, progress, control, elements, sampling,
            preprocessing, domain, inputs, labels, options: as `symmeter.measure` takes them. What is random in a
            corruption depends on the seed and on the name of a sample alone, so that all models see the same noise.

    Raises:
        SymmeterError: in one line, for a corruption or a strength that there is not, and for mistakes as in `measure`.
            A corrupted run that fails is left out, and said so: the status is `partial`.
        Interrupted: on Ctrl-C; its `result` holds the runs that were done.

    Source: Hendrycks and Dietterich 2019 for corruptions of images and their strengths; Kvinge et al. 2022, conclusion
    2, for what out of distribution looks like invariance.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)).eval()
    >>> pixels = torch.randint(256, (8, 3, 6, 6), dtype=torch.uint8)
    >>> found = robustness(net, pixels, "hue", "contrast", strengths=[1, 5])
    >>> [(row.corruption, row.strength, row.n) for row in found]
    [('clean', 0, 8), ('contrast', 1, 8), ('contrast', 5, 8)]
    """
    given = Given(data, domain, inputs, labels, named_options(definition, preprocessing) | options)
    settings = Settings(samples, batch_size, device, seed, False, control, elements, sampling)
    plan = make_plan(model, given, symmetry, measure, output, settings)
    wanted = chosen(type(plan.domain), corruptions, strengths)
    _check(plan, wanted)
    return _Runs(plan, wanted).done(progress)


def _check(plan: Plan, wanted: Sequence[tuple[Corruption, int]]) -> None:
    """SymmeterError, before anything is measured, where the first sample cannot be corrupted at all."""
    corrupted_leaves(plan)
    still = replace(wanted[0][0], change=lambda x, level, random: x)
    next(replace(plan, change=Corrupting(plan, still, 1)).open().batches(1))


@dataclass
class _Runs:
    """One run on clean data and one for every corruption and strength, with what each found."""

    plan: Plan
    wanted: Sequence[tuple[Corruption, int]]
    found: dict[Label, Result] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    interrupted: bool = False

    def done(self, progress: bool | None) -> Robustness:
        """All of them; after a Ctrl-C those that were done, in an Interrupted."""
        plans: dict[Label, Plan] = {(CLEAN, 0): self.plan}
        for one, strength in self.wanted:
            plans[one.name, strength] = replace(self.plan, change=Corrupting(self.plan, one, strength))
        with bar(progress, total=len(plans), title="robustness", unit="run") as shown:
            for label, plan in plans.items():
                shown.set_postfix_str(name_of(label))
                self._run(label, plan)
                if self.interrupted:
                    break
                shown.update(1)
        left_out = [name_of(label) for label in plans if label not in self.found]
        notes = [*_merged(self.found), *self.failed]
        notes += [f"interrupted: {shortened(left_out)} not measured"] * self.interrupted
        spec = {"corruptions": {one.name: [one.words, list(one.levels)] for one, _ in self.wanted}}
        return announced(gathered(self.found, notes, spec, bool(left_out)), self.interrupted)

    def _run(self, label: Label, plan: Plan) -> None:
        """One run; what goes wrong on clean data ends all, and on corrupted data only that run."""
        try:
            with recorded() as said:
                self.found[label] = measured(plan)
            repeat(told_apart(said)[1])
        except KeyboardInterrupt as stop:
            if not self.found and not isinstance(stop, Interrupted):
                raise
            if isinstance(stop, Interrupted) and not self.found:
                self.found[label] = stop.result
            self.interrupted = True
        except SymmeterError as error:
            if not self.found:
                raise
            self.failed.append(f"{name_of(label)} failed and is left out: {error}")


def _merged(found: Mapping[Label, Result]) -> Iterable[str]:
    """What was said of all runs, each once; of which of them, where it was not said of clean data."""
    notes: dict[str, list[str]] = {}
    for label, result in found.items():
        for note in result.warnings:
            notes.setdefault(note, []).append(name_of(label))
    for note, names in notes.items():
        yield note if CLEAN in names else f"{shortened(names)}: {note}"
