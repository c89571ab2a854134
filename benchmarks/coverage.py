"""One model of each of timm's modules, measured by forward mode and checked against central differences.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/coverage.py [--quick] [--only PATTERN] [--json FILE]

The variable keeps torch's threads from spinning, which takes 20 times as long on cores that others use too.

For each module the smallest model is built with random weights (where even that is very large, two of its blocks),
and the Lie derivatives of its softmax along translation and rotation are taken by every strategy on smooth random
images of its own input size. Then each strategy's derivative of the logits is compared with a central difference,
both in float64. One line a model; exit code 1 when a derivative or a value is wrong. Every model has its own
process, time limit and memory limit.
"""

import argparse
import fnmatch
import json
import math
import multiprocessing
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any

import timm
import torch
from timm.data import resolve_model_data_config
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from symmeter.autodiff.memory import reuse_freed_memory
from symmeter.autodiff.strategies import CentralDifference, OneByOne, Tiled, Vectorised
from symmeter.domains.grids.generators import GENERATORS
from symmeter.domains.grids.grid import Grid
from symmeter.domains.grids.interpolants.series import Bandlimited
from symmeter.errors import first_line
from symmeter.measures.lee import LEE
from symmeter.models.leaves import main_leaf
from symmeter.models.outputs import Output
from symmeter.models.pure_function import PureFunction
from symmeter.symmetry.conjugate import lie_derivative, stack
from symmeter.symmetry.representations.trivial import Trivial

QUICK = ("convnext", "efficientnet", "maxxvit", "nfnet", "regnet", "resnet", "vision_transformer", "xcit")
SYMMETRY = [GENERATORS["translation_x"], GENERATORS["rotation"]]
STRATEGIES = (Vectorised(), OneByOne(), Tiled())
TOLERANCE = {torch.float64: 1e-3, torch.float32: 5e-2}  # of derivatives, relative
STEPS = {torch.float64: (6e-6, 1e-7, 3e-9, 1e-10, 1e-11), torch.float32: (1e-2, 3e-3, 1e-3)}
VALUE_TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-3}  # of what f returns under a strategy, relative
INSENSITIVE = {torch.float64: 1e-6, torch.float32: 1e-2}  # below, a quotient is round-off
_CPU = torch.device("cpu")


@dataclass
class Row:
    """What is known of one model; it is sent after every step, so that a killed process leaves what it did."""

    module: str
    model: str
    parameters: int
    size: int
    arguments: dict[str, Any] = field(default_factory=dict)  # of its constructor
    strategy: str = ""  # the first that worked
    seconds: dict[str, float] = field(default_factory=dict)  # of every strategy that worked, in float32
    lee: list[float] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)  # strategy: reason
    disagreement: dict[str, float] = field(default_factory=dict)  # of every strategy, in `precision`
    precision: str = ""
    sensitivity: float = math.nan  # relative change of the logits by relative change of the input
    kink: float = 0.0  # relative difference of the one-sided quotients
    wrong: list[str] = field(default_factory=list)
    problem: str = ""  # why the row is not complete
    total: float = 0.0

    @property
    def measured(self) -> bool:
        """Whether a forward derivative was taken, checked and found right."""
        return bool(self.strategy and self.disagreement) and not self.wrong

    @property
    def cost(self) -> float:
        """Parameters, times the pixels relative to an input of 224 x 224."""
        return self.parameters * (self.size / 224) ** 2

    @property
    def worst(self) -> float:
        return max(self.disagreement.values(), default=math.nan)

    def line(self) -> str:
        """The row as one printed line."""
        model = self.model + "".join(f" {key}={value}" for key, value in self.arguments.items())
        name = f"{self.module:27.27s} {model:33.33s} {self.parameters / 1e6:6.1f}M {self.size:4d}"
        seconds = self.seconds.get(self.strategy, math.nan)
        numbers = f"{self.strategy or '-':18s} {self.worst:8.1e} {self.precision:8s} {seconds:6.2f} {self.total:6.1f}"
        notes = [f"{name}: {reason}" for name, reason in self.failed.items()]
        notes += [f"WRONG {text}" for text in self.wrong] + [self.problem] * bool(self.problem)
        notes += [f"kink {self.kink:.1e}"] * (self.kink > 1e-3)
        return f"{name} {numbers}" + "".join(f"\n    {note}" for note in notes)


