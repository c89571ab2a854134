"""Remedies and a short fine-tuning put to use: ResNet-20 on CIFAR-10, and how much of its translation error is left.

    python studies/finetuning.py [--quick] [--scale N]

The network as it was published; with new statistics of batch norm, without and with remedies where its error comes in;
trained on for one epoch of 4,000 images (times --scale), again without and with remedies, and without and with the
penalty of translation in the loss; then for one epoch of all images there are, without and with remedies. All of an
epoch see the same images in the same order.
"""

import io
import sys
from collections.abc import Iterable
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import symmeter
from symmeter.curing.finetuning import Finetuning, finetuned
from symmeter.curing.recalibration import recalibrated
from symmeter.curing.remedies.blur import BlurBeforeStride
from symmeter.curing.remedy import Purpose
from symmeter.domains.images.domain import Images as Domain
from symmeter.measuring.plan import Given
from symmeter.models.load import describe
from symmeter.results.intervals import of_mean, of_ratio_of_means
from symmeter.symmetry.hypothesis import parse_symmetry

sys.path.insert(0, str(Path(__file__).resolve().parent))
from augmentation import plain
from bandlimited import Filtered
from common import Study, Verdict, main, yes
from images import Images
from intervals import Interval, pick
from published import RESNET20
from training import trained

MEASURED, TESTED, TRAINED = 600, 2000, 4000  # images for errors, for accuracy, and times --scale to train on
COUNTED = 1000  # images for new statistics
WANTED, PRICE = 3, 0.01  # times lower, at this much of accuracy
WEIGHT = 1.0

AS_IT_WAS, RECALIBRATED, CHANGED = "as it was", "statistics anew", "remedies, statistics anew"
ALONE, PENALTY = "fine-tuned", "fine-tuned, penalty"
REMEDY, BOTH = "remedies, fine-tuned", "remedies, fine-tuned, penalty"
ALL, ALL_REMEDY = "fine-tuned on all", "remedies, fine-tuned on all"
WEIGHTS = {ALONE: 0.0, REMEDY: 0.0, PENALTY: WEIGHT, BOTH: WEIGHT, ALL: 0.0, ALL_REMEDY: 0.0}
KINDS = (AS_IT_WAS, RECALIBRATED, CHANGED, *WEIGHTS)
REMEDIED = (CHANGED, REMEDY, BOTH, ALL_REMEDY)
PAIRS = {
    CHANGED: RECALIBRATED,
    REMEDY: ALONE,
    PENALTY: ALONE,
    BOTH: ALONE,
    ALL_REMEDY: ALL,
}  # that saw the same images


class BlurredShortcut(nn.Module):
    """A shortcut that takes every second pixel, of what was blurred."""

    def __init__(self, shortcut: nn.Module):
        super().__init__()
        before_any = BlurBeforeStride().exchange(nn.Conv2d(1, 1, 3, stride=2), None)
        assert isinstance(before_any, nn.Sequential)
        self.shortcut, self.blur = shortcut, before_any[0]

    def forward(self, x: Tensor) -> Tensor:
        """x (B, C, H, W) to the same with half the rows and columns."""
        return self.shortcut(self.blur(x))


def remedied(model: nn.Module) -> nn.Module:
    """A copy with non-linearities on a grid twice as fine, and a blur before whatever takes every second pixel.

    `symmeter.attribute` puts most of the error of the published network at the non-linearities of its first stage.
    """
    model = deepcopy(model)
    blur = BlurBeforeStride()
    blur.apply(model, blur.places(model), {}, PURPOSE)
    for name, module in list(model.named_modules()):
        around, _, last = name.rpartition(".")
        if isinstance(module, nn.ReLU):
            setattr(model.get_submodule(around), last, Filtered(module))
        elif type(module).__name__ == "PadShortcut":  # of the published network
            setattr(model.get_submodule(around), last, BlurredShortcut(module))
    return model


PURPOSE = Purpose(parse_symmetry("translation", Domain.symmetry, Domain.symmetries), Domain.name)


