"""Ways in which data may be worse than what a network was trained on, each in a few strengths.

A kind of data has them in the folder or file `corruptions` beside its domain, and they are found there by listing.
"""

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TypeAlias

import torch
from torch import Tensor

Changing: TypeAlias = Callable[[Tensor, float, torch.Generator], Tensor]


@dataclass(frozen=True)
class Corruption:
    """What makes one sample worse, by a name.

    `change(x, level, random)` gives x (...) of one sample, without a batch axis, corrupted at a level; whatever it
    draws comes from `random`. `levels` are those of the strengths 1, 2, ..., from the mildest on, and `words` say what
    they are. `family` is the name of the file that it stands in with others like it, nothing where it is alone.

    >>> fade = Corruption("fade", "values times 0.5 or 0.1", (0.5, 0.1), lambda x, level, random: x * level)
    >>> fade(torch.ones(2), 2, torch.Generator()), list(fade.strengths)
    (tensor([0.1000, 0.1000]), [1, 2])
    """

    name: str
    words: str
    levels: Sequence[float]
    change: Changing
    family: str = ""

    @property
    def strengths(self) -> range:
        """1, 2, ... and so on, as many as there are levels."""
        return range(1, len(self.levels) + 1)

    def __call__(self, x: Tensor, strength: int, random: torch.Generator) -> Tensor:
        """x (...) of one sample at a strength, 0 for x as it is."""
        return self.change(x, self.levels[strength - 1], random) if strength else x


def corruption(name: str, words: str, *levels: float) -> Callable[[Changing], Corruption]:
    """A decorator that makes a Corruption of a function `(x, level, random)`."""
    return lambda change: Corruption(name, words, levels, change)


def corruptions_in(place: str) -> Mapping[str, Corruption]:
    """The corruptions that a module defines, or the files of a folder, by name: those of one file are a family."""
    home = import_module(place)
    families = {"": home}
    for file in pkgutil.iter_modules(getattr(home, "__path__", ())):
        families[file.name] = import_module(f"{place}.{file.name}")
    found = [
        replace(one, family=family)
        for family, module in families.items()
        for one in vars(module).values()
        if isinstance(one, Corruption)
    ]
    return {one.name: one for one in found}
