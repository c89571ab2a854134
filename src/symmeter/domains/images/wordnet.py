"""ImageNet's classes, whose folders are usually called by their WordNet ids."""

import importlib.util
import re

from symmeter.classes import ClassOrder, order_of
from symmeter.optional import require

_OUTPUTS = 1000  # of the models of ImageNet-1k


def wordnet_order(names: tuple[str, ...], outputs: int) -> ClassOrder | None:
    """The order of ImageNet-1k, where all names are WordNet ids and there are 1000 outputs; timm has the list."""
    ids = all(re.fullmatch("n[0-9]{8}", name) for name in names)
    if not ids or outputs != _OUTPUTS or importlib.util.find_spec("timm") is None:
        return None
    return order_of(require("timm", "vision").data.ImageNetInfo().label_names(), "the order of ImageNet-1k")