def flipped_and_cropped(x: Tensor) -> Tensor:
    """Half of the images (B, C, N, N) mirrored, and each moved by up to an eighth of its side; 0 beyond the edge."""
    margin = x.shape[-1] // 8
    x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(-1), x)
    wide, side = functional.pad(x, (margin,) * 4), x.shape[-1]
    corners = torch.randint(2 * margin + 1, (len(x), 2)).tolist()
    return torch.stack(
        [one[:, i : i + side, j : j + side] for one, (i, j) in zip(wide, corners, strict=True)]
    )


class Finetunings(Study):
    """What is left of the translation error after a short training, with and without remedies and penalty."""

    SEEDS = 1  # one published network; intervals are over images

    @cached_property
    def subject(self) -> tuple[nn.Module, Images]:
        """The published network with its images; where it is not at hand, a small one that is trained here."""
        settings = self.settings
        if settings.data is None or settings.images is not None or self.quick:
            images = self.few(self.images(), 4000, 500, quick=(256, 32))
            return trained(lambda: plain(images), images, 0, 1 if self.quick else 8), images
        folder = settings.data / "images" / "cifar10"
        train_x, train_y = jpegs(folder / "train_jpeg.npz")
        with np.load(folder / "test.npz") as found:
            pixels, labels = found["images"][:TESTED], found["labels"][:TESTED]
        test_x, test_y = as_inputs(pixels), torch.from_numpy(labels.astype(np.int64))
        images = Images("cifar10", train_x, train_y, test_x, test_y, 10)
        return RESNET20.load(settings.data).eval(), images

    def _trained_on(self, kind: str) -> tuple[Tensor, Tensor]:
        """Images and labels to train on; a small network of small images has a few thousand, and takes all."""
        _, images = self.subject
        few = slice(None if kind in (ALL, ALL_REMEDY) else TRAINED * self.settings.scale)
        return images.train_x[few], images.train_y[few]

    def rows(self) -> Iterable[dict[str, Any]]:
        for kind in KINDS:
            yield from self.step(kind, lambda k=kind: [self._measured(k)])

    def _measured(self, kind: str) -> dict[str, Any]:
        model, images = self.subject
        found = {"kind": kind, "images": images.name, "trained_on": len(self._trained_on(kind)[0])}
        network, told = self._network(kind, deepcopy(model))
        result = symmeter.measure(
            network, images.test_x[:MEASURED], "translation", control="stability", progress=False
        )
        hits = _hits(network, images)
        result.save(self._place(kind))
        np.save(self._place(kind) / "hits.npy", hits)
        found |= {"accuracy": hits.mean()}
        for row in result.rows:
            name = row.symmetry.removeprefix("translation_")
            found |= {f"lee_{name}": row.value, f"stability_{name}": row.stability}
        return found | {"ratio": self._beside(kind, AS_IT_WAS)["lee"].value} | told

    def _network(self, kind: str, model: nn.Module) -> tuple[nn.Module, dict[str, float]]:
        """A network of a kind, and how its training went."""
        if kind == AS_IT_WAS:
            return model, {}
        model = remedied(model) if kind in REMEDIED else model
        data = self._trained_on(kind)
        if kind in (RECALIBRATED, CHANGED):
            few = Given(data[0][:COUNTED])
            return model, {"seconds": recalibrated(describe(model), few, PURPOSE, progress=False)["seconds"]}
        how = Finetuning(data, weight=WEIGHTS[kind], batch_size=64, augment=flipped_and_cropped)
        return model, finetuned(describe(model), Given(None), PURPOSE, how, progress=False)

    def _place(self, kind: str) -> Path:
        return self.folder / "measured" / kind.replace(", ", "-").replace(" ", "-")

    def judge(self, table: Any) -> list[Verdict]:
        found = [self._verdict(table, kind, AS_IT_WAS) for kind in KINDS[1:]]
        return found + [self._verdict(table, kind, other) for kind, other in PAIRS.items()]

    def _verdict(self, table: Any, kind: str, other: str) -> Verdict:
        """Whether a network has so much less of the error than another, at what is about its accuracy."""
        found = self._beside(kind, other)
        single = ", ".join(f"{name} {interval}" for name, interval in found.items() if "translation" in name)
        accuracies = f"{pick(table, 'accuracy', kind=kind):.3f} and {pick(table, 'accuracy', kind=other):.3f}"
        told = f"LEE over LEE {found['lee']}; image by image {single}; "
        told += f"accuracy {accuracies}, difference {found['accuracy']}"
        lower = found["lee"].below(1 / WANTED) and found["accuracy"].above(-PRICE)
        words = f"*{kind}* beside *{other}*: LEE {WANTED} times lower, accuracy at most {PRICE:g} lower"
        return Verdict(words, yes(lower), told)

    def _beside(self, kind: str, other: str) -> dict[str, Interval]:
        """LEE of both translations over that of another network, that image by image, the difference in accuracy."""
        places = self._place(kind), self._place(other)
        now, was = map(symmeter.load, places)
        one, two = (
            np.sum([result.samples[f"{row.column}"] for row in result.rows], axis=0) for result in (now, was)
        )
        found = {"lee": _interval(one.mean() / two.mean(), of_ratio_of_means(one, two).ends)}
        for row in symmeter.compare(was, now).rows:
            if row.quantity == "value":
                found[row.symmetry] = _interval(row.ratio, (row.ratio_low, row.ratio_high))
        hits, before = (np.load(place / "hits.npy") for place in places)
        change = hits - before
        return found | {"accuracy": _interval(change.mean(), of_mean(change).ends)}

    def draw(self, table: Any) -> Any:
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, NullFormatter

        figure = Figure(figsize=(7.2, 3.4), layout="constrained")
        axes = figure.subplots()
        colours = (
            "#777777",
            "#CC79A7",
            "#009E73",
            "#56B4E9",
            "#0072B2",
            "#E69F00",
            "#D55E00",
            "#000000",
            "#F0E442",
        )
        for kind, colour in zip(KINDS, colours, strict=True):
            accuracy = 100 * pick(table, "accuracy", kind=kind)
            for name, marker in (("x", "o"), ("y", "s")):
                label = kind if name == "x" else None
                axes.plot(pick(table, f"lee_{name}", kind=kind), accuracy, marker, color=colour, label=label)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("LEE of translation after the softmax (circles x, squares y)")
        axes.set_ylabel("accuracy in %")
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        return figure


