"""Names of networks: the forms they have, what there is, and what a wrong one may have meant."""

import contextlib
import fnmatch
from collections.abc import Iterable

from symmeter.errors import SymmeterError, nearest
from symmeter.optional import require

FORMS = "timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable or FILE.py:callable"
HUBS = ("timm", "torchvision", "hf")


def list_models(pattern: str | None = None) -> list[str]:
    """Specs of timm's and torchvision's networks that match `pattern` (* and ?), or contain it (neither).

    A pattern with a dot is matched against timm's names with their pretrained tags: "resnet50.*".

    >>> list_models("resnet1?")
    ['timm:resnet18', 'torchvision:resnet18']
    """
    timm = require("timm", "vision")
    pattern = pattern or "*"
    names = timm.list_pretrained() if "." in pattern else timm.list_models()
    specs = [f"timm:{name}" for name in names]
    specs += [f"torchvision:{name}" for name in torchvision_names()]
    if not set(pattern) & set("*?["):
        pattern = f"*{pattern}*"
    return [spec for spec in specs if _matches(spec, pattern)]


def _matches(spec: str, pattern: str) -> bool:
    """Whether a spec fits a pattern, with its prefix or without."""
    _, _, name = spec.partition(":")
    return fnmatch.fnmatch(spec, pattern) or fnmatch.fnmatch(name, pattern)


def torchvision_names() -> list[str]:
    """torchvision's classifiers; its detectors and segmenters live in modules of their own."""
    models = require("torchvision", "vision").models
    return models.list_models(module=models)


def unknown_name(spec: str, names: Iterable[str]) -> SymmeterError:
    """The error for a name that its hub does not have; `names` are those that it has."""
    prefix, _, _ = spec.partition(":")
    hint = nearest(spec, [f"{prefix}:{name}" for name in names])
    hint = hint or "; `symmeter list models` names them all"
    return SymmeterError(f"unknown model {spec!r}{hint}")


def unknown_form(spec: str) -> SymmeterError:
    """The error for a spec of no known form, with one that it may have meant.

    >>> print(unknown_form("resnet50"))
    unknown model 'resnet50': MODEL is timm:NAME, ...; did you mean 'timm:resnet50'?
    """
    return SymmeterError(f"unknown model {spec!r}: MODEL is {FORMS}{_hint(spec)}")


def _hint(spec: str) -> str:
    """What a name without its prefix, or one whose prefix is misspelt, may have meant."""
    prefix, colon, name = spec.partition(":")
    if colon:
        close = nearest(prefix, HUBS)
        return close.replace("'?", f":{name}'?") if "mean" in close else ""
    with contextlib.suppress(SymmeterError):  # a hub that is not installed
        if require("timm", "vision").is_model(spec):
            return f"; did you mean 'timm:{spec}'?"
        if spec in torchvision_names():
            return f"; did you mean 'torchvision:{spec}'?"
    return ""
