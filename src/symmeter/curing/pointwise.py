"""Which layers are pointwise non-linearities."""

from torch import nn

from symmeter.layers.classify import kind_of

# They live beside the activations and mix positions or channels, or are random.
_NOT_POINTWISE = (
    *(nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.Softmin, nn.LogSoftmax, nn.GLU, nn.RReLU),
)


def is_pointwise(layer: nn.Module) -> bool:
    """Whether a layer applies one function to every number.

    >>> is_pointwise(nn.ReLU6()), is_pointwise(nn.PReLU()), is_pointwise(nn.Softmax(1)), is_pointwise(nn.Linear(2, 2))
    (True, True, False, False)
    """
    leaf = next(layer.children(), None) is None
    return leaf and kind_of(layer, leaf=True) == "activation" and not isinstance(layer, _NOT_POINTWISE)
