"""Images: their names of symmetries, files, preprocessing and model hubs."""
