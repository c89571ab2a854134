"""ONNX files, `FILE.onnx`, run by onnxruntime on the CPU."""

from pathlib import Path

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, first_line, nearest
from symmeter.models.loaded import LoadedModel
from symmeter.models.request import Request
from symmeter.optional import require
from symmeter.preprocessing import Preprocessing
from symmeter.weights import file_tag

_TYPES = {"tensor(float)": torch.float32, "tensor(double)": torch.float64, "tensor(float16)": torch.float16}


class OnnxModel:
    """An ONNX file as a callable, images (N, C, H, W) to its output, through onnxruntime on the CPU.

    `input_size` is (H, W), None where the file leaves it open; `dtype` is the input's; `batch` is the file's
    fixed batch size, honoured by looping, or None. `output` names the output to return, by default the first
    floating point one. Raises SymmeterError for a file that is missing, damaged, or takes no batch of images.
    """

    def __init__(self, path: str | Path, output: str | None = None):
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
        self.channels_last = sizes[2] in (1, 3) and sizes[0] not in (1, 3)
        channels, height, width = (sizes[2], *sizes[:2]) if self.channels_last else sizes
        self.input_size = (height, width) if height and width else None
        source = f"{Path(path).name}: size from its input; no normalisation known: pixels in [0, 1]"
        self.preprocessing = Preprocessing(size=self.input_size, channels=channels or 3, source=source)
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


def load_onnx(request: Request) -> LoadedModel:
    """The file as it is: `output=NAME` is all that can be chosen."""
    if request.weights is not None or request.untrained:
        raise SymmeterError(
            f"{request.spec}: ONNX files have their own weights; drop --weights and --untrained"
        )
    if unknown := sorted(set(request.kwargs) - {"output"}):
        raise SymmeterError(f"--model-kwargs {unknown[0]}: an ONNX file knows only output=NAME")
    return describe_onnx(OnnxModel(request.spec, **request.kwargs))


def describe_onnx(model: OnnxModel) -> LoadedModel:
    """What an ONNX file tells of itself; its parameters are not counted."""
    name = Path(model.path).name
    info = {"name": name, "spec": model.path, "family": "onnx", "parameters": None, **file_tag(model.path)}
    info |= {"outputs": list(model.output_names), "output": model.output, "dtype": str(model.dtype)}
    return LoadedModel(model, name, model.preprocessing, info)
