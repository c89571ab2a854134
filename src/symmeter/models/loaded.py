"""A network with what is known of it: the end of every way in."""

from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy

from symmeter.models.spec import ModelSpec
from symmeter.models.weights import file_tag, fit_weights, read_weights


@dataclass(frozen=True)
class LoadedModel:
    """A network (nn.Module or another callable) and what it is (`info`, for JSON).

    `info` has name, family, parameters (None where they cannot be counted) and weights: where they come from, or the
    name of their file, which then has its SHA-256 in weights_sha256. The spec that was asked for is in spec, with the
    whole path of a file of which `name` has the last part only. `preprocessing` says how its inputs are made, in
    whatever form its kind of data has for that; None where the source of the network said nothing. `notes` are what a
    result has to say of how it was loaded.
    """

    model: Any  # whatever can be called
    name: str
    info: dict[str, Any]
    preprocessing: Any = None
    notes: tuple[str, ...] = ()


def describe_object(model: object, name: str, **known: str) -> LoadedModel:
    """What a network tells of itself, and what is `known` besides."""
    package, *_, last = type(model).__module__.split(".") * 2
    family = {"timm": last, "torchvision": "torchvision", "transformers": "hf"}.get(package, "callable")
    info: dict[str, Any] = {"name": name, **known, "family": family, "parameters": None}
    if isinstance(model, nn.Module):
        info["parameters"] = sum(p.numel() for p in model.parameters() if not is_lazy(p))
    if isinstance(classes := getattr(model, "num_classes", None), int):
        info["num_classes"] = classes
    return LoadedModel(model, name, info)


def finish(spec: ModelSpec, model: nn.Module, weights: str, name: str | None = None) -> LoadedModel:
    """Load the weights file, if one is given, and describe the network; without one it has `weights`."""
    tag = {"weights": "untrained" if spec.untrained else weights}
    if spec.weights is not None:
        fit_weights(model, read_weights(spec.weights), spec.weights)
        tag = file_tag(spec.weights)
    return describe_object(model, name or spec.text, spec=spec.text, **tag)
