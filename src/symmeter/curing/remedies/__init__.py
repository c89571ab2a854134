"""One file per remedy, found by listing this folder."""
