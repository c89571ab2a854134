"""What several tests share: small images, data made of them, and the one line of a mistake."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset

from symmeter.domains.grids.grid import Grid
from symmeter.domains.images.data.open import open_data
from symmeter.domains.images.domain import Images
from symmeter.domains.images.preprocessing import Preprocessing
from symmeter.errors import SymmeterError
from symmeter.layers.contributions import Attribution
from symmeter.layers.layouts import Layouts
from symmeter.symmetry.hypothesis import Symmetry

UNKNOWN = Preprocessing.unknown()


def check_refused(words, call, *args, **kwargs):
    """The call raises SymmeterError with these words, in one line that is not too long."""
    with pytest.raises(SymmeterError, match=words) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def pixels(n=5, h=6, w=8, c=3, seed=0):
    """Random images (N, H, W, C)."""
    return np.random.default_rng(seed).integers(0, 256, (n, h, w, c), dtype=np.uint8)


def write(folder, name, seed=0, size=(8, 6)):
    """A random image file; PNG and the like without loss."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(values).save(path)
    return torch.from_numpy(values).permute(2, 0, 1) / 255


def images_of(data, preprocessing=UNKNOWN, batch_size=2, **kwargs):
    """All images, all labels (None where no batch has any) and all names."""
    batches = list(open_data(data, preprocessing, **kwargs).batches(batch_size))
    assert all(len(b.inputs) == batch_size for b in batches[:-1])
    labels = [torch.full((len(b.names),), -1) if b.labels is None else b.labels for b in batches]
    known = any(b.labels is not None for b in batches)
    names = [name for b in batches for name in b.names]
    return torch.cat([b.inputs for b in batches]), torch.cat(labels).tolist() if known else None, names


class Things(Dataset):
    """A dataset of what it is given; exceptions are raised."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        item = self.items[i]
        if isinstance(item, Exception):
            raise item
        return item


def attribution_of(net, x, generators, rho_out, domain=None, layouts=None, rho_in=None):
    """The attribution of a network (B, C, H, W) -> (B, ...) along some generators, under a definition of images."""
    domain = domain or Images()
    symmetry = Symmetry("test", tuple(generators), rho_in or Grid(domain.interpolant), rho_out)
    return Attribution(net, net, x, symmetry, domain, Layouts(layouts, net, domain))
