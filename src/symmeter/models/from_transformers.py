"""transformers' image networks, `hf:NAME` or `hf:FOLDER`."""

import contextlib
import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from symmeter.errors import SymmeterError
from symmeter.models.loaded import LoadedModel, finish
from symmeter.models.request import RANDOM, Request, building
from symmeter.optional import require
from symmeter.preprocessing import Preprocessing


def load_transformers(request: Request) -> LoadedModel:
    """The classifier where the config names one, else the bare network. No code of the hub's is run."""
    transformers = require("transformers", "hf")
    folder = Path(request.name).expanduser()
    local = folder.is_dir()
    name = str(folder) if local else request.name
    if local and not (folder / "config.json").is_file():
        raise SymmeterError(f"{request.spec}: no config.json in this folder")
    if not local and (folder.is_absolute() or request.name.startswith((".", "~"))):
        raise SymmeterError(f"{request.spec}: no such folder")
    way_out = RANDOM if local else "check the name, or give a local folder with its files"
    lacking: set[str] = set()
    with building(request, "" if local else "its files", way_out), _quiet(transformers):
        options = {"trust_remote_code": False, "return_unused_kwargs": True} | request.kwargs
        config, unused = transformers.AutoConfig.from_pretrained(name, **options)
        if unknown := sorted(set(unused) - {"trust_remote_code"}):
            raise SymmeterError(
                f"{request.spec}: --model-kwargs {unknown[0]}: its config knows no such setting"
            )
        heads = [a for a in config.architectures or () if a.endswith("ForImageClassification")]
        kind = transformers.AutoModelForImageClassification if heads else transformers.AutoModel
        if request.pretrained:
            options = {"config": config, "trust_remote_code": False, "dtype": torch.float32}
            model, report = kind.from_pretrained(name, output_loading_info=True, **options)
            lacking = {key for key in report["missing_keys"] if not key.startswith("pooler.")}
        else:
            model = kind.from_config(config, trust_remote_code=False)
        preprocessing = Preprocessing.from_hf(name)
    if lacking:
        raise SymmeterError(
            f"{request.spec}: its files lack {len(lacking)} weights ({sorted(lacking)[0]}, ...)"
        )
    model = getattr(model, "vision_model", model)  # of a network for images and text
    if (first := next(iter(inspect.signature(model.forward).parameters))) != "pixel_values":
        raise SymmeterError(f"{request.spec}: this network takes {first}, not images")
    loaded = finish(request, model.eval(), f"pretrained {folder.name if local else name}")
    classes = {"num_classes": config.num_labels} if heads else {}
    return replace(loaded, preprocessing=preprocessing, info=loaded.info | classes)


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """transformers without progress bars and load reports; what matters in them is checked here."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()
