"""Groups, representations and the conjugated model: mathematics that knows no kind of data."""
