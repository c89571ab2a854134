"""torchvision's classifiers, `torchvision:NAME` or `torchvision:NAME.WEIGHTS`."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.models.hub import Hub, unknown_name
from symmeter.models.loaded import LoadedModel, finish
from symmeter.models.spec import ModelSpec, building
from symmeter.models.weights import in_torch_cache
from symmeter.optional import require


class Torchvision(Hub):
    """torchvision's classifiers; its detectors and segmenters live in modules of their own."""

    def load(self, spec: ModelSpec) -> LoadedModel:
        """In eval mode, with the preprocessing of the weights that are named, or of the default ones."""
        torchvision = require("torchvision", "vision")
        name, _, tag = spec.name.partition(".")
        known = self._weights(spec.name, spec.text)
        kwargs = spec.kwargs
        if name in ("googlenet", "inception_v3") and not spec.pretrained:
            kwargs = {"init_weights": spec.untrained} | kwargs  # it warns when this is left open
        chosen = known[tag or "DEFAULT"] if spec.pretrained else None
        with building(spec, "its pretrained weights" if spec.pretrained else ""):
            model = torchvision.models.get_model(name, weights=chosen, **kwargs)
        loaded = finish(spec, model.eval(), f"pretrained {chosen.name if chosen else ''}")
        preprocessing = Preprocessing.from_torchvision(name, tag or "DEFAULT")
        classes = {"num_classes": spec.kwargs.get("num_classes", 1000)}
        return replace(loaded, preprocessing=preprocessing, info=loaded.info | classes)

    def transform(self, name: str) -> object:
        """The transform that belongs to the weights, by default the best ones."""
        return self._weights(name, f"torchvision:{name}")[name.partition(".")[2] or "DEFAULT"].transforms()

    def downloaded(self, name: str) -> Path | None:
        """In torch's cache."""
        known = self._weights(name, f"torchvision:{name}")
        return in_torch_cache(known[name.partition(".")[2] or "DEFAULT"].url)

    def _weights(self, full_name: str, text: str) -> Any:
        """All weights of `NAME` or `NAME.WEIGHTS`; SymmeterError, for what was written as `text`, for another name."""
        name, _, tag = full_name.partition(".")
        names = list(self.names())
        if name not in names:
            raise unknown_name(text, names)
        known = require("torchvision", "vision").models.get_model_weights(name)
        if tag and tag not in known.__members__:
            raise unknown_name(text, [f"{name}.{member}" for member in known.__members__])
        return known

    def names(self, tagged: bool = False, trained: bool = False) -> Iterable[str]:
        models = require("torchvision", "vision").models
        return models.list_models(module=models)
