"""`measure`: from a model and some images to a result."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import torch

from symmeter.domain import Domain
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.execution import announced, run_along, run_over
from symmeter.measuring.plan import Given, Plan, Settings, make_plan
from symmeter.measuring.precision import of_several
from symmeter.measuring.rows import derivative_rows, element_rows, node_errors, orbit_rows
from symmeter.measuring.split_rows import split_rows
from symmeter.measuring.untrained import beside_untrained
from symmeter.measuring.whole_pixel import WholePixel
from symmeter.models.fresh import untrained
from symmeter.results.paired import common_columns, common_names
from symmeter.results.result import Result
from symmeter.symmetry.groups.group import Group
from symmeter.symmetry.groups.sampling import AUTO
from symmeter.verbs.verb import verb
from symmeter.verbs.warned import recorded


@verb(ARGUMENTS)
def measure(
    model: Any,
    data: Any,
    symmetry: Any = "translation",
    measure: Any = None,
    output: str = "softmax",
    definition: Any = "bandlimited",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
    *,
    control: bool | str = True,
    elements: int | None = None,
    sampling: str = AUTO,
    precision: float | None = None,
    preprocessing: object = None,
    domain: str | type[Domain] | None = None,
    inputs: Any = None,
    labels: Any = None,
    average: Sequence[int] | None = None,
    **options: Any,
) -> Result:
    """Measure how far a model is from a symmetry: value, error, floor and control for every generator or group.

    Args:
        model: an `nn.Module`, any callable from (B, C, H, W) to outputs, a name such as `"timm:resnet50"`, a calculator
            of ASE, or what `load_model` returns. It is measured in eval mode and left as it was.
        data: a float tensor (N, C, H, W) of model inputs, uint8 pixels, an (images, labels) pair, a Dataset, a
            DataLoader, a folder of images, a `.npz`, `builtin:photos`, `ase.Atoms`, or a file of structures.
        symmetry: names such as `"translation,rotation"` or `"C4,shift(8)"`, generators, groups, or a `Symmetry` with
            its representations.
        measure: names of measures, such as `"geed,consistency"`; None for `lee` along generators, `geed` over groups.
        output: `softmax`, `logits`, `features`, `pooled`, a sub-module's name; with `:ACTION` to say how the
            symmetry acts on it (see `symmeter.models.outputs`). Over groups also several, with commas and `*`.
        definition: what lies between pixels: `bandlimited`, `periodic`, `sinc`, `bicubic`, `bilinear`, `gruver2023`.
        samples: number of images, drawn at random under `seed`; None for all.
        batch_size: images pushed through at once; None to choose by size and memory.
        device: where to compute; None for where the model is.
        seed: of the choice of images and of anything random inside the model.
        progress: show a progress bar; None for only on a terminal or in a notebook.
        control: what responses are compared with. True (`both`): the changes of other images (stability) and, along
            generators, deformations of the same image (specificity). `stability`: the former alone. `untrained`: also
            the same model with fresh weights; `wrong-group`: outputs taken as if the group did not move them; False
            (`none`): nothing.
        elements: how many group elements to draw; None for all of up to 256, else 64, of SO3 120 and of O3 240.
        sampling: of groups that are not enumerated: `auto` (of SO3 and O3 `cosets`, else `haar`), `haar` (independent
            elements), `cosets` (of a finite subgroup, moved at random), `quadrature` (in equal steps), or, of SO3 and
            O3, `lebedev` (Lebedev's rules, of unequal weights; `lebedev(5)` for that of order 5).
        precision: stop when the relative half width of the 95 % interval of every value and stability is at most this,
            such as 0.2. Images are then taken in random order and looked at after 16, 32, 64, ...; every look has wider
            intervals, so that all hold together (see `symmeter.measuring.precision`). None for all images.
        preprocessing: a dictionary overrides `img_size`, `crop_pct`, `mean`, `std`, `interpolation` of the model's own.
            Anything else goes in its place: a transform of torchvision or timm, an image processor of transformers, any
            callable from a PIL image to a tensor (C, H, W), or a name such as `"FILE.py:callable"` or `"hf:NAME"`. The
            mean and std that colours need are found by trying it; where they cannot be, give `mean=` and `std=`.
        domain: the kind of data, such as `"images"` or `"signals"`, or a `Domain` of your own; None to see it from the
            data, the symmetry and `inputs`.
        inputs: for a model of several inputs, how the symmetry acts on each: `{"pixel_values": "image"}` for a dict,
            `("image", "image")` for a tuple of arguments; one word for a single tensor that is no image, such as
            `"points"`. Leaves that are not named are handed on as they are, and listed in `header["spec"]`.
        labels: classes (N,), where they are not in the data; or what outputs should be, `{"energy": values (N, ...)}`,
            for the split of the squared error in `Result.splits`. Frames of atoms bring theirs along.
        average: numbers of elements such as `(2, 4, 12, 60)`; what averages of the model over so many would gain, and
            what they did gain when it was tried, is in `Result.averages`. Needs such labels; `()` is for the split.
        options: more options of the kind of data. Of images, `padding` is what motions bring in from outside the frame:
            `reflect`, `zeros`, `circular`; None for the definition's own extension, and only motions that keep the
            frame for C_n and D_n.

    Raises:
        SymmeterError: for a mistake in the arguments, in one line that says what to change.
        Interrupted: on Ctrl-C; its `result` holds what was done.
        Warning: where a filter makes errors of warnings, at the end; its `result` holds all of the result.

    Source: Gruver et al. 2023 and Kvinge et al. 2022 for the measures; the design of symmeter for floor and control.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)).eval()
    >>> result = measure(net, torch.rand(8, 3, 6, 6), symmetry="hue")
    >>> result.rows[0].n, result.rows[0].unit
    (8, 'probability^2 / radian^2')
    """
    given = Given(data, domain, inputs, labels, named_options(definition, preprocessing) | options)
    settings = Settings(samples, batch_size, device, seed, progress, control, elements, sampling, precision)
    if average is not None or isinstance(labels, Mapping):
        settings = replace(settings, average=tuple(average or ()))
    return measured(make_plan(model, given, symmetry, measure, output, settings))


def named_options(definition: object, preprocessing: object) -> dict[str, Any]:
    """The options that verbs name in their signatures, as one mapping."""
    whole = {} if preprocessing is None else {"preprocessing": preprocessing}
    return {"definition": definition, **(preprocessing if isinstance(preprocessing, Mapping) else whole)}


def measured(plan: Plan) -> Result:
    """One run along all generators and one over every group, as one result."""
    parts: list[Result] = []
    interrupted = False
    for run in _runs(plan):
        part, interrupted = run()
        parts.append(part)
        if interrupted:
            break
    result = _joined(parts, plan.symmetry.name, [m.name for m in [*plan.along, *plan.over]])
    if plan.control == "untrained":
        fresh = untrained(plan.loaded, plan.settings.seed)
        with recorded():  # the same as those of the trained one
            result = beside_untrained(
                result, measured(plan.of_fresh(fresh)), fresh.info, plan.domain.between_networks
            )
    return announced(result, interrupted)


def _runs(plan: Plan) -> list[Callable[[], tuple[Result, bool]]]:
    """What each run finds, and whether it was interrupted; all else that it knows is let go with it."""
    along = [partial(_along, plan)] if plan.symmetry.generators else []
    return [*along, *(partial(_over, plan, group) for group in plan.symmetry.groups)]


def _along(plan: Plan) -> tuple[Result, bool]:
    pixel = WholePixel()
    along = run_along(plan, pixel)
    along.spec.update(whole_pixel=plan.domain.position, whole_pixel_samples=pixel.samples)
    return along.result(pixel.added_to(derivative_rows(along.run), along.run)), along.run.interrupted


def _over(plan: Plan, group: Group) -> tuple[Result, bool]:
    over = run_over(plan, group)
    part = over.result(orbit_rows(over.run))
    splits, averages = map(tuple, split_rows(over.run))
    elements, nodes = tuple(element_rows(over.run)), tuple(node_errors(over.run))
    part = replace(part, elements=elements, nodes=nodes, splits=splits, averages=averages)
    return part, over.run.interrupted


def _joined(parts: list[Result], symmetry: str, measures: list[str]) -> Result:
    """The results of several runs on the same samples as one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    names = common_names(parts)
    complete = all(part.status == "complete" for part in parts)
    spec = {
        **first.header["spec"],
        "symmetry": symmetry,
        "measure": ",".join(measures),
        "runs": [part.header["spec"] for part in parts],
    }
    if "wanted_precision" in first.header["spec"]:
        spec["wanted_precision"] = of_several([part.header["spec"]["wanted_precision"] for part in parts])
    return Result(
        rows=tuple(chain.from_iterable(part.rows for part in parts)),
        header={**first.header, "spec": spec, "status": "complete" if complete else "partial"},
        warnings=tuple(dict.fromkeys(chain.from_iterable(part.warnings for part in parts))),
        samples=common_columns(parts, names),
        sample_names=tuple(names),
        elements=tuple(chain.from_iterable(part.elements for part in parts)),
        splits=tuple(chain.from_iterable(part.splits for part in parts)),
        averages=tuple(chain.from_iterable(part.averages for part in parts)),
        nodes=tuple(chain.from_iterable(part.nodes for part in parts)),
    )
