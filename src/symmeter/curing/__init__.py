"""From diagnosis to cure: remedies for the layers that carry an error, predicted, applied to a copy, and measured."""