def jpegs(path: Path) -> tuple[Tensor, Tensor]:
    """Inputs (N, C, H, W) and labels (N,) of all images of an archive of JPEG bytes, in an order of seed 0."""
    from PIL import Image

    with np.load(path) as archive:
        data, offsets, labels = (archive[name] for name in ("data", "offsets", "labels"))
    chosen = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0)).numpy()
    read = lambda i: np.asarray(
        Image.open(io.BytesIO(data[offsets[i] : offsets[i + 1]].tobytes())).convert("RGB")
    )
    return as_inputs(np.stack([read(i) for i in chosen])), torch.from_numpy(labels[chosen].astype(np.int64))


def as_inputs(pixels: np.ndarray) -> Tensor:
    """Images (N, H, W, C) of bytes as the published network takes them, (N, C, H, W)."""
    return RESNET20.normalised(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255)


@torch.no_grad()
def _hits(network: nn.Module, images: Images) -> np.ndarray:
    """Which test images (N,) are told right, 1 or 0."""
    scores = torch.cat([network(x) for x in images.test_x.split(200)])
    return (scores.argmax(1) == images.test_y).double().numpy()


def _interval(value: float, ends: Iterable[float | None]) -> Interval:
    """Of a number; where none is known, that number alone."""
    low, high = (float(value if end is None else end) for end in ends)
    return Interval(float(value), low, high)


if __name__ == "__main__":
    sys.exit(main(Finetunings))
