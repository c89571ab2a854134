"""What kind of layer a module is."""

import re

from torch import nn

from symmeter.layers.kinds import BLOCK

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_ACTIVATION_HOMES = (
    "torch.nn.modules.activation",
    "timm.layers.activations",
    "timm.layers.activations_me",
    "transformers.activations",
)
# Of the name of a class, in this order: a MlpBlock of a mixer is a block, an AttentionPool pools.
_BY_NAME = (
    (r"patch_?embed", "patch embedding"),
    (r"(norm|norm[123]d|frn|evonorm\w*)$|batchnorm|layernorm|groupnorm|rmsnorm|normact", "normalisation"),
    (r"pool", "pooling"),
    (r"(attention|attn\w*)$", "attention"),
    (r"(mlp|glumlp|feedforward|ffn)$", "mlp"),
    (r"^(swish|silu|mish|sigmoid|tanh|relu\w*|gelu\w*|hard\w+|prelu|quickgelu\w*|act\w*)$", "activation"),
    (r"^dropout|^droppath|^identity", "other"),
)


def kind_of(module: nn.Module, leaf: bool) -> str:
    """One of KINDS_OF_LAYERS, or `block` for a container that is nothing in particular.

    >>> kind_of(nn.Conv2d(3, 8, 3, stride=2), leaf=True), kind_of(nn.Sequential(), leaf=False)
    ('convolution, strided', 'block')
    """
    name = type(module).__name__.lower()
    if isinstance(module, _CONVOLUTIONS):
        patches = module.kernel_size == module.stride and max(module.stride) >= 4 and module.in_channels <= 4
        if patches:
            return "patch embedding"
        return "convolution, unit stride" if max(module.stride) == 1 else "convolution, strided"
    if isinstance(module, nn.Linear):
        return "linear"
    for pattern, kind in _BY_NAME:
        if re.search(pattern, name):
            return kind
    if type(module).__module__ in _ACTIVATION_HOMES:
        return "activation"
    return "other" if leaf else BLOCK
