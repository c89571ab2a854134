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
    names = timm.list_pretrained() if "." in (pattern or "") else timm.list_models()
    specs = [f"timm:{name}" for name in names]
    specs += [f"torchvision:{name}" for name in torchvision_names()]
    if not pattern:
        return specs
    if not set(pattern) & set("*?["):
        pattern = f"*{pattern}*"
    return [s for s in specs if fnmatch.fnmatch(s, pattern) or fnmatch.fnmatch(s.partition(":")[2], pattern)]


def torchvision_names() -> list[str]:
    """torchvision's classifiers; its detectors and segmenters live in modules of their own."""
    models = require("torchvision", "vision").models
    return models.list_models(module=models)


def unknown_name(spec: str, names: Iterable[str]) -> SymmeterError:
    """The error for a name that its hub does not have; `names` are those that it has."""
    prefix = spec.partition(":")[0]
    close = nearest(spec, [f"{prefix}:{name}" for name in names])
    return SymmeterError(f"unknown model {spec!r}{close or '; `symmeter list models` names them all'}")


def unknown_form(spec: str) -> SymmeterError:
    """The error for a spec of no known form, with one that it may have meant.

    >>> print(unknown_form("resnet50"))
    unknown model 'resnet50': MODEL is timm:NAME, ...; did you mean 'timm:resnet50'?
    """
    return SymmeterError(f"unknown model {spec!r}: MODEL is {FORMS}{_hint(spec)}")


def _hint(spec: str) -> str:
    """A name without its prefix, or a prefix misspelt."""
    prefix, colon, name = spec.partition(":")
    with contextlib.suppress(SymmeterError):
        if not colon and require("timm", "vision").is_model(spec):
            return f"; did you mean 'timm:{spec}'?"
        if not colon and spec in torchvision_names():
            return f"; did you mean 'torchvision:{spec}'?"
    close = nearest(prefix, HUBS)
    return close.replace("'?", f":{name}'?") if "mean" in close and colon else ""
