"""The exact split of the squared error over an orbit, and of what averages over parts of the orbit leave of it.

With z(g) = rho(g)^-1 f(g x), its mean zbar over the group and any y,

    E_g |z(g) - y|^2 = |zbar - y|^2 + A^2,    A^2 = E_g |z(g) - zbar|^2,

and the mean m of k elements in place of z(g) takes away E |z(g) - m|^2, the spread of the k about their own mean: of
independent ones that is A^2 (1 - 1 / k).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from symmeter.measures.orbit import Chunk, masked_mean, mean_square
from symmeter.measures.spread import OrbitSpread

Blocks = Sequence[Sequence[int]]  # positions of the elements that are averaged together


@dataclass(frozen=True)
class Answers:
    """z (N, b, ...), the conjugated model at N elements, and where it is valid; all means are over valid entries.

    >>> answers = Answers(torch.tensor([[[1.0]], [[3.0]]]))
    >>> y, both = torch.zeros(1, 1), [[0, 1]]
    >>> answers.errors(y).mean(), answers.errors_of_means(y, both).mean(), answers.spread(both).mean()
    (tensor(5., dtype=torch.float64), tensor(4., dtype=torch.float64), tensor(1., dtype=torch.float64))
    """

    z: Tensor
    mask: Tensor | None = None

    @classmethod
    def of(cls, acted: Sequence[tuple[Tensor, Tensor]]) -> "Answers":
        """From the values (b, ...) at every element and their masks."""
        mask = acted[0][1]
        for _, other in acted[1:]:
            mask = mask * other
        return cls(torch.stack([z for z, _ in acted]).double(), mask)

    def errors(self, y: Tensor) -> Tensor:
        """|z(g) - y|^2 per entry for every element, (N, b); y is (b, ...)."""
        return self._squares(self.z - y)

    def errors_of_means(self, y: Tensor, blocks: Blocks) -> Tensor:
        """|m - y|^2 per entry for the mean m of every block, (blocks, b); y is (b, ...)."""
        return self._squares(torch.stack([self.z[list(block)].mean(0) for block in blocks]) - y)

    def spread(self, blocks: Blocks) -> Tensor:
        """|z(g) - m|^2 per entry for every element, (N, b): m is the mean of its block.

        Blocks hold each element once.
        """
        own = [self.z[list(block)] for block in blocks]
        places = torch.tensor([i for block in blocks for i in block])
        return self._squares(torch.cat([z - z.mean(0) for z in own])[places.argsort()])

    def variance(self, chunk: Chunk) -> Tensor:
        """A^2 (b,) without bias, for the elements of a chunk."""
        spread = OrbitSpread(chunk)
        for z in self.z:
            spread.add(z)
        return masked_mean(spread.variance(), self.mask)

    def _squares(self, z: Tensor) -> Tensor:
        """The mean squares (n, b) over the entries of z (n, b, ...)."""
        return torch.stack([mean_square(one, self.mask) for one in z])


@dataclass(frozen=True)
class Split:
    """Parts of the squared error of b samples: for each of N elements (N, b), whose means over elements are the parts.

    `error` is the whole, `asymmetry` A^2; what is left, the error of the symmetrised model, is `symmetrised`. `given`
    (b,) is the error of f(x), in the frame that the sample came in.
    """

    given: Tensor
    error: Tensor
    asymmetry: Tensor

    @classmethod
    def of(cls, answers: Answers, chunk: Chunk, y: Tensor) -> "Split":
        """That of the answers at the elements of a chunk, for values y (b, ...)."""
        about_mean = answers.spread([range(len(answers.z))])
        whole, biased = answers.variance(chunk), about_mean.mean(0)
        factor = torch.where(biased > 0, whole / biased.clamp(min=torch.finfo(biased.dtype).tiny), 1.0)
        given = mean_square(chunk.reference.double() - y, answers.mask)
        return cls(given, answers.errors(y), about_mean * factor)

    @property
    def symmetrised(self) -> Tensor:
        """(N, b)."""
        return self.error - self.asymmetry
