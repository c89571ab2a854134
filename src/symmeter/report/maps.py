"""Pictures of one image, or a slice of a volume: where its error comes from, and where in a feature map it sits."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from symmeter.domains.grids.maps import Maps
from symmeter.errors import SymmeterError, nearest
from symmeter.layers.text import shortened_name
from symmeter.report.drawing import drawing
from symmeter.report.figures import signs, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BRIGHTEST = 0.995  # quantile of the densities that has the full colour


def _nearly_square(maps: Maps, width: float, **choices: object) -> float:
    """The height of a picture with its scale beside it."""
    return 0.82 * min(width, 5.0)


@drawing("density", "where in the image the error comes from", Maps, height=_nearly_square)
def plot_density(maps: Maps, ax: "Axes", symmetry: str | None = None, z: int | None = None) -> None:
    """Where in the image the error comes from: red adds to LEE, blue takes from it, over the image in gray.

    Of a volume, one slice across z, by default the one where the most of it comes from.
    """
    symmetry = _known("symmetry", symmetry, maps.density)
    values = maps.density[symmetry]
    limit = float(np.quantile(np.abs(values), _BRIGHTEST)) or 1.0
    gray = maps.image.mean(-1)
    if values.ndim == 3:
        z = _fullest(values) if z is None else z
        values, gray = values[z], gray[z]
        ax.set_title(f"z = {z}")
    ax.imshow(gray, cmap="gray", vmin=0, vmax=1)
    strength = np.clip(np.abs(values) / limit, 0, 1)
    image = ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=np.sqrt(strength))
    label = f"{words(symmetry)} ({signs(maps.unit)} a pixel)"
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.046, label=label)
    if bar.solids is not None:
        bar.solids.set_alpha(1)
    ax.set_axis_off()


@drawing("feature", "Lie derivative of a feature map", Maps, lambda one: one.features, height=_nearly_square)
def plot_feature(maps: Maps, ax: "Axes", layer: str | None = None, symmetry: str | None = None) -> None:
    """The Lie derivative of a layer's feature map, root mean square over channels; of a volume, its fullest slice."""
    symmetry = _known("symmetry", symmetry, maps.density)
    layer = _known("layer", layer, maps.features)
    values = maps.features[layer][symmetry]
    plane = values[_fullest(values)] if values.ndim == 3 else values
    image = ax.imshow(plane, cmap="viridis")
    ax.figure.colorbar(image, ax=ax, fraction=0.046, label=f"|Lie derivative|, {words(symmetry)}")
    ax.set_title(shortened_name(layer, 40), parse_math=False)
    ax.set_axis_off()


def _known(what: str, name: str | None, names: Iterable[str]) -> str:
    """A name that is there, without one the first; SymmeterError for another."""
    names = list(names)
    if name not in (None, *names):
        raise SymmeterError(f"{what} {name!r} is not in these maps{nearest(str(name), names)}")
    return name or names[0]


def _fullest(values: np.ndarray) -> int:
    """The slice of a volume (D, H, W) with the largest sum of magnitudes."""
    return int(np.abs(values).sum((1, 2)).argmax())
