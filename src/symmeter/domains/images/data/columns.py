"""Which columns of a data set of Hugging Face are images and their classes: its features say so."""

from collections.abc import Mapping
from typing import NamedTuple

from symmeter.errors import SymmeterError
from symmeter.source import LABEL_KEYS

IMAGE_KEYS = ("image", "images", "pixel_values", "x", "img", "jpg", "jpeg", "png", "webp")


class Columns(NamedTuple):
    """The names under which an item may have its image and its label, the first that is there counts."""

    images: tuple[str, ...] = IMAGE_KEYS
    labels: tuple[str, ...] = LABEL_KEYS


def columns_of(data: object) -> Columns:
    """Those of a feature Image and ClassLabel before all others; SymmeterError where several might be meant.

    Of several images the one with a usual name is taken, of several classes too, or else none.
    """
    data = getattr(data, "dataset", data)  # of a loader or a subset
    features = getattr(data, "features", None)
    if not isinstance(features, Mapping):
        return Columns()
    images = _named(features, "Image", IMAGE_KEYS)
    if len(images) > 1:
        raise SymmeterError(f"several columns are images ({', '.join(images)}): keep one with select_columns")
    labels = _named(features, "ClassLabel", LABEL_KEYS)
    first = tuple(labels) if len(labels) == 1 else ()
    return Columns((*images, *IMAGE_KEYS), (*first, *LABEL_KEYS))


def _named(features: Mapping[str, object], kind: str, usual: tuple[str, ...]) -> list[str]:
    """The columns of a kind; the one of a usual name where there is one."""
    found = [str(name) for name, feature in features.items() if type(feature).__name__ == kind]
    return [name for name in usual if name in found][:1] or found
