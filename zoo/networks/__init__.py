"""Networks that need code of ours to be called; all others are loaded by their names, such as `timm:NAME`."""
