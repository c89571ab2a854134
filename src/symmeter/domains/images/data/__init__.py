"""Where images come from: tensors, datasets, loaders, folders, archives, photographs that packages ship."""
