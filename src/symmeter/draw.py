"""Which samples are drawn of all that there are."""

from dataclasses import dataclass

import torch

from symmeter.errors import SymmeterError

_MOST = 2**24  # items of which a list is made


@dataclass(frozen=True)
class Draw:
    """Which samples are wanted: `count` of them, drawn under `seed` and kept in order; None for all.

    `shuffled`: in random order, so that the first of them are a sample of all, as far as they can be read in any order.
    """

    count: int | None = None
    seed: int = 0
    shuffled: bool = False

    def __post_init__(self):
        count = self.count
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
            raise SymmeterError(f"samples {count!r}: give a positive whole number")

    def of(self, total: int) -> list[int]:
        """Which of so many items are drawn; SymmeterError for more of them than can be kept in memory.

        Of more than _MOST items these are drawn one by one, and no list of all is made: where no count is given and the
        order is random, _MOST of them.
        """
        generator = torch.Generator().manual_seed(self.seed)
        if total <= _MOST:
            chosen = torch.randperm(total, generator=generator)[: self.count].tolist()
        else:
            count = _MOST if self.count is None else self.count
            if count > _MOST:
                raise SymmeterError(f"samples {count}: of {total} items no more than {_MOST} can be drawn")
            found: dict[int, None] = {}
            while len(found) < count:
                found |= dict.fromkeys(
                    torch.randint(total, (count - len(found),), generator=generator).tolist()
                )
            chosen = list(found)
        return chosen if self.shuffled else sorted(chosen)
