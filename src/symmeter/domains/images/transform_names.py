"""A preprocessing by what the user gave: an object, `hf:NAME` and the like, or code."""

import inspect
from collections.abc import Mapping

from symmeter.domains.images.transforms import Transform, transform_of
from symmeter.errors import SymmeterError
from symmeter.models.from_code import run_code
from symmeter.models.hub import Hub
from symmeter.models.names import names_code

_FORMS = "write FILE.py:callable, package.module:callable, or hf:NAME, timm:NAME, torchvision:NAME"


def read_transform(given: object, hubs: Mapping[str, Hub]) -> Transform:
    """The transform that is meant; SymmeterError, in one line, for what is none."""
    if not isinstance(given, str):
        return transform_of(given)
    prefix, colon, name = given.partition(":")
    if colon and prefix in hubs:
        return transform_of(hubs[prefix].transform(name), given)
    if not names_code(given):
        raise SymmeterError(f"preprocessing {given!r}: {_FORMS}")
    return transform_of(run_code(given, _made), given)


def _made(target: object) -> object:
    """A transform as it is; what a class, or a function without arguments, makes."""
    if inspect.isclass(target):
        return target()
    if inspect.isfunction(target) and not inspect.signature(target).parameters:
        return target()
    return target
