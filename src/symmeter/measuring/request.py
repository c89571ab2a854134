"""What was asked of `measure`: of which kind each argument is, and whether they fit together."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from symmeter.domains.grids.grid import PADDINGS
from symmeter.domains.grids.interpolants import parse_definition
from symmeter.domains.grids.interpolants.interpolant import Definition
from symmeter.errors import SymmeterError
from symmeter.measures import parse_measures
from symmeter.measures.measure import DerivativeMeasure, Measure, OrbitMeasure
from symmeter.models.loaded import LoadedModel
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import SAMPLING, Group
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.symmetry.representations.representation import Representation
from symmeter.verbs.arguments import (
    Kind,
    Kinds,
    choice,
    instance,
    number,
    options,
    path,
    seed,
    several,
    shown,
    truth,
    whole,
    word,
)


@dataclass(frozen=True)
class Request:
    """What was asked of `measure`, as it was written."""

    model: Any
    data: Any
    symmetry: Any
    measure: Any
    output: Any
    definition: str | Definition
    samples: int | None
    batch_size: int | None
    device: Any
    seed: int
    progress: bool | None
    control: bool | str = True
    elements: int | None = None
    sampling: str = "haar"
    padding: str | None = None
    preprocessing: dict[str, Any] | None = None


CONTROLS = ("displacement", "untrained", "wrong-group", "none")
_NOT_DATA = (bool, int, float, complex, bytes, bytearray, type, type(None))


def _model(value: Any) -> Any:
    if isinstance(value, str | os.PathLike):
        return path.read(value)
    if isinstance(value, type) or not (callable(value) or isinstance(value, LoadedModel)):
        raise SymmeterError(f"a model is an nn.Module, another callable or a name, not {shown(value)}")
    return value


def _data(value: Any) -> Any:
    if isinstance(value, _NOT_DATA):
        raise SymmeterError(
            f"images cannot come from {type(value).__name__}; give a tensor, a Dataset or a path"
        )
    return path.read(value) if isinstance(value, str | os.PathLike) else value


def _symmetry(value: Any) -> Any:
    parts = (value,) if isinstance(value, str | Generator | Group | Symmetry) else _symmetries.read(value)
    for one in parts:
        if isinstance(one, Symmetry):
            members = [(one.generators, Generator), (one.groups, Group)]
            if not all(isinstance(each, kind) for each_of, kind in members for each in each_of):
                raise SymmeterError(f"symmetry {one.name!r}: generators and groups are objects, not names; "
                                    "parse_group('C4') and GENERATORS['rotation'] give them")  # fmt: skip
            for rho in (one.rho_in, one.rho_out):
                if rho is not None and not isinstance(rho, Representation):
                    raise SymmeterError(f"symmetry {one.name!r}: {shown(rho)} is no representation")
    return value if isinstance(value, str | Generator | Group | Symmetry) else list(parts)


def _definition(value: Any) -> Any:
    return parse_definition(value if isinstance(value, Definition) else word.read(value))


def _output(value: Any) -> str:
    return word.read(value) if isinstance(value, str) else ",".join(several("names", word).read(value))


def _measure(value: Any) -> Any:
    return value if isinstance(value, str | Measure) else list(_measures.read(value))


def _device(value: Any) -> Any:
    if not isinstance(value, str | torch.device):
        return whole(0, 7).read(value)  # a GPU by its number, as in torch
    if str(value).startswith("meta"):
        raise ValueError
    return value


def _control(value: Any) -> Any:
    return value if isinstance(value, str) else truth.read(value)


def _layouts(value: Any) -> dict[Any, str]:
    if not isinstance(value, Mapping):
        raise TypeError
    for key, layout in value.items():
        if not isinstance(key, str | type) or not isinstance(layout, str):
            raise SymmeterError(f"layouts has {shown(key)}: {shown(layout)}; give a module's name, a glob or a class, "
                                "and one word such as 'channels_first'")  # fmt: skip
    return dict(value)


_symmetries = several("symmetries", instance("a symmetry", str, Generator, Group, Symmetry))
_measures = several("measures", instance("a measure", str, Measure))


def _floats(value: Any) -> Any:
    return several("numbers", number()).read(value) if hasattr(value, "__len__") else number().read(value)


def _sizes(value: Any) -> Any:
    if not hasattr(value, "__len__"):
        return whole(1).read(value)
    sizes = several("sizes", whole(1)).read(value)
    if len(sizes) > 2:
        raise ValueError
    return sizes


PREPROCESSING: Kinds = {
    "img_size": Kind("a whole number, at least 1, or two: height and width", _sizes),
    "crop_pct": number(0.0),
    "mean": Kind("a number, or one a channel", _floats),
    "std": Kind("a number, or one a channel", _floats),
    "interpolation": word,
}

# What the arguments of all verbs may be, by name. `symmeter.verbs.verb` sees to it.
ARGUMENTS: Kinds = {
    "model": Kind("an nn.Module, another callable, or a name such as 'timm:resnet50'", _model),
    "data": Kind("a tensor, a Dataset or a path", _data),
    "symmetry": Kind("names such as 'rotation,C4', generators, groups, or a list of them", _symmetry),
    "measure": Kind("names such as 'lee', measures, or a list of them", _measure).or_none(
        "for the usual ones"
    ),
    "output": Kind("a name such as 'logits', or several", _output),
    "definition": Kind("a name such as 'bandlimited'", _definition),
    "samples": whole(1).or_none("for all images"),
    "batch_size": whole(1, 31).or_none("to choose by speed and memory"),
    "device": Kind("a device such as 'cpu' or 'cuda'", _device).or_none("for where the model is"),
    "seed": seed,
    "progress": truth.or_none("for only on a terminal"),
    "control": Kind("True, False, or one of " + ", ".join(CONTROLS), _control),
    "elements": whole(2, 31).or_none("for all of up to 256, else 64"),
    "sampling": choice("sampling", SAMPLING),
    "padding": choice("padding", PADDINGS).or_none("for the definition's own"),
    "preprocessing": options("preprocessing", PREPROCESSING).or_none("for the model's own"),
    "layouts": Kind("a dictionary {module: layout}", _layouts).or_none("to follow them from the image"),
    "probes": whole(0),
    "tolerance": number(0.0, "a number, at least 0").or_none("for round-off"),
}


def control_mode(control: bool | str) -> str:
    """The name of a control; SymmeterError with the choices for an unknown one."""
    mode = {True: "displacement", False: "none"}.get(control, control)  # type: ignore[arg-type]
    if mode not in CONTROLS:
        raise SymmeterError(f"unknown control {control!r}; choose from {', '.join(CONTROLS)}")
    return str(mode)


def check_measures(what: Any, symmetry: Symmetry) -> tuple[list[DerivativeMeasure], list[OrbitMeasure]]:
    """The measures along generators, and those over groups; SymmeterError where one has nothing to measure."""
    if what is None:
        what = ["lee"] * bool(symmetry.generators) + ["geed"] * bool(symmetry.groups)
    measures = parse_measures(what)
    along = [m for m in measures if isinstance(m, DerivativeMeasure)]
    over = [m for m in measures if isinstance(m, OrbitMeasure)]
    if along and not symmetry.generators:
        raise SymmeterError(f"measure {along[0].name!r} needs generators such as rotation, and {symmetry.name} is a "
                            "group: leave the measure out for geed, or choose another")  # fmt: skip
    if over and not symmetry.groups:
        raise SymmeterError(f"measure {over[0].name!r} needs a group such as C4, shift(8) or SO2, and {symmetry.name} "
                            "has generators only; leave the measure out for lee")  # fmt: skip
    if symmetry.generators and not along:
        raise SymmeterError(
            f"no measure for {symmetry.generators[0].name}: add lee, or leave that symmetry out"
        )
    if symmetry.groups and not over:
        raise SymmeterError(f"no measure for {symmetry.groups[0].name}: add geed, or leave that symmetry out")
    return along, over
