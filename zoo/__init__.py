"""Real trained networks, each beside a twin with random weights, measured by one command: `make zoo`."""
