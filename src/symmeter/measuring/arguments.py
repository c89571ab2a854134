"""Of which kind the arguments of all verbs are."""

import os
from collections.abc import Mapping
from typing import Any

import torch

from symmeter.domain import Domain
from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.measures.measure import Measure
from symmeter.measuring.plan import CONTROLS
from symmeter.models.hub import is_model
from symmeter.models.loaded import LoadedModel
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.sampling import read_sampling
from symmeter.symmetry.hypothesis import Symmetry
from symmeter.verbs.arguments import (
    Kind,
    Kinds,
    above,
    anything,
    instance,
    number,
    path,
    seed,
    several,
    shown,
    truth,
    whole,
    word,
)

_NOT_DATA = (bool, int, float, complex, bytes, bytearray, type, type(None))


def _model(value: object) -> object:
    if isinstance(value, str | os.PathLike):
        return path.read(value)
    known = callable(value) or isinstance(value, LoadedModel) or is_model(value)
    if isinstance(value, type) or not known:
        raise SymmeterError(f"a model is an nn.Module, another callable or a name, not {shown(value)}")
    return value


def _data(value: object) -> object:
    if isinstance(value, _NOT_DATA):
        raise SymmeterError(
            f"data cannot come from {type(value).__name__}; give a tensor, a Dataset or a path"
        )
    return path.read(value) if isinstance(value, str | os.PathLike) else value


def _symmetry(value: object) -> object:
    alone = isinstance(value, str | Generator | Group | Symmetry)
    return value if alone else list(_symmetries.read(value))


def _name_or_object(value: object) -> object:
    return word.read(value) if isinstance(value, str) else value


def _output(value: object) -> object:
    if isinstance(value, Mapping):
        return {word.read(name): word.read(action) for name, action in value.items()}
    return word.read(value) if isinstance(value, str) else ",".join(several("names", word).read(value))


def _measure(value: object) -> object:
    return value if isinstance(value, str | Measure) else list(_measures.read(value))


def _device(value: object) -> object:
    if not isinstance(value, str | torch.device):
        return whole(0, 7).read(value)  # a GPU by its number, as in torch
    if str(value).startswith("meta"):
        raise ValueError
    return value


def _control(value: object) -> object:
    return value if isinstance(value, str) else truth.read(value)


def _layouts(value: object) -> dict[object, str]:
    if not isinstance(value, Mapping):
        raise TypeError
    for key, layout in value.items():
        if not isinstance(key, str | type) or not isinstance(layout, str):
            raise SymmeterError(
                f"layouts has {shown(key)}: {shown(layout)}; give a module's name, a glob or a class, "
                "and one word such as 'channels_first'"
            )
    return dict(value)


_symmetries = several("symmetries", instance("a symmetry", str, Generator, Group, Symmetry))
_measures = several("measures", instance("a measure", str, Measure))
_words = several("words", instance("a word", str))


def _mapping(value: object) -> dict[str, object]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TypeError
    return dict(value)


def _preprocessing(value: object) -> object:
    if isinstance(value, str):
        return word.read(value)
    return value if callable(value) and not isinstance(value, type) else _mapping(value)


def _inputs(value: Any) -> object:
    if isinstance(value, str):
        return word.read(value)
    if isinstance(value, Mapping):
        _words.read(value.values())
        return dict(value)
    return _words.read(value)


def _domain(value: object) -> type[Domain]:
    if isinstance(value, type) and issubclass(value, Domain):
        return value
    return find_domain(word.read(value))


def _sampling(value: object) -> str:
    text = word.read(value)
    read_sampling(text)
    return text


# What the arguments of all verbs may be, by name. `symmeter.verbs.verb` sees to it.
ARGUMENTS: Kinds = {
    "model": Kind("an nn.Module, another callable, or a name such as 'timm:resnet50'", _model),
    "data": Kind("a tensor, a Dataset or a path", _data),
    "symmetry": Kind("names such as 'rotation,C4', generators, groups, or a list of them", _symmetry),
    "measure": Kind("names such as 'lee', measures, or a list of them", _measure).or_none(
        "for the usual ones"
    ),
    "output": Kind("a name such as 'logits', or several", _output),
    "definition": Kind("a name such as 'bandlimited'", _name_or_object),
    "samples": whole(1).or_none("for all images"),
    "batch_size": whole(1, 31).or_none("to choose by size and memory"),
    "device": Kind("a device such as 'cpu' or 'cuda'", _device).or_none("for where the model is"),
    "seed": seed,
    "progress": truth.or_none("for only on a terminal or in a notebook"),
    "control": Kind("True, False, or one of " + ", ".join(CONTROLS), _control),
    "elements": whole(2, 17).or_none("for all of up to 256, else 64, of SO3 120 and of O3 240"),
    "sampling": Kind("a word such as 'haar'", _sampling),
    "precision": above(0.0).or_none("for all images"),
    "preprocessing": Kind(
        "a dictionary such as {'img_size': 224}, a callable from a PIL image to a tensor, or its name",
        _preprocessing,
    ).or_none("for the model's own"),
    "domain": Kind("a kind of data, such as 'images'", _domain).or_none("to see it from the data"),
    "inputs": Kind("a word such as 'points', or one for each input: {leaf: word}", _inputs).or_none(
        "for one input"
    ),
    "labels": anything.or_none("for none, or those in the data"),
    "average": several("numbers of elements, such as (2, 4, 12)", whole(2, 16), least=0).or_none("for none"),
    "options": Kind("options of the kind of data", _mapping),
    "layouts": Kind("a dictionary {module: layout}", _layouts).or_none("to follow them from the image"),
    "probes": whole(0),
    "tolerance": number(0.0, "a number, at least 0").or_none("for round-off"),
}
