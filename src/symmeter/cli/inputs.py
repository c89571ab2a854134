"""The options that commands which run a model on images have in common."""

from collections.abc import Callable
from pathlib import Path

from symmeter.cli.arguments import KWARGS, MODEL_HELP, Parser, number, positive, seed

PREPROCESSING = ("img_size", "crop_pct", "mean", "std", "interpolation")


def add_model_and_data(parser: Parser) -> None:
    """MODEL and DATA."""
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "data", metavar="DATA", help="a folder of images, an .npz, one image, or builtin:photos"
    )


def add_symmetry(add: Callable) -> None:
    """What is asked of the model."""
    add("--symmetry", metavar="S", default="translation", help="names, with commas (default: translation)")
    add("--output", metavar="O", default="softmax", help="softmax, logits, or a layer (default: softmax)")
    add("--definition", metavar="D", default="bandlimited", help="of the derivative (default: bandlimited)")


def add_model(parser: Parser) -> None:
    """Where the weights come from."""
    add = parser.add_argument_group("the model").add_argument
    add("--weights", metavar="FILE", help="a checkpoint (.pt, .pth, .safetensors) to load instead")
    add("--untrained", action="store_true", help="random weights, drawn under --seed")
    add("--model-kwargs", **KWARGS)


def add_images(parser: Parser) -> None:
    """Which images, and how they become inputs."""
    add = parser.add_argument_group("the images (default: the model's own preprocessing)").add_argument
    add("--samples", metavar="N", type=positive, help="number of images, drawn under --seed (default: all)")
    add("--img-size", metavar="N", type=positive, nargs="+", help="size of the input, or height and width")
    add("--crop-pct", metavar="F", type=number, help="share of the resized image that the crop keeps")
    add("--mean", metavar="F", type=number, nargs="+", help="of pixels in [0, 1]: one a channel, or one")
    add("--std", metavar="F", type=number, nargs="+", help="standard deviation, likewise")
    add("--interpolation", metavar="I", help="nearest, bilinear, bicubic, box, hamming or lanczos")


def add_computing(parser: Parser) -> None:
    """How to compute."""
    add = parser.add_argument_group("how to compute").add_argument
    add("--batch-size", metavar="N", type=positive, help="images at once (default: by speed and memory)")
    add("--device", metavar="D", help="cpu, cuda, cuda:1, ... (default: cpu)")
    add("--seed", metavar="N", type=seed, default=0, help="of everything random (default: 0)")
    add("--quiet", action="store_true", help="no progress bar (only a terminal shows one)")


def add_results(parser: Parser) -> Callable:
    """Where results go; returns the group's `add_argument` for more."""
    add = parser.add_argument_group("results").add_argument
    add("--json", metavar="FILE", help="write the result as JSON; - prints it in place of the table")
    add("--out", metavar="DIR", type=Path, help="a folder for header, rows and the values of every image")
    return add
