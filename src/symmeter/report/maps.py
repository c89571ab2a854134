"""Pictures of one image: where its error comes from, and where in a feature map it sits."""

from typing import TYPE_CHECKING

import numpy as np

from symmeter.domains.images.maps import Maps
from symmeter.report.figures import axes, signs, words
from symmeter.report.layers import shortened_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BRIGHTEST = 0.995  # quantile of the densities that has the full colour


def plot_density(maps: Maps, ax: "Axes | None" = None, symmetry: str | None = None) -> "Axes":
    """Where in the image the error comes from: red adds to LEE, blue takes from it, over the image in gray."""
    ax = ax or axes(4.6, 4.0)
    symmetry = symmetry or next(iter(maps.density))
    values = maps.density[symmetry]
    limit = float(np.quantile(np.abs(values), _BRIGHTEST)) or 1.0
    ax.imshow(maps.image.mean(-1), cmap="gray", vmin=0, vmax=1)
    strength = np.clip(np.abs(values) / limit, 0, 1)
    image = ax.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=np.sqrt(strength))
    label = f"{words(symmetry)} ({signs(maps.unit)} a pixel)"
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.046, label=label)
    if bar.solids is not None:
        bar.solids.set_alpha(1)
    ax.set_axis_off()
    return ax


def plot_feature(maps: Maps, layer: str, ax: "Axes | None" = None, symmetry: str | None = None) -> "Axes":
    """The Lie derivative of a layer's feature map, root mean square over channels."""
    ax = ax or axes(4.6, 4.0)
    symmetry = symmetry or next(iter(maps.density))
    image = ax.imshow(maps.features[layer][symmetry], cmap="viridis")
    ax.figure.colorbar(image, ax=ax, fraction=0.046, label=f"|Lie derivative|, {words(symmetry)}")
    ax.set_title(shortened_name(layer, 40), fontsize=9, parse_math=False)
    ax.set_axis_off()
    return ax
