"""Studies that are made anew by one command: which models, and how they are measured."""
