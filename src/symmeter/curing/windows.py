"""How the windows of a convolution or a pool lie over a map, so that another of the same shapes can take its place."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Literal, TypeVar

from torch import Tensor, nn
from torch.nn import functional

# timm's, which pad as TensorFlow does: as much as is needed for ceil(n / stride) windows, the odd sample behind.
_SAME = ("Conv2dSame", "MaxPool2dSame", "AvgPool2dSame")
_PLAIN = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)

Layer = TypeVar("Layer", bound=nn.Module)
Convolution = TypeVar("Convolution", bound=nn.Conv2d)


@dataclass(frozen=True)
class Windows:
    """Windows along one axis. `edges` is what is added before and behind, None where TensorFlow's `same` says it."""

    kernel: int
    stride: int
    dilation: int = 1
    edges: tuple[int, int] | None = (0, 0)
    ceil: bool = False

    @property
    def span(self) -> int:
        """Samples from the first to the last of a window."""
        return self.dilation * (self.kernel - 1) + 1

    def margins(self, size: int) -> tuple[int, int]:
        """Samples before the first and behind the last of an axis that windows reach; below 0 where they end before.

        >>> Windows(3, 2, edges=(1, 1)).margins(8), Windows(3, 2, edges=None).margins(8)
        ((1, 0), (0, 1))
        """
        if self.edges is None:
            count = -(-size // self.stride)
            before = max((count - 1) * self.stride + self.span - size, 0) // 2
            return before, (count - 1) * self.stride + self.span - size - before
        before, after = self.edges
        room = size + before + after - self.span
        count = (-(-room // self.stride) if self.ceil else room // self.stride) + 1
        if (
            self.ceil and (count - 1) * self.stride >= size + before
        ):  # as torch does: it would begin behind the map
            count -= 1
        return before, (count - 1) * self.stride + self.span - size - before


def windows_of(layer: nn.Module) -> tuple[Windows, Windows] | None:
    """Windows along rows and columns of a layer that is just what its class says; None for all else.

    Other classes may do other things in their forward, as may hooks and re-parametrised weights.
    """
    kind = type(layer)
    same = kind.__name__ in _SAME and kind.__module__.startswith("timm.")
    hooked = layer._forward_hooks or layer._forward_pre_hooks
    if hooked or not (same or kind in _PLAIN) or getattr(layer, "return_indices", False):
        return None
    if isinstance(layer, nn.Conv2d) and "weight" not in layer._parameters:
        return None
    kernel, stride, dilation = (
        _pair(getattr(layer, name, 1)) for name in ("kernel_size", "stride", "dilation")
    )
    ceil = bool(getattr(layer, "ceil_mode", False))
    first, second = (
        Windows(kernel[i], stride[i], dilation[i], None if same else _padding(layer, i), ceil)
        for i in range(2)
    )
    return first, second


def _pair(value: int | tuple[int, ...]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def _padding(layer: nn.Module, axis: int) -> tuple[int, int]:
    given = layer.padding if isinstance(layer, _PLAIN) else 0
    if not isinstance(given, str):
        return _pair(given)[axis], _pair(given)[axis]
    # of convolutions of stride 1: `same` or `valid`
    dilation, kernel = (_pair(getattr(layer, name))[axis] for name in ("dilation", "kernel_size"))
    total = dilation * (kernel - 1) if given == "same" else 0
    return total // 2, total - total // 2


def margins_of(windows: tuple[Windows, Windows], x: Tensor) -> tuple[int, int, int, int]:
    """What `torch.nn.functional.pad` needs for a map x (..., H, W), so that the windows cover all of it."""
    rows, columns = (axis.margins(size) for axis, size in zip(windows, x.shape[-2:], strict=True))
    return (*columns, *rows)


def rebuilt(
    kind: type[Convolution],
    layer: nn.Conv2d,
    kernel: tuple[int, int] | None = None,
    margins: tuple[int, int] = (0, 0),
    mode: Literal["zeros", "replicate"] = "zeros",
) -> Convolution:
    """A convolution of another class with the parameters of a layer in it, by the same names."""
    made = kind(
        layer.in_channels,
        layer.out_channels,
        kernel or _pair(layer.kernel_size),
        _pair(layer.stride),
        margins,
        _pair(layer.dilation),
        layer.groups,
        bias=False,
        padding_mode=mode,
        device="meta",  # what it is filled with takes no memory and no random numbers
    )
    made.weight, made.bias = layer.weight, layer.bias
    return made.train(layer.training)


class Pool(nn.Module):
    """What takes the place of a pool: it has its windows."""

    def __init__(self, pool: nn.Module):
        super().__init__()
        windows = windows_of(pool)
        if windows is None:
            raise TypeError(f"windows of {type(pool).__name__} are not known")
        self.windows = windows
        self.kernel, self.strides, self.dilation = (
            (windows[0].kernel, windows[1].kernel),
            (windows[0].stride, windows[1].stride),
            (windows[0].dilation, windows[1].dilation),
        )
        self.train(pool.training)

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.windows))


def sharing(layer: Layer) -> Layer:
    """A copy of a layer with the same tensors in it."""
    return deepcopy(layer, {id(tensor): tensor for tensor in (*layer.parameters(), *layer.buffers())})


def low_passed(
    x: Tensor, widths: tuple[int, int], every: tuple[int, int] = (1, 1), mode: str = "replicate"
) -> Tensor:
    """A map x (B, C, H, W) under a triangle of so many samples to each side, along rows and columns; every n-th of it.

    A triangle is a box twice, (w - |i|) / w^2 for |i| < w: of width 2 it is (1, 2, 1) / 4. Its spectrum is zero at all
    frequencies that a stride of w would take for a constant. `mode` is what `pad` puts beyond the edges.
    """
    rows, columns = widths
    if rows == columns == 1:
        return x[..., :: every[0], :: every[1]]
    margins = (columns - 1, columns - 1, rows - 1, rows - 1)
    return functional.avg_pool2d(
        functional.avg_pool2d(functional.pad(x, margins, mode=mode), widths, 1), widths, every
    )
