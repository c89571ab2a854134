"""Where networks come from: timm, torchvision, transformers, ONNX files, and a user's own code or object."""

import ast
import contextlib
import fnmatch
import hashlib
import importlib
import inspect
import operator
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError, nearest
from symmeter.preprocessing import Preprocessing, require
from symmeter.weights import file_tag, fit_weights, quick_downloads, read_weights

FORMS = "timm:NAME, torchvision:NAME, hf:NAME, FILE.onnx, package.module:callable or FILE.py:callable"
RANDOM = "pass --weights FILE, or --untrained to measure random weights"


@dataclass(frozen=True)
class LoadedModel:
    """A network (nn.Module or another callable), how its inputs are made, what it is (`info`, for JSON)."""

    model: Any
    name: str
    preprocessing: Preprocessing
    info: dict[str, Any]


@dataclass(frozen=True)
class _Request:
    spec: str
    name: str
    weights: str | None
    kwargs: dict[str, Any]
    untrained: bool

    @property
    def pretrained(self) -> bool:
        return self.weights is None and not self.untrained


def load_model(
    spec: str,
    *,
    weights: str | None = None,
    model_kwargs: dict[str, Any] | None = None,
    untrained: bool = False,
    seed: int = 0,
) -> LoadedModel:
    """Build the network that `spec` names (see FORMS) with pretrained, given or random weights.

    Random numbers are drawn under `seed` and torch's global generator is left as it was. Networks from timm,
    torchvision and transformers come in eval mode, a user's own as it is. Raises SymmeterError, in one line,
    for everything that can be wrong with a name, a file, or the network connection.
    """
    prefix, colon, name = spec.partition(":")
    weights = None if weights is None else str(weights)
    request = _Request(spec, name, weights, dict(model_kwargs or {}), untrained)
    if weights is not None and untrained:
        raise SymmeterError("--weights and --untrained contradict each other: give one of them")
    load = _load_own
    if colon and prefix in _HUBS:
        load = _HUBS[prefix]
        if given := sorted({"pretrained", "weights", "checkpoint_path"} & set(request.kwargs)):
            raise SymmeterError(f"--model-kwargs {given[0]}: say --weights FILE or --untrained instead")
    elif spec.lower().endswith(".onnx"):
        load = _load_onnx
    elif not colon and not spec.endswith(".py"):
        raise SymmeterError(f"unknown model {spec!r}: MODEL is {FORMS}{_hint(spec)}")
    with torch.random.fork_rng(range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []):
        torch.manual_seed(seed)
        loaded = load(request)
    return replace(loaded, info=loaded.info | {"seed": seed}) if untrained else loaded


def describe(model: Any) -> LoadedModel:
    """A user's nn.Module or callable as a LoadedModel; timm's know their preprocessing, others do not."""
    if isinstance(model, LoadedModel):
        return model
    if isinstance(model, OnnxModel):
        return _describe_onnx(model)
    if not callable(model):
        raise SymmeterError(f"a model is an nn.Module or another callable, not {type(model).__name__}")
    kind = type(model).__name__
    name = kind if isinstance(model, nn.Module) else getattr(model, "__name__", kind)
    return _describe(model, name, "as given")


def list_models(pattern: str | None = None) -> list[str]:
    """Specs of timm's and torchvision's networks that match `pattern` (* and ?), or contain it (neither).

    A pattern with a dot is matched against timm's names with their pretrained tags: "resnet50.*".
    """
    timm, torchvision = require("timm", "vision"), require("torchvision", "vision")
    names = timm.list_pretrained() if "." in (pattern or "") else timm.list_models()
    specs = [f"timm:{name}" for name in names]
    specs += [f"torchvision:{name}" for name in _torchvision_names(torchvision)]
    if not pattern:
        return specs
    if not set(pattern) & set("*?["):
        pattern = f"*{pattern}*"
    return [s for s in specs if fnmatch.fnmatch(s, pattern) or fnmatch.fnmatch(s.partition(":")[2], pattern)]


def parse_model_kwargs(items: Sequence[str] | None) -> dict[str, Any]:
    """["key=value", ...] into keyword arguments: Python literals, true/false/none in any case, else strings.

    >>> parse_model_kwargs(["num_classes=10", "in_chans=1", "global_pool=avg", "bias=TRUE", "size=(3, 4)"])
    {'num_classes': 10, 'in_chans': 1, 'global_pool': 'avg', 'bias': True, 'size': (3, 4)}
    """
    words = {"true": True, "false": False, "none": None}
    found: dict[str, Any] = {}
    for item in items or ():
        key, equals, text = item.partition("=")
        key, text = key.strip(), text.strip()
        if not equals or not key.isidentifier():
            raise SymmeterError(f"--model-kwargs {item!r}: write key=value, for example num_classes=10")
        if key in found:
            raise SymmeterError(f"--model-kwargs {key}: given twice")
        try:
            found[key] = words[text.lower()] if text.lower() in words else ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            found[key] = text
    return found


