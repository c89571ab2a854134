"""A network with what is known of it: the end of every way in."""

from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.parameter import is_lazy

from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.models.entrance import entrance
from symmeter.models.spec import Request
from symmeter.models.weights import file_tag, fit_weights, read_weights


@dataclass(frozen=True)
class LoadedModel:
    """A network (nn.Module or another callable), how its inputs are made, what it is (`info`, for JSON).

    `info` has name, family, parameters (None where they cannot be counted) and weights: where they come from,
    or the name of their file, which then has its SHA-256 in weights_sha256. The spec that was asked for is in
    spec, with the whole path of a file of which `name` has the last part only. `notes` are what a result has to say of
    how it was loaded.
    """

    model: Any
    name: str
    preprocessing: Preprocessing
    info: dict[str, Any]
    notes: tuple[str, ...] = ()


def describe_object(model: Any, name: str, **known: str) -> LoadedModel:
    """What a network tells of itself, and what is `known` besides; timm's tell their preprocessing."""
    package, *_, last = type(model).__module__.split(".") * 2
    family = {"timm": last, "torchvision": "torchvision", "transformers": "hf"}.get(package, "callable")
    inputs = entrance(model)
    preprocessing = Preprocessing.unknown(inputs.channels, inputs.axes)
    config = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None)
    if isinstance(config, dict) and "input_size" in config:
        own = Preprocessing.from_timm(model if hasattr(model, "pretrained_cfg") else config)
        preprocessing = own.for_inputs(inputs.channels, inputs.axes)
    info: dict[str, Any] = {"name": name, **known, "family": family, "parameters": None}
    if isinstance(model, nn.Module):
        info["parameters"] = sum(p.numel() for p in model.parameters() if not is_lazy(p))
    if isinstance(classes := getattr(model, "num_classes", None), int):
        info["num_classes"] = classes
    return LoadedModel(model, name, preprocessing, info)


def finish(request: Request, model: nn.Module, weights: str, name: str | None = None) -> LoadedModel:
    """Load the weights file, if one is given, and describe the network; without one it has `weights`."""
    tag = {"weights": "untrained" if request.untrained else weights}
    if request.weights is not None:
        fit_weights(model, read_weights(request.weights), request.weights)
        tag = file_tag(request.weights)
    return describe_object(model, name or request.spec, spec=request.spec, **tag)
