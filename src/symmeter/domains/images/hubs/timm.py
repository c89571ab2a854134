"""timm's networks, `timm:NAME` or `timm:NAME.TAG`."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from symmeter.domains.images.inputs import preprocessing_of
from symmeter.errors import SymmeterError
from symmeter.models.hub import Hub, unknown_name
from symmeter.models.loaded import LoadedModel, finish
from symmeter.models.spec import RANDOM, ModelSpec, building
from symmeter.models.weights import in_torch_cache
from symmeter.optional import require


class Timm(Hub):
    """More than a thousand image networks, many with several trained weights, which their tags name."""

    def load(self, spec: ModelSpec) -> LoadedModel:
        """In eval mode, with its own preprocessing; `img_size` among the keyword arguments changes that too."""
        timm = require("timm", "vision")
        self._configuration(spec.name, spec.text)
        if spec.pretrained and not timm.is_model_pretrained(spec.name):
            raise SymmeterError(f"{spec.text}: timm has no pretrained weights for it; {RANDOM}")
        with building(spec, "its pretrained weights" if spec.pretrained else ""):
            model = timm.create_model(spec.name, pretrained=spec.pretrained, **spec.kwargs)
        loaded = finish(spec, model.eval(), f"pretrained {model.pretrained_cfg.get('tag') or ''}".strip())
        preprocessing = preprocessing_of(loaded)
        if size := spec.kwargs.get("img_size"):
            preprocessing = preprocessing.override(img_size=size)
        return replace(loaded, preprocessing=preprocessing)

    def transform(self, name: str) -> object:
        """timm's own transform of evaluation."""
        data = require("timm", "vision").data
        known = self._configuration(name, f"timm:{name}").to_dict()
        return data.create_transform(**data.resolve_data_config(pretrained_cfg=known))

    def _configuration(self, name: str, text: str) -> Any:
        """timm's configuration of a name; SymmeterError, for what was written as `text`, where it has none."""
        timm = require("timm", "vision")
        if not timm.is_model(name):
            raise unknown_name(text, [*timm.list_models(), *timm.list_pretrained()])
        try:
            return timm.models.get_pretrained_cfg(name)
        except RuntimeError as error:
            raise unknown_name(text, timm.list_pretrained(name.partition(".")[0] + ".*")) from error

    def names(self, tagged: bool = False, trained: bool = False) -> Iterable[str]:
        timm = require("timm", "vision")
        if tagged:
            return timm.list_pretrained()
        if not trained:
            return timm.list_models()
        return sorted({name.partition(".")[0] for name in timm.list_models(pretrained=True)})

    def downloaded(self, name: str) -> Path | None:
        """In the cache of the Hugging Face hub or, of those that are hosted elsewhere, in that of torch."""
        known = self._configuration(name, f"timm:{name}")
        if known.hf_hub_id:
            cache = require("huggingface_hub", "vision")
            files = (known.hf_hub_filename, "model.safetensors", "pytorch_model.bin")
            found = [cache.try_to_load_from_cache(known.hf_hub_id, file) for file in files if file]
            return next((Path(file) for file in found if isinstance(file, str)), None)
        return in_torch_cache(known.url or "")

    def has(self, name: str) -> bool:
        return require("timm", "vision").is_model(name)
