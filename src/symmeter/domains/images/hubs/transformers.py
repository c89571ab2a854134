"""transformers' image networks, `hf:NAME` or `hf:FOLDER`."""

import contextlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from symmeter.domains.images.inputs import preprocessing_of
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError, shortened
from symmeter.models.hub import Hub
from symmeter.models.loaded import LoadedModel, finish
from symmeter.models.spec import RANDOM, ModelSpec, building
from symmeter.optional import require

_WITH_HEAD = (
    "AutoModelForImageClassification",
)  # of the classes that code of the hub's may bring; else AutoModel
_NAME = "check the name, or give a local folder with its files"
Report = Mapping[str, Sequence]  # of loading weights: names that are missing, unexpected or of another shape


class Transformers(Hub):
    """The networks for images of transformers, by a name on its hub or a folder with its files."""

    has_code = True

    def load(self, spec: ModelSpec) -> LoadedModel:
        """The class that the config names, with all of its weights. Code of the hub's only runs where that is wanted.

        Weights that the files lack are an error, for they would be drawn at random; weights that they have beyond those
        of the class are said. Of a network for images and text the part for images is taken.
        """
        transformers = require("transformers", "hf")
        folder = Path(spec.name).expanduser()
        local = folder.is_dir()
        name = str(folder) if local else spec.name
        if local and not (folder / "config.json").is_file():
            raise SymmeterError(f"{spec.text}: no config.json in this folder")
        if not local and (folder.is_absolute() or spec.name.startswith((".", "~"))):
            raise SymmeterError(f"{spec.text}: no such folder")
        way_out = RANDOM if local else _NAME
        with building(spec, "" if local else "its files", way_out), _quiet(transformers):
            kind, config = _named(spec, name, transformers)
            report: Report = {}
            if spec.pretrained:
                options = {"config": config, "dtype": torch.float32}
                options["trust_remote_code"] = spec.trust_remote_code
                # for `_notes` to refuse by name
                options |= {"output_loading_info": True, "ignore_mismatched_sizes": True}
                model, report = kind.from_pretrained(name, **options)
            else:
                build = getattr(kind, "from_config", None) or kind._from_config
                model = build(config, **({"trust_remote_code": True} if spec.trust_remote_code else {}))
            preprocessing = Preprocessing.from_hf(name)
        notes = _notes(spec, model, report)
        whole = type(model).__name__
        if not _takes_images(model):
            first = next(iter(inspect.signature(model.forward).parameters))
            model = getattr(model, "vision_model", None)
            if model is None or not _takes_images(model):
                raise SymmeterError(f"{spec.text}: this network takes {first}, not images")
            notes.append(f"{spec.text}: of {whole} the part for images is measured, its vision_model")
        loaded = finish(spec, model.eval(), f"pretrained {folder.name if local else name}")
        taken = preprocessing_of(loaded)
        info = loaded.info | {"architecture": whole}
        if "ForImageClassification" in whole:
            info["num_classes"] = config.num_labels
        preprocessing = preprocessing.for_inputs(taken.channels, taken.axes)
        return replace(loaded, preprocessing=preprocessing, info=info, notes=tuple(notes))

    def transform(self, name: str) -> object:
        """The image processor of a folder or a name."""
        transformers = require("transformers", "hf")
        folder = Path(name).expanduser()
        spec = ModelSpec(f"hf:{name}", name, None, {}, untrained=False)
        with building(spec, "" if folder.is_dir() else "its image processor", _NAME), _quiet(transformers):
            place = str(folder) if folder.is_dir() else name
            return transformers.AutoImageProcessor.from_pretrained(place, trust_remote_code=False)


def _named(spec: ModelSpec, name: str, transformers: Any) -> tuple[Any, Any]:
    """The class that a config names (`AutoModel` where it names none, or one of the hub's code), and the config."""
    options = spec.kwargs | {"trust_remote_code": spec.trust_remote_code, "return_unused_kwargs": True}
    config, unused = transformers.AutoConfig.from_pretrained(name, **options)
    word = next(iter(config.architectures or ()), None)
    if spec.trust_remote_code:
        brought = getattr(config, "auto_map", None)
        if not brought:
            raise SymmeterError(f"{spec.text}: it brings no code; leave --trust-remote-code out")
        word = next(filter(brought.__contains__, _WITH_HEAD), "AutoModel")
    kind = transformers.AutoModel if word is None else getattr(transformers, word, None)
    if kind is None:
        version = transformers.__version__
        raise SymmeterError(
            f"{spec.text}: its config names {word}, which transformers {version} does not have; "
            "to run code of the hub's, say --trust-remote-code"
        )
    own = getattr(kind, "config_class", None)
    # a part of a network, in the config of the whole
    if isinstance(own, type) and not isinstance(config, own):
        config, unused = own.from_pretrained(name, **options)  # type: ignore[attr-defined]
    if unknown := sorted(set(unused) - {"trust_remote_code"}):
        raise SymmeterError(f"{spec.text}: --model-kwargs {unknown[0]}: its config knows no such setting")
    return kind, config


def _notes(spec: ModelSpec, model: nn.Module, report: Report) -> list[str]:
    """What is to be said of the weights and of the head; SymmeterError for weights that would be random."""
    kind, text = type(model).__name__, spec.text
    mismatched = (key[0] if isinstance(key, tuple) else key for key in report.get("mismatched_keys", ()))
    missing = sorted({*report.get("missing_keys", ()), *mismatched})
    # of a bare network, beside what is measured
    pooler = [key for key in missing if key.startswith("pooler.")]
    if lacking := [key for key in missing if key not in pooler]:
        shown = shortened(lacking)
        raise SymmeterError(
            f"{text}: its files lack {len(lacking)} weights of {kind} ({shown}), which would be random"
        )
    notes = []
    if pooler:
        notes.append(f"{text}: its files lack the pooler, whose output is random; last_hidden_state is not")
    if extra := sorted(report.get("unexpected_keys", ())):
        notes.append(
            f"{text}: {kind} has no place for {len(extra)} weights of its files ({shortened(extra)}): "
            "if they are a head, it is not measured"
        )
    if kind.endswith("Model"):
        notes.append(f"{text}: {kind} has no head: what is measured as its output is no class scores")
    return notes


def _takes_images(model: nn.Module) -> bool:
    """Whether the first thing that a forward pass takes is images (`inputs` can be many things, they among them)."""
    names = list(inspect.signature(model.forward).parameters)
    return names[0] == "pixel_values" or (names[0] == "inputs" and "pixel_values" in names)


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
