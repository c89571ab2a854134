"""What was asked of `measure`, and whether it fits together."""

from dataclasses import dataclass
from typing import Any

from symmeter.definitions import Definition
from symmeter.errors import SymmeterError
from symmeter.measures import DerivativeMeasure, OrbitMeasure, parse_measures
from symmeter.symmetry import Symmetry


@dataclass(frozen=True)
class Request:
    """What was asked of `measure`, as it was written."""

    model: Any
    data: Any
    symmetry: Any
    measure: Any
    output: Any
    definition: str | Definition
    samples: int | None
    batch_size: int | None
    device: Any
    seed: int
    progress: bool | None
    control: bool | str = True
    elements: int | None = None
    sampling: str = "haar"
    padding: str | None = None
    preprocessing: dict[str, Any] | None = None


CONTROLS = ("displacement", "untrained", "wrong-group", "none")


def control_mode(control: bool | str) -> str:
    """The name of a control; SymmeterError with the choices for an unknown one."""
    mode = {True: "displacement", False: "none"}.get(control, control)  # type: ignore[arg-type]
    if mode not in CONTROLS:
        raise SymmeterError(f"unknown control {control!r}; choose from {', '.join(CONTROLS)}")
    return str(mode)


def check_measures(what: Any, symmetry: Symmetry) -> tuple[list[DerivativeMeasure], list[OrbitMeasure]]:
    """The measures along generators, and those over groups; SymmeterError where one has nothing to measure."""
    if what is None:
        what = ["lee"] * bool(symmetry.generators) + ["geed"] * bool(symmetry.groups)
    measures = parse_measures(what)
    along = [m for m in measures if isinstance(m, DerivativeMeasure)]
    over = [m for m in measures if isinstance(m, OrbitMeasure)]
    if along and not symmetry.generators:
        raise SymmeterError(f"measure {along[0].name!r} needs generators such as rotation, and {symmetry.name} is a "
                            "group: leave the measure out for geed, or choose another")  # fmt: skip
    if over and not symmetry.groups:
        raise SymmeterError(f"measure {over[0].name!r} needs a group such as C4, shift(8) or SO2, and {symmetry.name} "
                            "has generators only; leave the measure out for lee")  # fmt: skip
    if symmetry.generators and not along:
        raise SymmeterError(
            f"no measure for {symmetry.generators[0].name}: add lee, or leave that symmetry out"
        )
    if symmetry.groups and not over:
        raise SymmeterError(f"no measure for {symmetry.groups[0].name}: add geed, or leave that symmetry out")
    return along, over
