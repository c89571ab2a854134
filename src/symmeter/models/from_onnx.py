"""ONNX files, `FILE.onnx`, run by onnxruntime on the CPU."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, first_line, nearest
from symmeter.models.loaded import LoadedModel
from symmeter.models.spec import ModelSpec
from symmeter.models.weights import file_tag
from symmeter.optional import require

_LAYOUTS = ("channels_first", "channels_last")
_TYPES = {"tensor(float)": torch.float32, "tensor(double)": torch.float64, "tensor(float16)": torch.float16}


class OnnxModel:
    """An ONNX file as a callable, images (N, C, H, W) to its output, through onnxruntime on the CPU.

    `input_size` is (H, W) and `channels` their number, None where the file leaves it open; `dtype` is the input's;
    `batch` is the file's fixed batch size, honoured by looping, or None. `output` names the output to return, by
    default the first floating point one. `layout` is `channels_first` or `channels_last`, None to read it off the shape
    of the input; `notes` say so where that could be either. Raises SymmeterError for a file that is missing,
    damaged, or takes no batch of images.
    """

    def __init__(self, path: str | Path, output: str | None = None, layout: str | None = None):
        runtime = require("onnxruntime", "onnx")
        self.path = str(path)
        if not Path(path).is_file():
            raise SymmeterError(f"{path}: no such file")
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise SymmeterError(f"{path}: not a readable ONNX file: {first_line(error)}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _TYPES:
            words = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
            raise SymmeterError(f"{path}: it must take one floating point (N, C, H, W); it takes {words}")
        self._input, self.dtype = inputs[0].name, _TYPES[inputs[0].type]
        self.batch, *sizes = [n if isinstance(n, int) and n > 0 else None for n in inputs[0].shape]
        if layout not in (None, *_LAYOUTS):
            raise SymmeterError(f"{path}: unknown layout {layout!r}; choose from {', '.join(_LAYOUTS)}")
        read = channels_last(sizes) if layout is None else layout == "channels_last"
        self.channels_last = bool(read)
        self.notes = () if read is not None else (
            f"{Path(path).name}: its input {inputs[0].shape} was read as (N, C, H, W); "
            "if its channels are last, say --model-kwargs layout=channels_last",
        )  # fmt: skip
        channels, height, width = (sizes[2], *sizes[:2]) if self.channels_last else sizes
        self.input_size = (height, width) if height and width else None
        self.channels = channels
        outputs = {o.name: o.type for o in self._session.get_outputs()}
        self.output_names = tuple(outputs)
        floating = [name for name, kind in outputs.items() if kind in _TYPES]
        self.output = output or (floating or self.output_names)[0]
        if self.output not in outputs:
            raise SymmeterError(f"{path}: no output {self.output!r}{nearest(str(self.output), outputs)}")

    def __call__(self, images: Tensor) -> Tensor:
        inputs = images.detach().to("cpu", self.dtype)
        inputs = inputs.movedim(1, -1) if self.channels_last else inputs
        size = self.batch or max(len(inputs), 1)
        try:
            return torch.cat([self._run(chunk, size) for chunk in inputs.split(size)]).to(images.device)
        except Exception as error:
            raise SymmeterError(
                f"{self.path}: on input {tuple(images.shape)}: {first_line(error)}"
            ) from error

    def _run(self, chunk: Tensor, size: int) -> Tensor:
        padded = torch.cat([chunk, chunk[-1:].expand(size - len(chunk), -1, -1, -1)]) if self.batch else chunk
        (output,) = self._session.run([self.output], {self._input: padded.contiguous().numpy()})
        return torch.from_numpy(output)[: len(chunk)]


def channels_last(sizes: Sequence[int | None]) -> bool | None:
    """Whether the last of the three axes behind the batch is that of channels; None where that cannot be told.

    It is the axis of 1 or 3 channels, the one that is no side of a square, the only one whose length is fixed, or the
    shorter one.

    >>> channels_last((224, 224, 13)), channels_last((4, 64, 96)), channels_last((8, 8, 8))
    (True, False, None)
    """
    first, middle, last = sizes
    if (first in (1, 3)) != (last in (1, 3)):
        return last in (1, 3)
    if (first is None) != (last is None):
        return first is None
    if first is None or last is None or first == last:
        return None
    square_first, square_last = middle == last, middle == first  # which is left for the channels
    if square_first != square_last:
        return square_last
    return last < first if middle is None or middle > min(first, last) else None


def load_onnx(spec: ModelSpec) -> LoadedModel:
    """The file as it is: `output=NAME` and `layout=channels_last` are all that can be chosen."""
    if spec.weights is not None or spec.untrained:
        raise SymmeterError(f"{spec.text}: ONNX files have their own weights; drop --weights and --untrained")
    if unknown := sorted(set(spec.kwargs) - {"output", "layout"}):
        raise SymmeterError(
            f"--model-kwargs {unknown[0]}: an ONNX file knows only output=NAME and layout=channels_last"
        )
    return describe_onnx(OnnxModel(spec.text, **spec.kwargs))


def describe_onnx(model: OnnxModel) -> LoadedModel:
    """What an ONNX file tells of itself; its parameters are not counted."""
    name = Path(model.path).name
    info = {"name": name, "spec": model.path, "family": "onnx", "parameters": None, **file_tag(model.path)}
    info |= {"outputs": list(model.output_names), "output": model.output, "dtype": str(model.dtype)}
    return LoadedModel(model, name, info, notes=model.notes)
