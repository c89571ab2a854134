"""Boxes from what detectors return: torchvision's dicts, DETR's queries, or arrays (n, 6)."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.domains.images.placed.rows import (
    CENTRE,
    CLASS,
    COLUMNS,
    HALF,
    PRESENT,
    SCORE,
    half_of,
    with_frame,
)
from symmeter.errors import SymmeterError

PIXELS, SHARES = "pixels", "shares"
_FAR = 1.25  # half frames, from the middle
SOFTMAX, SIGMOID = "softmax", "sigmoid"
_KNOWN = (
    "a list of dicts with boxes, scores and labels (torchvision), logits with pred_boxes (DETR), or arrays (n, 6) of "
    "x1 y1 x2 y2 score class"
)

# How four numbers (..., 4) become centre and extent (..., 2) each.
Halves = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
COORDINATES: Mapping[str, Halves] = {
    "xyxy": lambda a, b: ((a + b) / 2, b - a),
    "xywh": lambda a, b: (a + b / 2, b),
    "cxcywh": lambda a, b: (a, b),
}
_UNITS = {"xyxy": PIXELS, "xywh": PIXELS, "cxcywh": SHARES}  # where nothing is said


@dataclass(frozen=True)
class BoxFormat:
    """What the numbers of a box are: None for what is usual in the form that a model returns.

    >>> BoxFormat.parse("cxcywh")
    BoxFormat(coordinates='cxcywh', unit='shares', scores='softmax')
    """

    coordinates: str | None = None
    unit: str = PIXELS
    scores: str = SOFTMAX

    @staticmethod
    def parse(text: str) -> "BoxFormat":
        """From `xyxy`, `cxcywh,pixels` or `cxcywh,sigmoid`; ValueError with the choices."""
        words = [word.strip() for word in text.split(",") if word.strip()]
        kinds = dict.fromkeys(COORDINATES, 0) | {PIXELS: 1, SHARES: 1, SOFTMAX: 2, SIGMOID: 2}
        said = {kinds.get(word, -1): word for word in words}
        if -1 in said or len(said) < len(words) or (1 in said and 0 not in said):
            raise ValueError(
                f"boxes are {', '.join(COORDINATES)}, in {PIXELS} or {SHARES} of the frame: {text!r}"
            )
        coordinates = said.get(0)
        return BoxFormat(
            coordinates, said.get(1, _UNITS.get(coordinates or "", PIXELS)), said.get(2, SOFTMAX)
        )

    def or_usual(self, coordinates: str) -> "BoxFormat":
        """This, with these coordinates where nothing was said of them."""
        return self if self.coordinates else BoxFormat(coordinates, _UNITS[coordinates], self.scores)

    def halves(self, boxes: Tensor, size: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Centres from that of the frame (H, W), and half extents, both (n, 2) in pixels, of boxes (n, 4)."""
        half = half_of(size, boxes)
        centre, extent = COORDINATES[self.coordinates or "xyxy"](boxes[:, :2], boxes[:, 2:])
        scale = 2 * half if self.unit == SHARES else torch.ones_like(half)
        return centre * scale - half, extent * scale / 2


@dataclass(frozen=True)
class Found:
    """The boxes (n, 4) of one image, with scores (n,) and classes (n,)."""

    boxes: Tensor
    scores: Tensor
    classes: Tensor


class Form(ABC):
    """One form in which detectors return boxes; `coordinates` are usual in it."""

    coordinates = "xyxy"

    @abstractmethod
    def fits(self, returned: object) -> bool:
        """Whether it is this form."""

    @abstractmethod
    def images(self, returned: object, scores: str) -> Iterator[Found]:
        """The boxes of one image after the other."""


class Dicts(Form):
    """[{boxes (n, 4), scores (n,), labels (n,)}, ...], as torchvision's detectors; without scores they are 1."""

    def fits(self, returned: object) -> bool:
        return isinstance(returned, list | tuple) and all(
            isinstance(r, Mapping) and "boxes" in r for r in returned
        )

    def images(self, returned: object, scores: str) -> Iterator[Found]:
        for one in returned:  # type: ignore[attr-defined]
            boxes = torch.as_tensor(one["boxes"]).reshape(-1, 4)
            ones = torch.ones(len(boxes), device=boxes.device)
            yield Found(
                boxes, torch.as_tensor(one.get("scores", ones)), torch.as_tensor(one.get("labels", 0 * ones))
            )


class Queries(Form):
    """logits (B, Q, C + 1), the last class being none, and pred_boxes (B, Q, 4), as of DETR.

    With `sigmoid` the logits are (B, Q, C), each class by itself.
    """

    coordinates = "cxcywh"

    def fits(self, returned: object) -> bool:
        return all(isinstance(_part(returned, name), Tensor) for name in ("logits", "pred_boxes"))

    def images(self, returned: object, scores: str) -> Iterator[Found]:
        logits, boxes = _part(returned, "logits"), _part(returned, "pred_boxes")
        shares = logits.sigmoid() if scores == SIGMOID else logits.softmax(-1)[..., :-1]
        best, classes = shares.max(-1)
        yield from map(Found, boxes, best, classes)


