"""`sweep`: every model on the data, into a store; what is there already is not done again."""

import os
from collections.abc import Mapping, Sequence

from symmeter.errors import SymmeterError
from symmeter.kinds_of_data import find_domain
from symmeter.measuring.arguments import ARGUMENTS
from symmeter.measuring.plan import control_mode
from symmeter.sweeps.executors.executor import Executor, Limits
from symmeter.sweeps.executors.workers import Workers, known_executor
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.model_list import Models, read_models, with_remote_code
from symmeter.sweeps.plan import Spec, plan
from symmeter.sweeps.store import Store
from symmeter.sweeps.summary import Summary
from symmeter.sweeps.work import run_cells
from symmeter.verbs.arguments import Kind, instance, path, seed, several, shown, truth, whole, word
from symmeter.verbs.verb import verb


def _models(value: object) -> object:
    if isinstance(value, str | os.PathLike):
        return path.read(value)
    if isinstance(value, Entry | Mapping):
        return value
    return [_models(one) for one in several("models", Kind("", lambda one: one)).read(value)]


def _in_words(value: object) -> bool:
    """Whether a value is words and numbers, by which a cell can be found again."""
    if isinstance(value, list | tuple):
        return all(map(_in_words, value))
    return value is None or isinstance(value, bool | int | float | str)


def _options(value: object) -> object:
    for name, one in ARGUMENTS["options"].read(value).items():
        if not _in_words(one):
            raise SymmeterError(f"{name} is {shown(one)}; a sweep takes words and numbers")
    return value


def _inputs(value: object) -> object:
    words = ARGUMENTS["inputs"].read(value)
    if value is not None and not words:
        raise ValueError
    return words


# Where a sweep is stricter than `measure`: a cell is found again by what was asked for, so that is plain words.
_DEVICE = Kind("a device such as 'cpu' or 'cuda'", lambda one: str(ARGUMENTS["device"].read(one)))
SWEPT = {
    **ARGUMENTS,
    "models": Kind("a name, a wildcard, a file with a list of them, a row, or several", _models),
    "data": Kind("a path: a folder, a .npz, a file of structures, or builtin:photos", path.read),
    "store": Kind("a folder, or an address that fsspec knows", path.read),
    "symmetry": Kind("names such as 'rotation,C4'", word.read),
    "domain": Kind("the name of a kind of data", lambda one: find_domain(word.read(one)).name).or_none(
        "to see it from the data"
    ),
    "measure": Kind("names such as 'lee'", word.read).or_none("for the usual ones"),
    "inputs": Kind(ARGUMENTS["inputs"].words, _inputs),
    "options": Kind("options of the kind of data, in words and numbers", _options),
    "device": _DEVICE.or_none("for all GPUs there are"),
    "seeds": several("whole numbers, at least 0, one for every run", seed),
    "jobs": whole(1, 16).or_none("for one per GPU, or one per core"),
    "limits": instance("Limits", Limits).or_none("for an hour and an equal share of memory"),
    "address": word.or_none("for RAY_ADDRESS, else this machine"),
    "layers": truth,
    "untrained": truth,
    "retry_errors": truth,
    "trust_remote_code": truth,
    "allow_code": several("patterns such as 'mypackage.models:*'", word, least=0),
}


@verb(SWEPT, executor=Kind("'local', 'ray' or an Executor", known_executor))
def sweep(
    models: Models,
    data: str | os.PathLike,
    store: str | os.PathLike,
    symmetry: str = "translation",
    measure: str | None = None,
    output: str = "softmax",
    samples: int | None = None,
    batch_size: int | None = None,
    device: str | None = None,
    seeds: Sequence[int] = (0,),
    progress: bool | None = None,
    *,
    executor: str | Executor = "local",
    jobs: int | None = None,
    limits: Limits | None = None,
    address: str | None = None,
    layers: bool = False,
    untrained: bool = False,
    retry_errors: bool = False,
    control: str = "both",
    elements: int | None = None,
    sampling: str = "auto",
    probes: int = 0,
    domain: str | None = None,
    inputs: str | Mapping[str, str] | Sequence[str] | None = None,
    trust_remote_code: bool = False,
    allow_code: Sequence[str] = (),
    **options: object,
) -> Summary:
    """Measure many models and keep every cell (one model, one data set, one spec) in a store as soon as it is done.

    A cell that is there already is not done again, so the same call goes on where the last one was stopped, however it
    was stopped. Cells that failed are recorded with their reason, and tried again with `retry_errors`.

    Args:
        models: names, wildcards such as `timm:vit_*`, files with lists of them (see `read_models`), or several.
        data: the path of a folder, a `.npz`, a file of structures, or `builtin:photos`.
        store: a folder, or any address that fsspec can write to.
        executor: `local`, `ray`, or an Executor. `address`: of a Ray cluster.
        jobs: cells at once; None for one per CUDA device, or one per core.
        limits: time and memory of one cell; out of memory it is tried again with smaller batches.
        seeds: one cell each. layers: attribute the error to layers as well, in cells of their own.
        untrained: random weights for all models without a file of weights.
        trust_remote_code: code that comes with networks of a hub may run. allow_code: patterns of code, such as
            `mypackage.models:*`, that a list of models may name besides `FILE.py:callable` in its own folder.
        options: of the kind of data, such as `definition`, `padding` and `img_size` of images; what a list of models
            says of one model goes before them.

    Other arguments are those of `symmeter.measure`. Returns a Summary; raises SymmeterError for a mistake in the call.

    >>> import tempfile
    >>> summary = sweep("timm:vti_*", "builtin:photos", tempfile.mkdtemp(), untrained=True)
    Traceback (most recent call last):
    symmeter.errors.SymmeterError: timm:vti_*: no model has such a name; start with timm: or torchvision:
    """
    workers = Workers(executor, jobs, limits, device, address).check()
    spec = Spec(
        symmetry=symmetry,
        measure=measure,
        output=output,
        samples=samples,
        control=control_mode(control),
        elements=elements,
        sampling=sampling,
        probes=probes,
        domain=domain,
        inputs=inputs,
        options=options,
    ).check(str(data))
    spec.refuse_idle(str(data))
    entries = read_models(models, untrained, spec.domain or "images", allow_code)
    entries = with_remote_code(entries, trust_remote_code)
    cells = plan(entries, str(data), spec, seeds=seeds, layers=layers)
    own = Store(store, create=True)
    return run_cells(
        cells, own, workers.start, progress=progress, retry_errors=retry_errors, batch_size=batch_size
    )
