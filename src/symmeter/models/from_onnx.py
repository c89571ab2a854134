"""ONNX files, `FILE.onnx`, run by onnxruntime on the CPU."""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from symmeter.errors import SymmeterError, first_line, nearest
from symmeter.models.loaded import LoadedModel
from symmeter.models.spec import ModelSpec
from symmeter.models.weights import file_tag
from symmeter.optional import require
from symmeter.verbs.arguments import above

Session = Any  # onnxruntime's, which may not be installed

TIME_LIMIT = 600.0  # seconds of one call, on however many images
_LAYOUTS = {"channels_first": False, "channels_last": True}  # whether channels are last
_TYPES = {"tensor(float)": torch.float32, "tensor(double)": torch.float64, "tensor(float16)": torch.float16}


class OnnxModel:
    """An ONNX file as a callable, images (N, C, H, W) to its output, through onnxruntime on the CPU.

    `input_size` is (H, W) and `channels` their number, None where the file leaves it open; `dtype` is the input's;
    `batch` is the file's fixed batch size, honoured by looping, or None. `output` names the output to return, by
    default the first floating point one. `layout` is `channels_first` or `channels_last`, None to read it off the shape
    of the input; `notes` say so where that could be either. `time_limit` are the seconds of one call.
    Raises SymmeterError for a file that is missing, damaged, or takes no batch of images.
    """

    def __init__(
        self,
        path: str | Path,
        output: str | None = None,
        layout: str | None = None,
        time_limit: float = TIME_LIMIT,
    ):
        self.path = str(path)
        self.time_limit = above(0).check(f"{path}: time_limit", time_limit)
        self._session = _session(self.path)
        shape = self._read_input()
        self.batch, *sizes = map(_fixed, shape)
        self._read_layout(sizes, layout, shown=str(shape))
        self._read_outputs(output)

    def _read_input(self) -> list[int | str]:
        """The shape of the one input, words for lengths left open; SymmeterError where it is no batch of images."""
        inputs = self._session.get_inputs()
        forms = [(len(one.shape), one.type in _TYPES) for one in inputs]
        if forms != [(4, True)]:
            words = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
            raise SymmeterError(
                f"{self.path}: it must take one floating point (N, C, H, W); it takes {words}"
            )
        (only,) = inputs
        self._input, self.dtype = only.name, _TYPES[only.type]
        return only.shape

    def _read_layout(self, sizes: Sequence[int | None], layout: str | None, shown: str) -> None:
        """Which of the three axes behind the batch are channels, height and width."""
        if layout not in (None, *_LAYOUTS):
            raise SymmeterError(f"{self.path}: unknown layout {layout!r}; choose from {', '.join(_LAYOUTS)}")
        read = _LAYOUTS.get(layout or "", channels_last(sizes))
        self.channels_last = bool(read)
        self.notes: tuple[str, ...] = ()
        if read is None:
            note = (
                f"{Path(self.path).name}: its input {shown} was read as (N, C, H, W); "
                "if its channels are last, say --model-kwargs layout=channels_last"
            )
            self.notes = (note,)
        first, *others = sizes
        height, width, self.channels = sizes if self.channels_last else (*others, first)
        self.input_size = (height, width) if height and width else None

    def _read_outputs(self, output: str | None) -> None:
        """The names of the outputs, and the one to return."""
        outputs = {one.name: one.type for one in self._session.get_outputs()}
        self.output_names = tuple(outputs)
        floating = [name for name, kind in outputs.items() if kind in _TYPES]
        self.output = next(filter(None, [output, *floating, *outputs]))
        if self.output not in outputs:
            raise SymmeterError(f"{self.path}: no output {self.output!r}{nearest(str(self.output), outputs)}")

    def __call__(self, images: Tensor) -> Tensor:
        inputs = images.detach().to("cpu", self.dtype)
        if self.channels_last:
            inputs = inputs.movedim(1, -1)
        size = self.batch or max(len(inputs), 1)
        try:
            outputs = [self._run(chunk, size) for chunk in inputs.split(size)]
            return torch.cat(outputs).to(images.device)
        except Exception as error:
            raise SymmeterError(
                f"{self.path}: on input {tuple(images.shape)}: {first_line(error)}"
            ) from error

    def _run(self, chunk: Tensor, size: int) -> Tensor:
        """One call on at most `size` images; where the batch is fixed, the last one fills it up."""
        padded = chunk
        if self.batch:
            more = chunk[-1:].expand(size - len(chunk), -1, -1, -1)
            padded = torch.cat([chunk, more])
        with _time_limit(self.time_limit) as options:
            inputs = {self._input: padded.contiguous().numpy()}
            (output,) = self._session.run([self.output], inputs, options)
        return torch.from_numpy(output)[: len(chunk)]


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[Any]:
    """onnxruntime's options for one call, which ends between two operations when its time is up.

    A loop may have no end. SymmeterError for a call that was ended.
    """
    options = require("onnxruntime", "onnx").RunOptions()
    timer = threading.Timer(seconds, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        yield options
    except Exception as error:
        if options.terminate:
            raise SymmeterError(
                f"not done after {seconds:g} s, and ended; if it only needs longer, say --model-kwargs "
                "time_limit=SECONDS"
            ) from error
        raise
    finally:
        timer.cancel()


def _session(path: str) -> Session:
    """onnxruntime's session of a file."""
    runtime = require("onnxruntime", "onnx")
    if not os.path.isfile(path):  # of any name: a Path raises for a very long one
        raise SymmeterError(f"{path[:200]}: no such file")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    try:
        return runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no public base
        raise SymmeterError(f"{path}: not a readable ONNX file: {first_line(error)}") from error


def _fixed(length: object) -> int | None:
    """The length of an axis, None where the file leaves it open."""
    return length if isinstance(length, int) and length > 0 else None


def channels_last(sizes: Sequence[int | None]) -> bool | None:
    """Whether the last of the three axes behind the batch is that of channels; None where that cannot be told.

    It is the axis of 1 or 3 channels, the one that is no side of a square, the only one whose length is fixed, or the
    shorter one.

    >>> channels_last((224, 224, 13)), channels_last((4, 64, 96)), channels_last((8, 8, 8))
    (True, False, None)
    """
    first, middle, last = sizes
    signs = (
        (first in (1, 3), last in (1, 3)),
        (first is not None, last is not None),
        (middle == last, middle == first),  # it is left over by a square
    )
    for first_is, last_is in signs:
        if first_is != last_is:
            return last_is
    shortest = min(filter(None, sizes), default=None)
    if first == last or middle == shortest:
        return None
    return last == shortest


def load_onnx(spec: ModelSpec) -> LoadedModel:
    """The file as it is: `output=NAME`, `layout=channels_last` and `time_limit=SECONDS` are all that can be chosen."""
    if spec.weights is not None or spec.untrained:
        raise SymmeterError(f"{spec.text}: ONNX files have their own weights; drop --weights and --untrained")
    if unknown := sorted(set(spec.kwargs) - {"output", "layout", "time_limit"}):
        raise SymmeterError(
            f"--model-kwargs {unknown[0]}: an ONNX file knows only output=NAME, layout=channels_last and "
            "time_limit=SECONDS"
        )
    return describe_onnx(OnnxModel(spec.text, **spec.kwargs))


def describe_onnx(model: OnnxModel) -> LoadedModel:
    """What an ONNX file tells of itself; its parameters are not counted."""
    name = Path(model.path).name
    info = {"name": name, "spec": model.path, "family": "onnx", "parameters": None, **file_tag(model.path)}
    info |= {"outputs": list(model.output_names), "output": model.output, "dtype": str(model.dtype)}
    return LoadedModel(model, name, info, notes=model.notes)
