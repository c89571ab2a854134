"""What is to be measured: the words of a call become objects here, once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.draw import Draw
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain, read_options
from symmeter.measures import parse_measures
from symmeter.measures.measure import DerivativeMeasure, Measure, OrbitMeasure
from symmeter.measuring.choice import domain_of
from symmeter.measuring.inputs import Inputs, Words
from symmeter.measuring.precision import check_precision
from symmeter.models.borrowed import home, usable_device
from symmeter.models.load import describe, load_model
from symmeter.models.loaded import LoadedModel
from symmeter.models.outputs import Output, parse_output, parse_outputs
from symmeter.samples import Change, Samples
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.sampling import AUTO
from symmeter.symmetry.hypothesis import Symmetry, generators_only, parse_symmetry
from symmeter.symmetry.representations.representation import Representation
from symmeter.verbs.arguments import split_list

# What the arguments of a call may be.
SymmetryArgument = str | Generator | Group | Symmetry | Iterable
MeasureArgument = str | Measure | Sequence[str | Measure] | None
OutputArgument = str | Sequence[str] | Mapping[str, str]

CONTROLS = ("both", "stability", "untrained", "wrong-group", "none")
# Passed over where a kind of data has no such option.
_DEFAULTS = {"definition": "bandlimited"}


@dataclass(frozen=True)
class Settings:
    """How to measure, whatever the data: arguments as in `symmeter.measure`.

    `average` None: no error is split.
    """

    samples: int | None = None
    batch_size: int | None = None
    device: str | torch.device | None = None
    seed: int = 0
    progress: bool | None = None
    control: bool | str = True
    elements: int | None = None
    sampling: str = AUTO
    precision: float | None = None
    average: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Given:
    """The data as it was given: its kind and the options of that, how leaves move (`inputs`), and labels beside it."""

    data: object
    domain: str | type[Domain] | None = None
    inputs: Words = None
    labels: object = None
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """All that a run needs to know, as objects.

    `along` are measures along generators, `over` those over groups; `lenient` leaves out outputs whose layout is not
    known, as a pattern brings along. `control` is one of CONTROLS. `change` is what becomes of every sample first.
    """

    loaded: LoadedModel
    domain: Domain
    inputs: Inputs
    symmetry: Symmetry
    along: tuple[DerivativeMeasure, ...]
    over: tuple[OrbitMeasure, ...]
    outputs: tuple[Output, ...]
    settings: Settings
    control: str
    device: torch.device
    dtype: torch.dtype
    lenient: bool = False
    change: Change | None = None

    @property
    def model(self) -> Any:
        """The network, or another callable."""
        return self.loaded.model

    def open(self, group: Group | None = None) -> Samples:
        """The samples, ready for the model; a group may want more of each than the model takes."""
        draw = Draw(self.settings.samples, self.settings.seed, self.settings.precision is not None)
        samples = self.inputs.open(self.domain, self.loaded, draw, self.dtype, group)
        return samples if self.change is None else samples.changed(self.change)

    def rho_in(self, group: Group | None = None) -> Representation:
        """How the symmetry acts on the inputs."""
        return self.symmetry.rho_in or self.inputs.representation(self.domain, self.loaded, group)

    def rho_out(self, output: Output, y: Tensor) -> Representation:
        """How the symmetry acts on an output y (B, ...); SymmeterError where that is not known."""
        return self.symmetry.rho_out or output.representation(y, self.model, self.domain)

    def known_rho_out(self, output: Output, y: Tensor) -> Representation | None:
        """The same of an output y (B, ...); None where it is not known and need not be."""
        try:
            return self.rho_out(output, y)
        except SymmeterError:
            if not self.lenient:
                raise
            return None

    def of_fresh(self, fresh: LoadedModel) -> "Plan":
        """The same for a copy of the model with fresh weights."""
        return replace(self, loaded=fresh, control="both", settings=replace(self.settings, average=None))

    @property
    def has_stability(self) -> bool:
        """Whether there is a control of stability, along generators; over groups the wrong group may take its place."""
        return self.control in ("both", "stability", "untrained")

    @property
    def has_specificity(self) -> bool:
        """Whether there is a control of specificity, along generators."""
        return self.control in ("both", "untrained")


def make_plan(
    model: object,
    given: Given,
    symmetry: SymmetryArgument,
    measure: MeasureArgument,
    output: OutputArgument,
    settings: Settings,
) -> Plan:
    """The plan of a call; SymmeterError, in one line, for a word that means nothing or does not fit the others."""
    domain, hypothesis = read_words(given, symmetry)
    domain = domain.informed(given.data)
    along, over = check_measures(measure, hypothesis, domain.usual_measures(output))
    control = control_mode(settings.control)
    if control == "wrong-group" and hypothesis.generators:
        raise SymmeterError(
            "the wrong-group control is for groups such as C4; generators have both, stability, untrained and none"
        )
    check_precision(settings.precision, control)
    if settings.average is not None and not hypothesis.groups:
        raise SymmeterError(
            f"average= and labels of outputs go with groups such as SO3 or D4, and {hypothesis.name} has none"
        )
    loaded = domain.described(load_model(model) if isinstance(model, str) else describe(model))
    loaded, output = domain.asked(loaded, output, given.data)
    if not callable(loaded.model):
        taken = f"{given.data} is taken for {domain.name}: " if isinstance(given.data, str | Path) else ""
        raise SymmeterError(f"{taken}{loaded.name} cannot be called: {domain.name} need another model")
    return Plan(
        loaded=loaded,
        domain=domain,
        inputs=Inputs.of(given.data, given.inputs, given.labels, domain).prepared(domain, loaded),
        symmetry=hypothesis,
        along=tuple(along),
        over=tuple(over),
        outputs=tuple(parse_outputs(output, loaded.model, domain)),
        settings=settings,
        control=control,
        device=usable_device(settings.device, loaded.model),
        dtype=_precision(loaded.model),
        lenient="*" in str(output) or "?" in str(output),
    )


def plan_along(
    model: object,
    given: Given,
    symmetry: SymmetryArgument,
    output: OutputArgument,
    settings: Settings,
    purpose: str,
) -> Plan:
    """A plan for what looks inside of a run along generators: LEE of one output, no groups."""
    domain, hypothesis = read_words(given, symmetry)
    generators_only(hypothesis, purpose, domain.generators())
    domain.check_symmetry(hypothesis, purpose)
    given = replace(given, domain=type(domain))
    plan = make_plan(model, given, hypothesis, "lee", output, settings)
    return one_output(plan, purpose)


def one_output(plan: Plan, purpose: str) -> Plan:
    """The plan, if it has one output; else SymmeterError."""
    if len(plan.outputs) > 1:
        named = ",".join(map(str, plan.outputs))
        raise SymmeterError(f"output {named!r}: {purpose} takes one output at a time; give one of them")
    return plan


def read_words(
    given: Given, symmetry: SymmetryArgument, output: str | None = None
) -> tuple[Domain, Symmetry]:
    """The kind of data and the symmetry that are meant; SymmeterError, in one line, for a word that means nothing.

    The words of an `output` are checked as well, as far as they can be without a model.
    """
    domain = _domain(given, symmetry)
    hypothesis = parse_symmetry(symmetry, domain.symmetry, domain.symmetries)
    domain.check_symmetry(hypothesis)
    domain.acting = hypothesis
    for word in split_list(output) if output is not None else ():
        parse_output(word, domain)
    return domain, hypothesis


def _domain(given: Given, symmetry: SymmetryArgument) -> Domain:
    words = Inputs.words_of(given.inputs)
    if given.domain is not None:
        kind = find_domain(given.domain)
    else:
        kind = domain_of(given.data, symmetry, words)
    known = {field.name for field in fields(kind.Options)}
    options = dict(given.options)
    for name, default in _DEFAULTS.items():
        if name not in known and repr(options.get(name)) == repr(default):  # an array is not compared by ==
            del options[name]
    return read_options(kind, options)


def control_mode(control: bool | str) -> str:
    """The name of a control; SymmeterError with the choices for an unknown one."""
    mode = {True: "both", False: "none"}.get(control, control)  # type: ignore[arg-type]
    if mode not in CONTROLS:
        raise SymmeterError(f"unknown control {control!r}; choose from {', '.join(CONTROLS)}")
    return str(mode)


def check_measures(
    what: MeasureArgument, symmetry: Symmetry, usual: str = "geed"
) -> tuple[list[DerivativeMeasure], list[OrbitMeasure]]:
    """The measures along generators, and those over groups; SymmeterError where one has nothing to measure.

    `usual` are those over groups where none is named, with commas.
    """
    if what is None:
        what = ["lee"] * bool(symmetry.generators) + split_list(usual) * bool(symmetry.groups)
    measures = parse_measures(what)
    along = [m for m in measures if isinstance(m, DerivativeMeasure)]
    over = [m for m in measures if isinstance(m, OrbitMeasure)]
    if along and not symmetry.generators:
        raise SymmeterError(
            f"measure {along[0].name!r} needs generators such as rotation, and {symmetry.name} is a group: leave the "
            f"measure out for {usual}, or choose another"
        )
    if over and not symmetry.groups:
        raise SymmeterError(
            f"measure {over[0].name!r} needs a group such as C4, shift(8) or SO2, and {symmetry.name} has generators "
            "only; leave the measure out for lee"
        )
    if symmetry.generators and not along:
        raise SymmeterError(
            f"no measure for {symmetry.generators[0].name}: add lee, or leave that symmetry out"
        )
    if symmetry.groups and not over:
        raise SymmeterError(
            f"no measure for {symmetry.groups[0].name}: add {usual}, or leave that symmetry out"
        )
    return along, over


def _precision(model: object) -> torch.dtype:
    """float64 for a model in float64, float32 for all others: half precision would drown in its round-off."""
    return torch.float64 if home(model)[1] == torch.float64 else torch.float32
