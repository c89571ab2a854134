"""Where image models come from, one file a hub."""
