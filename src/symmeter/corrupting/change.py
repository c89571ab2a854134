"""What becomes of every sample under one corruption: the same for every model, order and batch size."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.corruption import Corruption
from symmeter.errors import SymmeterError
from symmeter.measuring.plan import Plan
from symmeter.source import reason


@dataclass(frozen=True)
class Corrupting:
    """Samples of a plan under a corruption at a strength, in the place of those that are read.

    What is random comes from the seed of the plan, the corruption and the name of the sample alone, and is the same at
    every strength.
    """

    plan: Plan
    corruption: Corruption
    strength: int

    def __call__(self, x: Tensor, raw: object, name: str) -> Tensor:
        """The input x of a network, of any shape, which was made of `raw`, corrupted."""
        seed = seed_of(self.plan.settings.seed, self.corruption.name, name)
        try:
            return self._corrupted(x, raw, torch.Generator().manual_seed(seed))
        except SymmeterError:
            raise
        except Exception as error:  # what libraries raise for samples of other shapes
            what = f"{self.corruption.name} at strength {self.strength} cannot be made of {name}"
            raise SymmeterError(f"{what}: {reason(error)}") from error

    def _corrupted(self, x: Tensor, raw: object, random: torch.Generator) -> Tensor:
        """The same of x, of any shape, leaf by leaf where it is several."""
        domain, inputs = self.plan.domain, self.plan.inputs
        change = lambda part: self.corruption(part.cpu(), self.strength, random).to(part)
        one = lambda part: domain.corrupted(part, raw, change, self.plan.loaded)
        if inputs.packing is None:
            return one(x)
        meant = corrupted_leaves(self.plan)
        leaf = lambda name, parts: one(parts[0])[None] if name in meant else parts
        return inputs.packing.changed(x[None], leaf)[0]


def corrupted_leaves(plan: Plan) -> Mapping[str, str]:
    """Of several inputs those that corruptions act on, by their words; SymmeterError where there is none."""
    words, known = plan.inputs.words, plan.domain.corrupted_inputs
    found = {name: word for name, word in words.items() if word in known}
    if words and not found:
        given = ", ".join(f"{name}={word}" if name else word for name, word in words.items())
        raise SymmeterError(
            f"corruptions act on inputs that are {' or '.join(known)}, and the inputs are {given}"
        )
    return found


def seed_of(seed: int, *words: str) -> int:
    """A seed of 63 bits for each text.

    >>> seed_of(0, "fog", "image[3]") == seed_of(0, "fog", "image[3]") != seed_of(1, "fog", "image[3]")
    True
    """
    text = "\n".join([str(seed), *words])
    return int.from_bytes(hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:8]) >> 1
