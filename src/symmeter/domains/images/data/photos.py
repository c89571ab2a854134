"""Photographs that are there already: three crops of each that scikit-image and scikit-learn ship."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from symmeter.domains.images.data.files import read_image
from symmeter.errors import SymmeterError, nearest
from symmeter.source import Item, Source, indexed

if TYPE_CHECKING:
    from PIL import Image

_PHOTOS = {
    "skimage/data": (
        *("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg"),
        *("motorcycle_left.png", "motorcycle_right.png"),
    ),
    "sklearn/datasets/images": ("china.jpg", "flower.jpg"),
}


def from_builtin(name: str) -> Source:
    """`builtin:photos`, from whichever of the two packages is installed."""
    if name != "builtin:photos":
        raise SymmeterError(f"unknown data {name!r}{nearest(name, ['builtin:photos'])}")
    found: list[Path] = []
    for place, files in _PHOTOS.items():
        package, _, folder = place.partition("/")
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            found += [path for file in files if (path := Path(root) / folder / file).is_file()]
    if not found:
        raise SymmeterError(f"{name}: it needs scikit-image or scikit-learn: pip install 'symmeter[demo]'")
    crops = [(path, which) for path in found for which in range(3)]

    def item(i: int) -> Item:
        path, which = crops[i]
        return Item(f"{path.stem}[{which + 1}]", lambda: (_crop(read_image(path), which), None))

    return indexed(item, len(crops), name, "photographs", "image")


def _crop(image: "Image.Image", which: int) -> "Image.Image":
    """0: the largest square, in the middle; 1, 2: squares of 3/4 of its side in the first and last corner."""
    width, height = image.size
    side = min(width, height)
    if which == 0:
        left, top = (width - side) // 2, (height - side) // 2
    else:
        side = side * 3 // 4
        left, top = (0, 0) if which == 1 else (width - side, height - side)
    return image.crop((left, top, left + side, top + side))
