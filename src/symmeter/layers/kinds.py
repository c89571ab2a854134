"""Kinds of layers, in the field's words. Nothing here imports torch."""

KINDS_OF_LAYERS = (
    "patch embedding",
    "convolution, strided",
    "convolution, unit stride",
    "linear",
    "attention",
    "mlp",
    "normalisation",
    "activation",
    "pooling",
    "glue",
    "other",
)
NETWORK, BLOCK, GLUE = "network", "block", "glue"
