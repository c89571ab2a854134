"""How large a network is: its parameters, and the work of one forward pass, counted without any weights."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from symmeter.models.hub import Hub, hubs
from symmeter.models.spec import ModelSpec

if TYPE_CHECKING:
    from symmeter.sweeps.list_columns import Entry


@dataclass(frozen=True)
class Size:
    """Of a network: its parameters and, of one forward pass of one sample, what is computed and what is written.

    `macs` are multiplications with an addition, in convolutions, products of matrices and attention; `moved` are the
    numbers that its operations write.
    """

    parameters: int
    macs: int
    moved: int


# What fills a tensor; and what makes truths of numbers, whose type counts where they pick elements.
_FILLING = ("normal_", "uniform_", "fill_", "zero_", "copy_")
_TRUTHS = (
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "isnan",
    "isinf",
    "isfinite",
    "logical_not",
    "logical_and",
    "logical_or",
)


class _Counted(TorchDispatchMode):
    """Counts what operations compute and write while it is on; a view of what is there writes nothing.

    What goes element by element, on tensors of one shape on the `meta` device, is given its shape at once: torch's own
    rules for that are written in Python and take several times as long.
    """

    def __init__(self) -> None:
        super().__init__()
        self.operations = self.written = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        made = _shaped(func, args)
        made = func(*args, **kwargs) if made is None else made
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None:
            self.operations += formula(*args, **kwargs, out_val=made)
        if isinstance(made, torch.Tensor) and not func.is_view:
            self.written += made.numel()
        return made


def _shaped(func: Any, args: Sequence[object]) -> torch.Tensor | None:
    """What an operation element by element makes of tensors of any shape without values; None for another operation."""
    name = func.overloadpacket.__name__
    tensors = [one for one in args if isinstance(one, torch.Tensor)]
    plain = all(one.is_meta and one.is_floating_point() for one in tensors)
    if (
        not tensors
        or not plain
        or name in _TRUTHS
        or not (name in _FILLING or torch.Tag.pointwise in func.tags)
    ):
        return None
    if name.endswith("_"):
        return tensors[0]
    first = tensors[0]
    alike = all(one.shape == first.shape and one.is_contiguous() for one in tensors)
    return torch.empty_like(first) if alike else None


def size_of(entry: "Entry") -> Size | None:
    """The size of a network of a hub that is installed here, at its usual input; None where that cannot be told.

    It is built without weights on torch's `meta` device, which computes shapes only: half a second, and no memory.

    >>> from symmeter.sweeps.list_columns import Entry
    >>> size = size_of(Entry("timm:resnet18"))
    >>> size.parameters, round(size.macs / 1e9, 2)
    (11689512, 1.81)
    """
    prefix, _, name = entry.model.partition(":")
    hub = hubs().get(prefix)  # before the device changes: domains make tensors as they are imported
    if hub is None or not hub.has(name.partition(".")[0]):
        return None
    with contextlib.suppress(Exception):  # of the libraries; a sweep says what is wrong with a model
        return _counted(hub, entry, name)
    return None


def _counted(hub: Hub, entry: "Entry", name: str) -> Size:
    with torch.device("meta"), torch.no_grad():
        with _Counted():  # weights are drawn without effect
            loaded = hub.load(ModelSpec(entry.model, name, None, dict(entry.model_kwargs), untrained=True))
        x = torch.zeros(1, *_input_shape(loaded.preprocessing, entry.options))
        with _Counted() as counted:
            loaded.model(x)
    return Size(loaded.info["parameters"], counted.operations // 2, counted.written)


def _input_shape(preprocessing: Any, options: Mapping[str, Any]) -> tuple[int, int, int]:
    """(C, H, W) of an input."""
    if options.get("img_size"):
        preprocessing = preprocessing.override(img_size=options["img_size"])
    return (preprocessing.channels or 3, *preprocessing.shape)
