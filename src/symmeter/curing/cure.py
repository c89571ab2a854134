"""`cure`: from a network and some samples to what makes it more symmetric, at what price."""

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from symmeter.curing.candidates import Known, candidates
from symmeter.curing.cured import Cure
from symmeter.curing.decisions import decision_groups
from symmeter.curing.diagnosis import Diagnosis
from symmeter.curing.finetuning import Finetuning
from symmeter.curing.listing import parse_remedies, usual_remedies
from symmeter.curing.remedy import Purpose, Remedy
from symmeter.curing.trial import Bench
from symmeter.curing.trials import Task, Trials
from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.layers.attribute import profiled
from symmeter.layers.layouts import Words
from symmeter.layers.profile import Profile
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.execution import announced, run_along
from symmeter.measuring.measure import named_options
from symmeter.measuring.plan import Given, Plan, Settings, make_plan, one_output, plan_along
from symmeter.verbs.arguments import Kind, number, several, truth, word
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import recorded

_A_CURE = "a cure"
_NAMES = several("remedies", word)


def _remedies(value: object) -> list[Remedy]:
    return parse_remedies(value if isinstance(value, str) else ",".join(_NAMES.read(value)))


def _finetuning(value: object) -> Finetuning:
    return value if isinstance(value, Finetuning) else Finetuning(ARGUMENTS["data"].read(value))


@verb(
    ARGUMENTS,
    remedies=Kind("names such as 'blur,averaged(C4)', or a list of them", _remedies).or_none(
        "for all that may help"
    ),
    loss=number(0.0, "a number, at least 0"),
    recalibrate=truth,
    finetune=Kind("labelled data, or a Finetuning", _finetuning).or_none("for no training"),
)
def cure(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    output: str = "softmax",
    definition: Any = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    remedies: Any = None,
    loss: float = 0.01,
    recalibrate: bool = True,
    finetune: Any = None,
    layouts: Words | None = None,
    elements: int | None = None,
    preprocessing: object = None,
    domain: str | type[Domain] | None = None,
    inputs: Any = None,
    labels: Any = None,
    **options: Any,
) -> Cure:
    """Find what lowers the equivariance error of a network: remedies, predicted from its layers, tried on a copy.

    Along generators the error is attributed to layers first. Each remedy gets a prediction from what passes through
    the layers it is for, and from what it leaves of that (`symmeter.curing.prediction`). Then it is applied to a copy
    of the network, without training, and measured on the same samples: error, stability, consistency of decisions,
    accuracy, and the cost of a forward pass. Those that help are tried together too.

    Args:
        model: an `nn.Module`, or a name such as `"timm:resnet50"`; it is left as it is. Other arguments are those of
            `symmeter.measure` and `symmeter.attribute`.
        remedies: which to try, such as `"blur,averaged(C4)"`; None for all that may help. `symmeter list remedies` has
            them.
        loss: of accuracy that a recommended remedy may cost, such as 0.01 for one point.
        recalibrate: where layers were changed, let statistics of batch norm move by as much as that moves them on the
            samples, without labels. The network with those of the samples alone is tried too.
        finetune: labelled data to train on for one epoch, or a `Finetuning` that says how: the network as it is, and
            with the remedy for layers that lowers the error most.

    Returns:
        A `Cure`: rows, `recommendation` in a sentence, and `model`, the network with what is recommended.

    Raises:
        SymmeterError: for a mistake in the arguments, and a network that cannot be copied.
        Interrupted: on Ctrl-C; its `result` holds what was tried.

    >>> import symmeter
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    >>> x = torch.rand(8, 1, 17, 17, generator=torch.Generator().manual_seed(0))
    >>> found = cure(net, x, "translation_x", output="logits", definition="periodic", remedies="blur")
    >>> [(row.remedy, row.where, row.verdict) for row in found.rows]
    [('blur', '0', 'smaller error')]
    >>> type(found.model[0]).__name__
    'Sequential'
    """
    given = Given(data, domain, inputs, labels, named_options(definition, preprocessing) | options)
    settings = Settings(samples, batch_size, device, seed, progress, False, elements)
    plan = one_output(make_plan(model, given, symmetry, None, output, settings), _A_CURE)
    if not isinstance(plan.model, nn.Module):
        raise SymmeterError(f"{plan.loaded.name} is no nn.Module: {_A_CURE} changes layers, and it has none")
    purpose = Purpose(plan.symmetry, plan.domain.name, output, inputs, given.options)
    tried = usual_remedies(purpose) if remedies is None else remedies
    given = replace(given, domain=type(plan.domain))
    arguments = {
        "symmetry": plan.symmetry, "output": output, "samples": samples, "batch_size": batch_size, "device": device,
        "seed": seed, "progress": progress, "elements": elements, "domain": given.domain, "inputs": inputs,
        "labels": labels, **given.options,
    }  # fmt: skip
    bench = Bench(plan.loaded, data, arguments, decision_groups(plan))
    before = bench(plan.model)
    diagnosis, profile, known = _diagnosed(plan, given, Diagnosis(tried, layouts, seed, recalibrate))
    task = Task(plan, given, purpose, diagnosis.seen, loss, recalibrate, finetune)
    trials = Trials(bench, task, before, plan.model)
    trials.run(candidates(tried, plan.model, purpose, known), progress)
    return announced(_cure(trials, profile, diagnosis), trials.interrupted)


def _diagnosed(plan: Plan, given: Given, diagnosis: Diagnosis) -> tuple[Diagnosis, Profile | None, Known]:
    """The attribution along the generators, if there are any and the network has a backward pass."""
    if not plan.symmetry.generators:
        return diagnosis, None, Known()
    alone = replace(plan.symmetry, groups=())
    with recorded():
        try:
            along = plan_along(plan.loaded, given, alone, str(plan.outputs[0]), plan.settings, _A_CURE)
            done = run_along(along, diagnosis)
            profile = profiled(done, diagnosis)
        except SymmeterError as error:
            diagnosis.failed[""] = str(error)
            return diagnosis, None, Known()
    return diagnosis, profile, diagnosis.known(done.run, profile)


def _cure(trials: Trials, profile: Profile | None, diagnosis: Diagnosis) -> Cure:
    """All that was found."""
    before, spec = trials.before.result, trials.before.result.header["spec"]
    partial = trials.interrupted or before.status != "complete"
    said = {
        "symmetry": trials.task.plan.symmetry.name,
        "output": spec["output"],
        "domain": trials.task.plan.domain.name,
        "words": trials.task.purpose.inputs,
        "loss": trials.task.loss,
        "decisions": dict(trials.bench.decisions),
    }
    notes = [f"no prediction: {diagnosis.failed['']}"] if diagnosis.failed.get("") else []
    return Cure(
        rows=tuple(trials.rows),
        header={**before.header, "spec": {**spec, **said}, "status": "partial" if partial else "complete"},
        recipes=tuple(candidate.recipe for candidate in trials.tried),
        chosen=trials.chosen,
        model=trials.model,
        before=before,
        profile=profile,
        warnings=(*before.warnings, *notes),
        finetuning=trials.training,
    )
