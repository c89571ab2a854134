"""Names of networks: the forms they have, what there is, and what a wrong one may have meant."""

import contextlib
from collections.abc import Callable, Iterable
from fnmatch import fnmatch

from symmeter.errors import SymmeterError, nearest
from symmeter.models.hub import hubs

_LONGEST = 200  # characters of a pattern
FILES = "FILE.onnx, package.module:callable or FILE.py:callable"


# By whether names have tags of weights, and whether all have weights: the networks of all hubs as (hub, name).
Names = Callable[[bool, bool], Iterable[tuple[str, str]]]


def hub_names(tagged: bool, trained: bool) -> list[tuple[str, str]]:
    """All networks, each by the name of its hub and its own; with the tags of weights, or only those with weights."""
    return [(prefix, name) for prefix, hub in hubs().items() for name in hub.names(tagged, trained)]


def list_models(
    pattern: str | None = None,
    *,
    trained: bool = False,
    known: Names = hub_names,
) -> list[str]:
    """Specs of the networks of all hubs that match `pattern` (* and ?), or contain it (neither).

    A pattern with a dot is matched against names with the tags of their weights: "resnet50.*". `trained`: only those
    that have weights. `known` names them all: asking hubs takes long for many patterns.

    >>> list_models("resnet1?")
    ['timm:resnet18', 'torchvision:resnet18']
    """
    pattern = pattern or "*"
    if len(pattern) > _LONGEST:  # whose stars would take long to try
        return []
    tagged = "." in pattern
    if not set(pattern) & set("*?["):
        pattern = f"*{pattern}*"
    return [
        f"{prefix}:{name}"
        for prefix, name in known(tagged, trained)
        if fnmatch(f"{prefix}:{name}", pattern) or fnmatch(name, pattern)
    ]


def forms() -> str:
    """What MODEL may be.

    >>> forms()
    'timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable or FILE.py:callable'
    """
    return ", ".join([*[f"{prefix}:NAME" for prefix in hubs()], FILES])


def names_code(spec: str) -> bool:
    """Whether a spec is code that is run, `FILE.py:callable` or `package.module:callable`, and not a name or a file.

    >>> names_code("net.py:build"), names_code("os:system"), names_code("timm:resnet18"), names_code("net.onnx")
    (True, True, False, False)
    """
    prefix, colon, _ = spec.partition(":")
    if (colon and prefix in hubs()) or spec.lower().endswith(".onnx"):
        return False
    return bool(colon) or spec.endswith(".py")


def unknown_form(spec: str) -> SymmeterError:
    """The error for a spec of no known form, with one that it may have meant.

    >>> print(unknown_form("resnet50"))
    unknown model 'resnet50': MODEL is timm:NAME, ...; did you mean 'timm:resnet50'?
    """
    return SymmeterError(f"unknown model {spec!r}: MODEL is {forms()}{_hint(spec)}")


def _hint(spec: str) -> str:
    """What a name without its prefix, or one whose prefix is misspelt, may have meant."""
    prefix, colon, name = spec.partition(":")
    if colon:
        close = nearest(prefix, hubs())
        return close.replace("'?", f":{name}'?") if "mean" in close else ""
    for prefix, hub in hubs().items():
        with contextlib.suppress(SymmeterError):  # a hub that is not installed
            if hub.has(spec):
                return f"; did you mean '{prefix}:{spec}'?"
    return ""
