"""`symmeter sweep MODELS DATA --store DIR`, and `symmeter sweep --preset NAME DATA --store DIR`."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

from symmeter.cli import inputs
from symmeter.cli.arguments import Add, above_zero, add_trust, positive, seed, whole
from symmeter.cli.inputs import KindOfData
from symmeter.cli.parser import Parser, command
from symmeter.cli.terminal import DONE, FAILED, INTERRUPTED, console, ended_like_ctrl_c, prepare_process

if TYPE_CHECKING:
    from symmeter.cli.parser import Commands

EPILOG = """examples:
  symmeter sweep 'timm:vit_*' 'timm:resnet*' photos/ --store sweep/
  symmeter sweep models.csv photos/ --store sweep/ --symmetry translation,rotation
  symmeter sweep 'timm:*' photos/ --store sweep/ --untrained --samples 16 --jobs 2
  symmeter sweep models.csv photos/ --store s3://bucket/sweep --executor ray
  symmeter sweep --preset gruver2023 imagenet/val/ --store sweep/ --dry-run
  symmeter sweep --preset zoo2026 photos/ --store sweep/ --weights-from files/

models.csv has the columns model, name, weights, untrained, model_kwargs,
output, layouts, domain, inputs, and one for each option of the kind of data
(img_size, mean, std, ...); any other column is a tag. Started again,
the same command goes on where it was stopped; see symmeter report."""


def parser(commands: "Commands", kind: KindOfData) -> Parser:
    """Add the command; returns its parser."""
    made = command(commands, "sweep", "[MODELS...] DATA --store DIR [options]", EPILOG)
    add = made.add_argument
    several = "names, wildcards such as 'timm:vit_*', lists (.txt, .csv, .yaml)"
    add("models", metavar="MODELS", nargs="+", help=f"{several}; not needed with --preset")
    add("data", metavar="DATA", help=kind.files)
    add("--store", metavar="DIR", required=True, help="folder or address that keeps the results")
    add("--preset", metavar="P", help="models and settings of a study: gruver2023, zoo2026 or tryout")
    words = "models, downloads and expected hours; nothing is measured"
    add("--dry-run", action="store_true", help=words)
    words = "a folder with NAME.safetensors (.pth, .pt, .bin) of models, in place of downloads"
    add("--weights-from", metavar="DIR", help=words)
    _add_measuring(made.add_argument_group("what to measure").add_argument)
    inputs.add_options(made, kind)
    _add_running(made.add_argument_group("how to run").add_argument, kind)
    made.spared = {"models": "--preset"}
    made.set_defaults(run=run, symmetry=None, output=None)
    return made


def _add_measuring(add: Add) -> None:
    inputs.add_symmetry(add)
    controls = "both (default: stability and specificity), stability, untrained, wrong-group or none"
    add(
        "--measure",
        metavar="M",
        help="names, with commas (default: lee; over groups geed, of points equivariance_error)",
    )
    add("--control", metavar="C", help=controls)
    add("--elements", metavar="N", type=positive, help="draw so many elements of a group")
    add(
        "--sampling",
        metavar="S",
        default="auto",
        help="auto (default), haar, cosets, quadrature, lebedev or lebedev(5)",
    )
    add("--layers", action="store_true", help="attribute the error to layers as well")
    add("--probes", metavar="N", type=whole, default=0, help="backward passes for their norms (default: 0)")
    add("--seeds", metavar="N", type=seed, nargs="+", default=[0], help="one run each (default: 0)")
    add("--untrained", action="store_true", help="random weights, but for models with a file of weights")
    add_trust(add)
    words = "code that lists may name besides FILE.py in their folder, such as 'mypackage.models:*'"
    add("--allow-code", metavar="CODE", nargs="+", action="extend", default=[], help=words)


def _add_running(add: Add, kind: KindOfData) -> None:
    add("--executor", metavar="E", default="local", help="local (default) or ray")
    add("--address", metavar="A", help="of a Ray cluster (default: RAY_ADDRESS, else this machine)")
    add("--jobs", metavar="N", type=positive, help="models at once (default: one per GPU, or per core)")
    add(
        "--batch-size",
        metavar="N",
        type=positive,
        help=f"{kind.item}s at once (default: by size and memory)",
    )
    add("--device", metavar="D", help="cpu, cuda, ... (default: GPUs where there are any)")
    add(
        "--time-limit", metavar="S", type=above_zero, default=3600.0, help="seconds per model (default: 3600)"
    )
    add("--memory-limit", metavar="GIB", type=above_zero, help="memory per model (default: an equal share)")
    add("--retry-errors", action="store_true", help="try those again that failed before")
    add("--quiet", action="store_true", help="no progress, only the summary")


def run(a: argparse.Namespace) -> int:
    """Sweep, and print the summary."""
    prepare_process()
    from symmeter.errors import first_line
    from symmeter.sweeps.folder import StoreError

    try:
        with ended_like_ctrl_c():
            found = _swept(a)
    except StoreError as error:
        print(
            f"symmeter: error: {first_line(error)}; what was done is kept, start again to go on",
            file=sys.stderr,
        )
        return FAILED
    if a.dry_run:
        found.show(console())
        return DONE
    print(found)
    if found.interrupted:
        return INTERRUPTED
    return FAILED if found.failed or found.known else DONE


def _swept(a: argparse.Namespace) -> Any:
    from symmeter.sweeps.executors.executor import Limits
    from symmeter.sweeps.sweep import sweep

    return sweep(
        a.models or None,
        a.data,
        a.store,
        measure=a.measure,
        seeds=a.seeds,
        executor=a.executor,
        jobs=a.jobs,
        limits=Limits(a.time_limit, a.memory_limit),
        address=a.address,
        layers=a.layers,
        untrained=a.untrained,
        retry_errors=a.retry_errors,
        trust_remote_code=a.trust_remote_code,
        allow_code=a.allow_code,
        control=a.control,
        elements=a.elements,
        sampling=a.sampling,
        probes=a.probes,
        preset=a.preset,
        weights_from=a.weights_from,
        dry_run=a.dry_run,
        **inputs.common_arguments(a),
    )
