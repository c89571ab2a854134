"""Where networks come from: timm, torchvision, transformers, ONNX files, and a user's own code or object."""

from symmeter.models.fresh import untrained
from symmeter.models.from_onnx import OnnxModel
from symmeter.models.load import describe, load_model
from symmeter.models.loaded import LoadedModel
from symmeter.models.names import forms, list_models
from symmeter.models.spec import parse_model_kwargs

__all__ = [
    "LoadedModel",
    "OnnxModel",
    "describe",
    "forms",
    "list_models",
    "load_model",
    "parse_model_kwargs",
    "untrained",
]
