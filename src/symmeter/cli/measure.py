"""`symmeter measure MODEL DATA`."""

import argparse
import contextlib
import dataclasses
import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symmeter.cli.arguments import KWARGS, MODEL_HELP, Parser, number, positive, seed
from symmeter.cli.terminal import DONE, FAILED, check_writable, console, prepare_process, reader_may_leave
from symmeter.errors import SymmeterError, SymmeterWarning

if TYPE_CHECKING:
    from symmeter.result import Result

EPILOG = """examples:
  symmeter measure timm:resnet50 photos/ --symmetry translation,rotation
  symmeter measure net.py:build test.npz --weights best.pt --json result.json
  symmeter measure timm:resnet50 photos/ --untrained --output logits
  symmeter measure timm:resnet50 photos/ --output layer3 --samples 100

symmeter list symmetries (measures, outputs, definitions, models) has the names."""
PREPROCESSING = ("img_size", "crop_pct", "mean", "std", "interpolation")


def parser(commands: Any) -> Parser:
    """Add the command; returns its parser."""
    words = "measure how far a model is from a symmetry, with error, floor and control"
    made: Parser = commands.add_parser(
        "measure",
        help=words,
        description=words.capitalize() + ".",
        usage="symmeter measure MODEL DATA [options]",
        epilog=EPILOG,
    )
    add = made.add_argument
    add("model", metavar="MODEL", help=MODEL_HELP)
    add("data", metavar="DATA", help="a folder of images, an .npz, one image, or builtin:photos")

    add = made.add_argument_group("what to measure").add_argument
    add("--symmetry", metavar="S", default="translation", help="names, with commas (default: translation)")
    add("--measure", metavar="M", default="lee", help="names, with commas (default: lee)")
    add("--output", metavar="O", default="softmax", help="softmax, logits, or a layer (default: softmax)")
    add("--definition", metavar="D", default="bandlimited", help="of the derivative (default: bandlimited)")
    add("--no-control", action="store_true", help="no control: half the time, and no selectivity")

    add = made.add_argument_group("the model").add_argument
    add(
        "--weights",
        metavar="FILE",
        help="a checkpoint (.pt, .pth, .safetensors) to load instead",
    )
    add("--untrained", action="store_true", help="random weights, drawn under --seed")
    add("--model-kwargs", **KWARGS)

    add = made.add_argument_group("the images (default: the model's own preprocessing)").add_argument
    add("--samples", metavar="N", type=positive, help="number of images, drawn under --seed (default: all)")
    add("--img-size", metavar="N", type=positive, nargs="+", help="size of the input, or height and width")
    add("--crop-pct", metavar="F", type=number, help="share of the resized image that the crop keeps")
    add(
        "--mean",
        metavar="F",
        type=number,
        nargs="+",
        help="of pixels in [0, 1]: one a channel, or one",
    )
    add("--std", metavar="F", type=number, nargs="+", help="standard deviation, likewise")
    add("--interpolation", metavar="I", help="nearest, bilinear, bicubic, box, hamming or lanczos")

    add = made.add_argument_group("how to compute").add_argument
    add("--batch-size", metavar="N", type=positive, help="images at once (default: by speed and memory)")
    add("--device", metavar="D", help="cpu, cuda, cuda:1, ... (default: cpu)")
    add("--seed", metavar="N", type=seed, default=0, help="of everything random (default: 0)")
    add("--quiet", action="store_true", help="no progress bar (only a terminal shows one)")

    add = made.add_argument_group("results").add_argument
    add("--json", metavar="FILE", help="write the result as JSON; - prints it in place of the table")
    add("--out", metavar="DIR", type=Path, help="a folder for header, rows and the values of every image")
    made.set_defaults(run=run)
    return made


def run(a: argparse.Namespace) -> int:
    """Measure, write the files, print the table. A failure to write still prints it."""
    to_stdout = a.json == "-"
    if a.json is not None and not to_stdout:
        check_writable("--json", Path(a.json), folder=False)
    if a.out is not None:
        check_writable("--out", a.out, folder=a.out.suffix != ".json")
    prepare_process()
    from symmeter.run import Interrupted

    interrupted = False
    with contextlib.redirect_stdout(sys.stderr if to_stdout else sys.stdout):  # a model may print
        try:
            result = _measured(a)
        except Interrupted as stop:
            result, interrupted = stop.result, True
    try:
        if a.json is not None and not to_stdout:
            result.to_json(a.json)
        if a.out is not None:
            result.save(a.out)
    finally:
        with reader_may_leave():
            _print(result, to_stdout)
    if interrupted:
        print("symmeter: interrupted; the result is that of the images done until then", file=sys.stderr)
    return DONE if result.status == "complete" and not interrupted else FAILED


def _measured(a: argparse.Namespace) -> "Result":
    from symmeter.measurement import measure
    from symmeter.models import load_model, parse_model_kwargs
    from symmeter.run import Interrupted

    _check_early(a)
    kwargs = parse_model_kwargs(a.model_kwargs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SymmeterWarning)
        loaded = load_model(
            a.model, weights=a.weights, model_kwargs=kwargs, untrained=a.untrained, seed=a.seed
        )
    notes = tuple(str(w.message) for w in caught if issubclass(w.category, SymmeterWarning))
    try:
        result = measure(
            loaded,
            a.data,
            symmetry=a.symmetry,
            measure=a.measure,
            output=a.output,
            definition=a.definition,
            samples=a.samples,
            batch_size=a.batch_size,
            device=a.device,
            seed=a.seed,
            progress=False if a.quiet else None,
            control=not a.no_control,
            preprocessing={name: getattr(a, name) for name in PREPROCESSING},
        )
    except Interrupted as stop:
        stop.result = dataclasses.replace(stop.result, warnings=notes + stop.result.warnings)
        raise
    return dataclasses.replace(result, warnings=notes + result.warnings)


def _check_early(a: argparse.Namespace) -> None:
    """SymmeterError for the mistakes that can be seen before a model is built or downloaded."""
    from symmeter.definitions import parse_definition
    from symmeter.measures import parse_measures
    from symmeter.outputs import parse_output
    from symmeter.preprocessing import Preprocessing
    from symmeter.symmetry import parse_symmetry

    parse_symmetry(a.symmetry)
    parse_measures(a.measure)
    parse_output(a.output)
    parse_definition(a.definition)
    Preprocessing.unknown().override(a.img_size, a.crop_pct, interpolation=a.interpolation)
    if not a.data.startswith("builtin:") and not Path(a.data).expanduser().exists():
        raise SymmeterError(f"{a.data}: no such file or folder")


def _print(result: "Result", as_json: bool) -> None:
    if as_json:
        print(json.dumps(result.to_dict(), indent=2))
        return
    from symmeter.report.table import render, show

    if sys.stdout.isatty():
        show(result, console())
    else:
        print(render(result), end="")