def _load_timm(request: _Request) -> LoadedModel:
    timm = require("timm", "vision")
    if not timm.is_model(request.name):
        _unknown(request, [*timm.list_models(), *timm.list_pretrained()])
    arch = request.name.partition(".")[0]
    try:
        timm.models.get_pretrained_cfg(request.name)
    except RuntimeError:
        _unknown(request, timm.list_pretrained(arch + ".*"))
    if request.pretrained and not timm.is_model_pretrained(request.name):
        raise SymmeterError(f"{request.spec}: timm has no pretrained weights for it; {RANDOM}")
    with _building(request, "its pretrained weights" if request.pretrained else ""):
        model = timm.create_model(request.name, pretrained=request.pretrained, **request.kwargs)
    loaded = _finish(request, model.eval(), f"pretrained {model.pretrained_cfg.get('tag') or ''}".strip())
    if size := request.kwargs.get("img_size"):
        return replace(loaded, preprocessing=loaded.preprocessing.override(img_size=size))
    return loaded


def _load_torchvision(request: _Request) -> LoadedModel:
    torchvision = require("torchvision", "vision")
    name, _, tag = request.name.partition(".")
    names = _torchvision_names(torchvision)
    if name not in names:
        _unknown(request, names)
    known = torchvision.models.get_model_weights(name)
    if tag and tag not in known.__members__:
        _unknown(request, [f"{name}.{member}" for member in known.__members__])
    kwargs = request.kwargs
    if name in ("googlenet", "inception_v3") and not request.pretrained:
        kwargs = {"init_weights": request.untrained} | kwargs  # it warns when this is left open
    chosen = known[tag or "DEFAULT"] if request.pretrained else None
    with _building(request, "its pretrained weights" if request.pretrained else ""):
        model = torchvision.models.get_model(name, weights=chosen, **kwargs)
    loaded = _finish(request, model.eval(), f"pretrained {chosen.name if chosen else ''}")
    preprocessing = Preprocessing.from_torchvision(name, tag or "DEFAULT")
    classes = {"num_classes": request.kwargs.get("num_classes", 1000)}
    return replace(loaded, preprocessing=preprocessing, info=loaded.info | classes)


def _load_hf(request: _Request) -> LoadedModel:
    """The classifier where the config names one, else the bare network. No code of the hub's is run."""
    transformers = require("transformers", "hf")
    folder = Path(request.name).expanduser()
    local = folder.is_dir()
    name = str(folder) if local else request.name
    if local and not (folder / "config.json").is_file():
        raise SymmeterError(f"{request.spec}: no config.json in this folder")
    if not local and (folder.is_absolute() or request.name.startswith((".", "~"))):
        raise SymmeterError(f"{request.spec}: no such folder")
    way_out = RANDOM if local else "check the name, or give a local folder with its files"
    lacking: set[str] = set()
    with _building(request, "" if local else "its files", way_out), _quiet(transformers):
        options = {"trust_remote_code": False, "return_unused_kwargs": True} | request.kwargs
        config, unused = transformers.AutoConfig.from_pretrained(name, **options)
        if unknown := sorted(set(unused) - {"trust_remote_code"}):
            raise SymmeterError(
                f"{request.spec}: --model-kwargs {unknown[0]}: its config knows no such setting"
            )
        heads = [a for a in config.architectures or () if a.endswith("ForImageClassification")]
        kind = transformers.AutoModelForImageClassification if heads else transformers.AutoModel
        if request.pretrained:
            options = {"config": config, "trust_remote_code": False, "dtype": torch.float32}
            model, report = kind.from_pretrained(name, output_loading_info=True, **options)
            lacking = {key for key in report["missing_keys"] if not key.startswith("pooler.")}
        else:
            model = kind.from_config(config, trust_remote_code=False)
        preprocessing = Preprocessing.from_hf(name)
    if lacking:
        raise SymmeterError(
            f"{request.spec}: its files lack {len(lacking)} weights ({sorted(lacking)[0]}, ...)"
        )
    model = getattr(model, "vision_model", model)  # of a network for images and text
    if (first := next(iter(inspect.signature(model.forward).parameters))) != "pixel_values":
        raise SymmeterError(f"{request.spec}: this network takes {first}, not images")
    loaded = _finish(request, model.eval(), f"pretrained {folder.name if local else name}")
    classes = {"num_classes": config.num_labels} if heads else {}
    return replace(loaded, preprocessing=preprocessing, info=loaded.info | classes)