def main() -> int:
    """The command; returns the exit code."""
    options = _options()
    modules = [m for m in timm.list_modules() if fnmatch.fnmatch(m, options.only)]
    if options.quick:
        modules = [m for m in modules if m in QUICK]
    targets: list[tuple[str, str]] = [(m, "") for m in modules]
    if options.models:
        names = timm.list_models(options.models)
        targets = [(timm.models.model_entrypoint(n).__module__.rpartition(".")[2], n) for n in names]
    print(f"{'module':27s} {'model':33s} {'size':>7s} {'input':>4s} {'strategy':18s} {'differs':8s} {'in':8s} "
          f"{'s':>6s} {'all s':>6s}", flush=True)  # fmt: skip
    began = time.perf_counter()
    rows: list[Row] = []
    for module, name in targets:
        row = choose(module, name)
        if row.cost > options.limit_params * 1e6:
            smaller = _size(module, row.model, depth=2)
            row = row if smaller.problem else smaller
        if row.cost > options.limit_params * 1e6:
            row.problem = (
                f"excluded: {row.parameters / 1e6:.0f}M parameters and {row.size} pixels are too much"
            )
        if not row.problem:
            row = in_process(row, options, check)
        rows.append(row)
        print(row.line(), flush=True)
        if options.json:
            options.json.write_text(json.dumps([asdict(r) for r in rows], indent=1))
    return summary(rows, time.perf_counter() - began)


def summary(rows: list[Row], seconds: float) -> int:
    """Print what was measured and what was not, with reasons; 1 when something was wrong."""
    missing = [row for row in rows if not row.measured]
    for row in missing:
        reasons = (
            row.wrong or [row.problem] * bool(row.problem) or [f"{k}: {v}" for k, v in row.failed.items()]
        )
        print(f"not measured: {row.module} ({row.model}): {'; '.join(reasons)}")
    for strategy in STRATEGIES:
        failed = sum(strategy.name in row.failed for row in rows)
        print(
            f"{strategy.name}: {sum(strategy.name in row.disagreement for row in rows)} checked, {failed} failed"
        )
    smooth = [
        row.worst for row in rows if row.measured and row.kink < row.worst and row.precision == "float64"
    ]
    print(f"worst disagreement in float64 without a kink: {max(smooth, default=math.nan):.1e}")
    print(f"{len(rows) - len(missing)} of {len(rows)} measured in {seconds:.0f} s")
    return int(any(row.wrong for row in rows))


def choose(module: str, name: str = "") -> Row:
    """The smallest model of a module (or the one named), its size found without allocating it."""
    found = [_size(module, candidate) for candidate in ([name] if name else timm.list_models(module=module))]
    sized = sorted(
        (row for row in found if not row.problem), key=lambda row: (row.parameters, row.size, row.model)
    )
    return sized[0] if sized else found[0] if found else Row(module, "", 0, 0, problem="no models")


def _size(module: str, name: str, **arguments: Any) -> Row:
    try:
        with warnings.catch_warnings(), torch.device("meta"):
            warnings.simplefilter("ignore")
            model = timm.create_model(name, pretrained=False, **arguments)
    except Exception as error:
        return Row(
            module, name, 0, 0, problem=f"cannot be built: {type(error).__name__}: {first_line(error)}"
        )
    size = resolve_model_data_config(model)["input_size"][-1]
    return Row(module, name, sum(p.numel() for p in model.parameters()), size, arguments)


Work = Callable[[Any, Connection], None]  # fills the row; may send what it has so far


