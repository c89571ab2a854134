"""What a run keeps of each image: columns of numbers, and their names as values."""

from array import array
from dataclasses import dataclass, replace

import numpy as np

# What a column may hold of a measure. A measure may add statistics of its own, such as `loss`.
VALUE = "value"
SCALE = "scale"  # by whose mean the mean of the values is divided
MAXIMUM = "maximum"  # the largest value over the elements of a group
BOUNDARY = "boundary"  # the part of the value in the outer ring of the output

# The controls that a column may be of: along the directions of other images, and along deformations of the same one.
STABILITY, SPECIFICITY = "control", "specificity_control"
CONTROL_OF = {"stability": STABILITY, "specificity": SPECIFICITY}


@dataclass(frozen=True)
class Key:
    """The name of a column: which statistic of which measure, of what.

    `of` is the symmetry: a generator or a group. `layer` is the part of
    the network, for what is measured layer by layer, `output` the one of several. `control` says of which
    control it is.

    `str(key)` is the name of the column in `Result.samples` and in Parquet files.

    >>> str(Key("lee", "rotation")), str(Key("lee", "rotation").as_control())
    ('lee:rotation', 'lee:rotation:control')
    >>> str(Key("relative_error", "C4", statistic=SCALE, control=STABILITY))
    'relative_error:C4:control:scale'
    >>> str(Key("contribution", "rotation", layer="blocks.0"))
    'contribution:rotation:blocks.0'
    """

    measure: str
    of: str
    layer: str | None = None
    statistic: str = VALUE
    control: str = ""
    output: str | None = None

    def as_control(self, which: str = STABILITY) -> "Key":
        """The same of a control."""
        return replace(self, control=which)

    def as_statistic(self, statistic: str) -> "Key":
        """Another statistic of the same measure."""
        return replace(self, statistic=statistic)

    def __str__(self) -> str:
        words = [self.measure, self.of]
        if self.output is not None:
            words.append(self.output)
        if self.layer is not None:
            words.append(self.layer)
        if self.control:
            words.append(self.control)
        if self.statistic != VALUE:
            words.append(self.statistic)
        return ":".join(words)


class Columns:
    """Per-image scalars in float64, grown batch by batch: all that a run keeps of an image.

    What is measured has a Key for its name; what is known of the images themselves, such as labels, a plain word.
    """

    def __init__(self) -> None:
        self._values: dict[Key | str, array[float]] = {}

    def add(self, key: Key | str, values: np.ndarray) -> None:
        """Append values (b,), one per image."""
        self._values.setdefault(key, array("d")).frombytes(np.asarray(values, np.float64).tobytes())

    def __contains__(self, key: Key | str) -> bool:
        return key in self._values

    def __getitem__(self, key: Key | str) -> np.ndarray:
        return np.array(self._values[key])

    def get(self, key: Key | str) -> np.ndarray | None:
        """The values (N,) of a column, None where there is none."""
        return np.array(self._values[key]) if key in self._values else None

    def controls(self, key: Key) -> dict[str, np.ndarray]:
        """The controls (N,) that a column has, by the name of the ratio to them."""
        columns = {name: key.as_control(which) for name, which in CONTROL_OF.items()}
        return {name: self[column] for name, column in columns.items() if column in self}

    def discard_controls(self) -> None:
        """Forget all columns of the control."""
        self._values = {
            key: values for key, values in self._values.items() if not (isinstance(key, Key) and key.control)
        }

    def by_name(self) -> dict[str, np.ndarray]:
        """All columns (N,) by their printed names, in the order of their first values."""
        return {str(key): self[key] for key in self._values}
