"""Where images come from: tensors, datasets, loaders, folders, archives, photographs that packages ship."""

from symmeter.data.images import Batch, ImageData
from symmeter.data.open import open_data

__all__ = ["Batch", "ImageData", "open_data"]