def in_process(row: Any, options: argparse.Namespace, work: Work) -> Any:
    """`work` in a forked process, which may run out of time or memory, or crash, without harm."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(row, options, sender, work))
    process.start()
    sender.close()
    grace = time.monotonic() + options.time_limit + 60
    alive = True
    try:
        while receiver.poll(max(0.0, grace - time.monotonic())):
            row = receiver.recv()
    except EOFError:
        alive = False
    if alive:
        process.kill()
        row.problem = "did not stop at the time limit"
    process.join()
    if not row.problem and process.exitcode:
        row.problem = f"the process died with exit code {process.exitcode}"
    return row


def _child(row: Any, options: argparse.Namespace, sender: Connection, work: Work) -> None:
    def late(signum: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"longer than {options.time_limit} s")

    warnings.simplefilter("ignore")
    reuse_freed_memory()
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(options.limit_memory * 2**30), hard))
    signal.signal(signal.SIGALRM, late)
    signal.alarm(options.time_limit)
    began = time.perf_counter()
    try:
        with torch.no_grad():
            work(row, sender)
    except Exception as error:
        row.problem = f"{type(error).__name__}: {first_line(error)}"
    row.total = time.perf_counter() - began
    sender.send(row)


def check(row: Row, sender: Connection) -> None:
    """Measure one model by all strategies, then compare their derivatives; fills `row`."""
    torch.manual_seed(0)
    model = timm.create_model(row.model, pretrained=False, **row.arguments).eval().requires_grad_(False)
    wake(model)
    shape = resolve_model_data_config(model)["input_size"]
    calibrate(model, smooth_images(2, shape, seed=3))
    x = smooth_images(1 if row.cost > 4e7 else 2, shape)
    narrow = PureFunction(model, _CPU, torch.float32)
    softmax = Output("softmax").read
    for strategy in STRATEGIES:
        began = time.perf_counter()
        try:
            _, error = lie_derivative(
                lambda u: softmax(narrow(u)), x, SYMMETRY, Grid(Bandlimited()), Trivial(), strategy=strategy
            )
        except TimeoutError:
            raise
        except Exception as failure:
            row.failed[strategy.name] = f"{type(failure).__name__}: {first_line(failure)}"
            continue
        row.seconds[strategy.name] = time.perf_counter() - began
        row.lee = row.lee or LEE().statistic(error).mean(1).tolist()
        row.strategy = row.strategy or strategy.name
    if not row.strategy:
        fallback = CentralDifference()
        lie_derivative(
            lambda u: softmax(narrow(u)), x, SYMMETRY, Grid(Bandlimited()), Trivial(), strategy=fallback
        )
        row.strategy = fallback.name
    sender.send(row)
    wide = PureFunction(model, _CPU, torch.float64)
    with Widening():
        try:
            main_leaf(wide(x.double()))
        except RuntimeError:  # a part of it is float32 whatever its input
            wide = None
        if wide:
            compare(row, wide, x.double())
    if not wide:
        compare(row, narrow, x)


class Widening(TorchFunctionMode):
    """What a model computes in float32 whatever its input is computed in float64: its round-off hides the rest."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        func = Tensor.double if func is Tensor.float else func
        replace = lambda value: torch.float64 if value is torch.float32 else value
        return func(*pytree.tree_map(replace, args), **pytree.tree_map(replace, kwargs or {}))