class Arrays(Form):
    """[(n, 6), ...] or (B, n, 6) of x1 y1 x2 y2 score class; None for no box; or `boxes.data` of ultralytics."""

    def fits(self, returned: object) -> bool:
        if isinstance(returned, Tensor):
            return returned.ndim == 3 and returned.shape[-1] == 6
        return isinstance(returned, list | tuple) and all(map(_is_array, returned))

    def images(self, returned: object, scores: str) -> Iterator[Found]:
        for one in returned:  # type: ignore[attr-defined]
            rows = torch.as_tensor(_array(one)).reshape(-1, 6)
            yield Found(rows[:, :4], rows[:, 4], rows[:, 5])


FORMS: tuple[Form, ...] = (Dicts(), Queries(), Arrays())


@dataclass(frozen=True)
class BoxReader:
    """Boxes of images in frames of `size` (H, W) as rows; those with a score below `least` are no boxes."""

    format: BoxFormat
    least: float
    most: int

    def __call__(self, returned: object, x: Tensor) -> Tensor:
        """Rows (B, 1 + most, 7) from what a model returned for images x (B, C, H, W)."""
        form = next((form for form in FORMS if form.fits(returned)), None)
        if form is None:
            raise SymmeterError(
                f"output 'boxes': the model returned {_shown(returned)}, and boxes are read from {_KNOWN}; "
                "an output of that name which is something else is written boxes:invariant"
            )
        size = x.shape[-2:]
        images = list(form.images(returned, self.format.scores))
        if len(images) != len(x):
            raise SymmeterError(
                f"output 'boxes': the model returned those of {len(images)} images for {len(x)}"
            )
        of_form = self.format.or_usual(form.coordinates)
        rows = with_frame(torch.stack([self._rows(one, of_form, size, x) for one in images]), size)
        check_form(rows, of_form)
        return rows

    def _rows(self, found: Found, of_form: BoxFormat, size: Sequence[int], x: Tensor) -> Tensor:
        """One image's boxes as rows (most, 7), the best first."""
        counts = len(found.boxes), len(found.scores), len(found.classes)
        if len(set(counts)) > 1:
            raise SymmeterError(
                "output 'boxes': an image has {} boxes, {} scores and {} labels".format(*counts)
            )
        scores = found.scores.to(x)
        order = scores.argsort(descending=True, stable=True)
        order = order[~(scores[order] < self.least)]  # those that are no number stay, and are said
        if len(order) > self.most:
            raise SymmeterError(
                f"{len(order)} boxes in one image have a score of {self.least:g} or more, and at most {self.most} are "
                "compared: raise min_score or max_boxes"
            )
        rows = x.new_zeros(self.most, COLUMNS)
        kept = rows[: len(order)]
        kept[:, CENTRE], kept[:, HALF] = of_form.halves(found.boxes.to(x)[order], size)
        kept[:, SCORE], kept[:, CLASS], kept[:, PRESENT] = scores[order], found.classes.to(x)[order], 1.0
        return rows


def check_form(rows: Tensor, form: BoxFormat) -> None:
    """SymmeterError where rows (B, 1 + N, 7) of boxes cannot be what their numbers were read as.

    Most end before they begin or reach beyond the frame by an eighth of it, or pixels are all of the first one.
    """
    things, reach = rows[:, 1:][rows[:, 1:, PRESENT] > 0.5], rows[0, 0, HALF]
    centre, half = things[:, CENTRE], things[:, HALF]
    strange = {
        "most of them end before they begin": (half < 0).any(1).double().mean() > 0.5,
        "most of them reach far beyond the frame": (centre.abs() + half > _FAR * reach).any(1).double().mean()
        > 0.5,
        "all of them lie in the first pixel": len(things) > 0 and bool((centre + half + reach <= 1.0).all()),
    }
    for what, is_so in strange.items():
        if is_so:
            raise SymmeterError(
                f"output 'boxes' is read as {form.coordinates} in {form.unit}, and {what}: write "
                f"{', '.join(COORDINATES)} with {PIXELS} or {SHARES}, such as boxes(cxcywh,pixels)"
            )


def _part(returned: object, name: str) -> Tensor:
    """One part of what a model returned, by name; None where there is none."""
    return returned.get(name) if isinstance(returned, Mapping) else getattr(returned, name, None)  # type: ignore[return-value]


def _array(one: object) -> object:
    """The array of one image: itself, what an object has as `boxes.data`, or an empty one for None."""
    held = getattr(getattr(one, "boxes", None), "data", one)
    return torch.zeros(0, 6) if held is None else held


def _is_array(one: object) -> bool:
    """Whether it is an array (n, 6), or an empty one."""
    shape = tuple(getattr(_array(one), "shape", ()))
    return (len(shape) == 2 and shape[1] == 6) or shape in ((0,), (0, 4))


def _shown(returned: object) -> str:
    """What a model returned, in a few words."""
    first = returned[0] if isinstance(returned, list | tuple) and returned else None
    shape = getattr(returned if first is None else first, "shape", None)
    words = type(returned).__name__ + (f" of {type(first).__name__}" if first is not None else "")
    return words if shape is None else f"{words} of shape {tuple(shape)}"
