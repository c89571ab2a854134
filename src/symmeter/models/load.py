"""The ways in: from the name of a network, and from a network that is there already."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from symmeter.errors import SymmeterError
from symmeter.models.behind import as_module, name_of
from symmeter.models.from_code import load_code
from symmeter.models.from_onnx import OnnxModel, describe_onnx, load_onnx
from symmeter.models.hub import Hub, hubs, is_model
from symmeter.models.loaded import LoadedModel, describe_object
from symmeter.models.names import names_code, unknown_form
from symmeter.models.spec import ModelSpec
from symmeter.verbs.arguments import Kind, instance, path, truth
from symmeter.verbs.arguments import seed as SEED
from symmeter.verbs.verb import verb


@verb(
    spec=Kind(
        "the name of a MODEL, such as timm:resnet50", lambda value: value if value == "" else path.read(value)
    ),
    weights=path.or_none("for the model's own"),
    untrained=truth,
    seed=SEED,
    model_kwargs=instance("a dictionary {argument: value}", Mapping).or_none("for none"),
    trust_remote_code=truth,
)
def load_model(
    spec: str,
    *,
    weights: str | None = None,
    model_kwargs: dict[str, Any] | None = None,
    untrained: bool = False,
    seed: int = 0,
    trust_remote_code: bool = False,
) -> LoadedModel:
    """Build the network that `spec` names (`symmeter.models.forms` says how) with pretrained, given or random weights.

    `trust_remote_code`: code that comes with a network of a hub may run; without it none does, and it is no argument
    of `model_kwargs`.

    Random numbers are drawn under `seed` and torch's global generator is left as it was. Networks from timm,
    torchvision and transformers come in eval mode, a user's own as it is. Raises SymmeterError, in one line,
    for everything that can be wrong with a name, a file, or the network connection.

    >>> load_model("torch.nn:Linear", model_kwargs={"in_features": 2, "out_features": 3}).info["parameters"]
    9
    """
    prefix, colon, name = spec.partition(":")
    asked = ModelSpec(spec, name, weights, dict(model_kwargs or {}), untrained, trust_remote_code)
    if weights is not None and untrained:
        raise SymmeterError("--weights and --untrained contradict each other: give one of them")
    known = hubs()
    if trust_remote_code and not (colon and prefix in known and known[prefix].has_code):
        raise SymmeterError(
            f"--trust-remote-code is for {_with_code(known)}, and {spec} brings none; leave it out"
        )
    if colon and prefix in known:
        load = known[prefix].load
        if "trust_remote_code" in asked.kwargs:
            raise SymmeterError(
                "--model-kwargs trust_remote_code: this is a flag of its own, --trust-remote-code"
            )
        if given := sorted({"pretrained", "weights", "checkpoint_path"} & set(asked.kwargs)):
            raise SymmeterError(f"--model-kwargs {given[0]}: say --weights FILE or --untrained instead")
    elif spec.lower().endswith(".onnx"):
        load = load_onnx
    elif names_code(spec):
        load = load_code
    else:
        raise unknown_form(spec)
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices):
        torch.default_generator.manual_seed(seed)
        loaded = load(asked)
    return replace(loaded, info=loaded.info | {"seed": seed}) if untrained else loaded


def _with_code(known: Mapping[str, Hub]) -> str:
    """The hubs whose networks may bring code."""
    return " or ".join(f"{prefix}:NAME" for prefix, hub in known.items() if hub.has_code)


def describe(model: object) -> LoadedModel:
    """A user's nn.Module or callable as a LoadedModel.

    >>> describe(torch.nn.Linear(2, 3)).info
    {'name': 'Linear', 'weights': 'as given', 'family': 'callable', 'parameters': 9}
    """
    if isinstance(model, LoadedModel):
        return model
    if isinstance(model, OnnxModel):
        return describe_onnx(model)
    if is_model(model):
        return describe_object(model, name_of(model), weights="as given")
    if not callable(model):
        raise SymmeterError(f"a model is an nn.Module or another callable, not {type(model).__name__}")
    return describe_object(as_module(model), name_of(model), weights="as given")
