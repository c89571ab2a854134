"""What kind of images a network takes: from what its source, its configuration or its first layer say."""

from typing import Any

from symmeter.domains.images.entrance import entrance
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.models.from_onnx import OnnxModel
from symmeter.models.loaded import LoadedModel


def preprocessing_of(loaded: LoadedModel) -> Any:
    """How images become inputs of a network; `unknown`, with its channels, where nothing tells."""
    if loaded.preprocessing is not None:
        return loaded.preprocessing
    return _preprocessing_of(loaded.model, loaded.name)


def _preprocessing_of(model: Any, name: str) -> Preprocessing:
    """The same for a model of whatever library."""
    if isinstance(model, OnnxModel):
        source = f"{name.rpartition('/')[2]}: size from its input; no normalisation known: pixels in [0, 1]"
        return Preprocessing(size=model.input_size, channels=model.channels, source=source)
    inputs = entrance(model)
    config = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None)
    if isinstance(config, dict) and "input_size" in config:
        own = Preprocessing.from_timm(model if hasattr(model, "pretrained_cfg") else config)
        return own.for_inputs(inputs.channels, inputs.axes)
    return Preprocessing.unknown(inputs.channels, inputs.axes)