def compare(row: Row, f: Any, x: Tensor) -> None:
    """Fill in how far each strategy's derivative of the logits is from the best central difference."""
    logits = lambda u: main_leaf(f(u))
    tangents = stack(Grid(Bandlimited()).differentiate_all(SYMMETRY, x))
    row.precision = str(x.dtype).removeprefix("torch.")
    value = logits(x)
    if not bool(value.isfinite().all()):
        row.problem = "the output is not finite"
        return
    quotients: list[Tensor] = []
    for strategy in STRATEGIES:
        if strategy.name in row.failed:
            continue
        try:
            y, pushed = strategy(logits, x, tangents)
        except TimeoutError:
            raise
        except Exception as error:
            row.failed[strategy.name + f" in {row.precision}"] = (
                f"{type(error).__name__}: {first_line(error)}"
            )
            continue
        if (off := float((y - value).norm() / value.norm())) > VALUE_TOLERANCE[x.dtype]:
            row.wrong.append(f"{strategy.name} changes the output by {off:.1e}")
        for index, step in enumerate(STEPS[x.dtype]):  # smaller ones cross fewer kinks
            if index == len(quotients):
                quotients.append(CentralDifference(step)(logits, x, tangents)[1])
            found = disagreement(pushed, quotients[index])
            row.disagreement[strategy.name] = min(found, row.disagreement.get(strategy.name, math.inf))
            if found < 0.1 * TOLERANCE[x.dtype]:
                break
    if quotients:
        row.sensitivity = float(quotients[0][0].norm() / tangents[0].norm() * x.norm() / value.norm())
        if not row.sensitivity > INSENSITIVE[x.dtype]:
            row.problem = f"the output hardly depends on the input (sensitivity {row.sensitivity:.1e})"
            row.disagreement.clear()
            return
    if row.worst > TOLERANCE[x.dtype]:
        row.kink = min(max(kink(logits, x, v, step) for v in tangents) for step in STEPS[x.dtype])
        if row.worst > row.kink:
            row.wrong += [
                f"{k}: off by {v:.1e}" for k, v in row.disagreement.items() if v > TOLERANCE[x.dtype]
            ]


def disagreement(pushed: Tensor, quotient: Tensor) -> float:
    """The largest relative distance over tangents; infinite where something is not finite."""
    distance = (pushed - quotient).flatten(1).norm(dim=1) / quotient.flatten(1).norm(dim=1)
    return float(distance.max()) if bool(distance.isfinite().all()) else math.inf


def kink(f: Any, x: Tensor, v: Tensor, step: float) -> float:
    """How far the two one-sided quotients are apart: 0 where f is smooth, large at a tie of a ReLU or a maximum."""
    h = step * x.norm() / v.norm()
    ahead, here, behind = (f(x + s * h * v) for s in (1, 0, -1))
    return float((ahead - 2 * here + behind).norm() / (0.5 * (ahead - behind)).norm())


def wake(model: nn.Module) -> None:
    """Small random numbers for parameters that start at (nearly) zero: with those a model is constant."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        if parameter.is_floating_point() and parameter.numel() and float(parameter.abs().max()) < 1e-2:
            fan_in = parameter[0].numel() if parameter.ndim > 1 else 1
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(min(0.1, 0.5 * fan_in**-0.5) * noise)


def calibrate(model: nn.Module, x: Tensor) -> None:
    """Give batch norms the statistics of their inputs: without them signals die out or explode on their way."""

    def measure(module: nn.Module, inputs: tuple[Tensor]) -> None:
        assert isinstance(module, _BatchNorm)
        values = inputs[0].transpose(0, 1).flatten(1)
        if module.running_mean is not None and module.running_var is not None:
            module.running_mean.copy_(values.mean(1))
            module.running_var.copy_(
                values.var(1, correction=0).clamp(min=1e-3 * float(values.square().mean()))
            )

    handles = [m.register_forward_pre_hook(measure) for m in model.modules() if isinstance(m, _BatchNorm)]
    if handles:
        model(x)
    for handle in handles:
        handle.remove()


def smooth_images(count: int, shape: tuple[int, int, int], seed: int = 2) -> Tensor:
    """Low-pass noise of unit variance, (count, C, H, W)."""
    coarse = torch.randn(count, shape[0], 12, 12, generator=torch.Generator().manual_seed(seed))
    images = nn.functional.interpolate(coarse, shape[1:], mode="bicubic")
    return images / images.std()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help=f"only {', '.join(QUICK)}")
    parser.add_argument("--only", default="*", metavar="PATTERN", help="modules by name, with * and ?")
    parser.add_argument("--models", metavar="PATTERN", help="all models of this name instead of one a module")
    parser.add_argument("--limit-params", type=float, default=500, metavar="M",
                        help="millions of parameters, times the pixels over 224^2")  # fmt: skip
    parser.add_argument("--limit-memory", type=float, default=14, metavar="GB")
    parser.add_argument("--time-limit", type=int, default=300, metavar="SECONDS", help="for each model")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write the rows there too, after every model"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