def _load_onnx(request: _Request) -> LoadedModel:
    if request.weights is not None or request.untrained:
        raise SymmeterError(
            f"{request.spec}: ONNX files have their own weights; drop --weights and --untrained"
        )
    if unknown := sorted(set(request.kwargs) - {"output"}):
        raise SymmeterError(f"--model-kwargs {unknown[0]}: an ONNX file knows only output=NAME")
    return _describe_onnx(OnnxModel(request.spec, **request.kwargs))


def _describe_onnx(model: "OnnxModel") -> LoadedModel:
    info = {"name": model.name, "family": "onnx", "parameters": None, "weights": file_tag(model.name)}
    info |= {"outputs": list(model.output_names), "output": model.output, "dtype": str(model.dtype)}
    return LoadedModel(model, model.name, model.preprocessing, info)


_ONNX_TYPES = {"tensor(float)": torch.float32, "tensor(double)": torch.float64}
_ONNX_TYPES |= {"tensor(float16)": torch.float16}


class OnnxModel:
    """An ONNX file as a callable, images (N, C, H, W) to its output, through onnxruntime on the CPU.

    `input_size` is (H, W), None where the file leaves it open; `dtype` is the input's; `batch` is the file's
    fixed batch size, honoured by looping, or None. `output` names the output to return, by default the first
    floating point one. Raises SymmeterError for a file that is missing, damaged, or takes no batch of images.
    """

    def __init__(self, path: str | Path, output: str | None = None):
        runtime = require("onnxruntime", "onnx")
        self.name = str(path)
        if not Path(path).is_file():
            raise SymmeterError(f"{path}: no such file")
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(self.name, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions share no public base
            raise SymmeterError(f"{path}: not a readable ONNX file: {_line(error)}") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _ONNX_TYPES:
            words = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
            raise SymmeterError(f"{path}: it must take one floating point (N, C, H, W); it takes {words}")
        self._input, self.dtype = inputs[0].name, _ONNX_TYPES[inputs[0].type]
        self.batch, *sizes = [n if isinstance(n, int) and n > 0 else None for n in inputs[0].shape]
        self.channels_last = sizes[2] in (1, 3) and sizes[0] not in (1, 3)
        channels, height, width = (sizes[2], *sizes[:2]) if self.channels_last else sizes
        self.input_size = (height, width) if height and width else None
        source = f"{Path(path).name}: size from its input; no normalisation known: pixels in [0, 1]"
        self.preprocessing = Preprocessing(size=self.input_size, channels=channels or 3, source=source)
        outputs = {o.name: o.type for o in self._session.get_outputs()}
        self.output_names = tuple(outputs)
        floating = [name for name, kind in outputs.items() if kind in _ONNX_TYPES]
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
            raise SymmeterError(f"{self.name}: on input {tuple(images.shape)}: {_line(error)}") from error

    def _run(self, chunk: Tensor, size: int) -> Tensor:
        padded = torch.cat([chunk, chunk[-1:].expand(size - len(chunk), -1, -1, -1)]) if self.batch else chunk
        (output,) = self._session.run([self.output], {self._input: padded.contiguous().numpy()})
        return torch.from_numpy(output)[: len(chunk)]


def _load_own(request: _Request) -> LoadedModel:
    """`package.module:callable` or `FILE.py:callable`; the attribute is a network or returns one."""
    spec = request.spec
    where, attribute = spec.rsplit(":", 1) if ":" in spec else (spec, "")
    from_file, path = where.endswith(".py"), Path(where).expanduser().resolve()
    if from_file and not path.is_file():
        raise SymmeterError(f"{spec}: no such file {where}")
    with _importable(path.parent if from_file else Path.cwd(), private=from_file), _own_errors(spec):
        module = _import_file(path) if from_file else _import_module(where, spec)
        try:
            target = operator.attrgetter(attribute)(module)
        except AttributeError:
            public = [n for n, v in vars(module).items() if callable(v) and not n.startswith("_")]
            own = [n for n in public if getattr(vars(module)[n], "__module__", None) == module.__name__]
            has = f"it has {', '.join(own or public)}" if public else "it has no callable"
            words = f"no {attribute!r} in {where}" if attribute else f"write {where}:CALLABLE"
            raise SymmeterError(f"{spec}: {words}; {has}") from None
        if isinstance(target, nn.Module) and request.kwargs:
            raise SymmeterError(f"{spec}: it is a network already, so --model-kwargs cannot change it")
        model = target if isinstance(target, nn.Module) else target(**request.kwargs)
    if not isinstance(model, nn.Module):
        raise SymmeterError(f"{spec}: it must return an nn.Module, not {type(model).__name__}")
    return _finish(request, model, "as built")


@contextlib.contextmanager
def _importable(folder: Path, private: bool) -> Iterator[None]:
    """`folder` is first on the import path, and last from then on (a forward pass may import).

    `private`: what is imported from it is forgotten, for two networks may each have their own helpers.py.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        if str(folder) not in sys.path:
            sys.path.append(str(folder))
        for name in set(sys.modules) - before if private else ():
            top = folder / name.partition(".")[0]
            if top.with_suffix(".py").is_file() or (top / "__init__.py").is_file():
                del sys.modules[name]


@contextlib.contextmanager
def _own_errors(spec: str) -> Iterator[None]:
    """Whatever a user's code raises becomes one line with the place it came from."""
    try:
        yield
    except SymmeterError:
        raise
    except (Exception, SystemExit) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        raise SymmeterError(f"{spec}: {type(error).__name__} at {where}: {_line(error)}") from error


def _import_file(path: Path) -> ModuleType:
    """Run a source file as a module under a name of its own; never from a stale byte code cache."""
    module = ModuleType(f"symmeter_model_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module


def _import_module(name: str, spec: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (ModuleNotFoundError, TypeError, ValueError) as error:
        if isinstance(error, ModuleNotFoundError) and not f"{name}.".startswith(f"{error.name}."):
            raise  # an import inside the module
        raise SymmeterError(f"unknown model {spec!r}: MODEL is {FORMS}{_hint(spec)}") from error


def _finish(request: _Request, model: nn.Module, weights: str) -> LoadedModel:
    """Load the weights file, if one is given, and describe the network."""
    if request.weights is not None:
        fit_weights(model, read_weights(request.weights), request.weights)
        weights = file_tag(request.weights)
    return _describe(model, request.spec, "untrained" if request.untrained else weights)


def _describe(model: Any, name: str, weights: str) -> LoadedModel:
    package, *_, last = type(model).__module__.split(".") * 2
    family = {"timm": last, "torchvision": "torchvision", "transformers": "hf"}.get(package, "callable")
    preprocessing = Preprocessing.unknown()
    config = getattr(model, "pretrained_cfg", None) or getattr(model, "default_cfg", None)
    if isinstance(config, dict) and "input_size" in config:
        preprocessing = Preprocessing.from_timm(model if hasattr(model, "pretrained_cfg") else config)
    info: dict[str, Any] = {"name": name, "family": family, "weights": weights, "parameters": None}
    if isinstance(model, nn.Module):
        info["parameters"] = sum(p.numel() for p in model.parameters())
    if isinstance(classes := getattr(model, "num_classes", None), int):
        info["num_classes"] = classes
    return LoadedModel(model, name, preprocessing, info)


@contextlib.contextmanager
def _building(request: _Request, fetched: str = "", way_out: str = RANDOM) -> Iterator[None]:
    """What a library raises while it builds a network, or while `fetched` is downloaded, becomes one line."""
    with quick_downloads() if fetched else contextlib.nullcontext(True) as answers:
        try:
            yield
        except SymmeterError:
            raise
        except Exception as error:
            network = isinstance(error, OSError) or type(error).__module__.startswith(("http", "requests"))
            if fetched and network:
                offline = not answers or isinstance(getattr(error, "reason", None), OSError)
                reason = "no network?" if offline else _line(error)
                words = f"{fetched} could not be downloaded ({reason}); {way_out}"
            else:
                words = f"{type(error).__name__}: {_line(error)}" + (f"; {way_out}" if network else "")
            raise SymmeterError(f"{request.spec}: {words}") from error


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """transformers without progress bars and load reports; what matters in them is checked here."""
    log = transformers.utils.logging
    level, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(level)
        if bars:
            log.enable_progress_bar()


def _unknown(request: _Request, names: Sequence[str]) -> None:
    prefix = request.spec.partition(":")[0]
    close = nearest(request.spec, [f"{prefix}:{name}" for name in names])
    raise SymmeterError(f"unknown model {request.spec!r}{close or '; `symmeter list models` names them all'}")


def _hint(spec: str) -> str:
    """A spec that `spec` may have meant: a name without its prefix, or a prefix misspelt."""
    prefix, colon, name = spec.partition(":")
    with contextlib.suppress(SymmeterError):
        if not colon and require("timm", "vision").is_model(spec):
            return f"; did you mean 'timm:{spec}'?"
        if not colon and spec in _torchvision_names(require("torchvision", "vision")):
            return f"; did you mean 'torchvision:{spec}'?"
    close = nearest(prefix, _HUBS)
    return close.replace("'?", f":{name}'?") if "mean" in close and colon else ""


def _torchvision_names(torchvision: Any) -> list[str]:
    return torchvision.models.list_models(module=torchvision.models)


def _line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "")[:200]


_HUBS = {"timm": _load_timm, "torchvision": _load_torchvision, "hf": _load_hf}
