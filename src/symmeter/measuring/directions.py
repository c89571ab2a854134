"""The directions in which a sample is moved: along the generators, and along what stands beside them as controls."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from symmeter.domain import Domain
from symmeter.measuring.reference_samples import RANDOM, Beside, ReferenceSamples, blank, length_of
from symmeter.symmetry.conjugate import stack
from symmeter.symmetry.groups.basis import Basis
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.representations.packed import Packed
from symmeter.symmetry.representations.representation import Representation
from symmeter.symmetry.representations.trivial import Trivial


@dataclass(frozen=True)
class Part:
    """What is known of the directions of one chunk of b samples, the first of which are their own.

    `sizes` (controls, T, b) scale what a control moves to the length of the sample's own direction. `still` (T, b) is
    set for samples that a generator leaves as they are, `lacking` (T, b) for those that no reference sample serves.
    """

    sizes: Tensor
    still: Tensor
    lacking: Tensor
    own: int  # how many directions are the samples' own


@dataclass
class Directions:
    """Directions of chunks of samples: along K generators that span all T, then the same for each control.

    A Lie derivative is linear in the generator, and so are the controls, each of which moves all of a class of
    generators by one reference sample or one deformation: a basis of the generators gives them all.
    """

    domain: Domain
    rho: Representation
    generators: Sequence[Generator]
    basis: Basis = field(init=False)

    def __post_init__(self) -> None:
        self.basis = Basis.of(self.generators)
        generators = list(self.generators)
        self._own = [generators.index(one) for one in self.basis.generators]

    def of(self, x: Tensor, positions: Tensor, beside: Beside) -> tuple[Tensor, Part]:
        """(K + controls * K, b, ...) directions of samples x (b, ...) at these positions (b,) of their batch.

        In double precision the first are T.
        """
        own = stack(self.rho.differentiate_all(self.generators, x))
        lacking = torch.zeros(own.shape[:2], dtype=torch.bool, device=own.device)
        found, sizes = [own[self._pushed(own.dtype)]], []
        if beside.references is not None:
            others, without = self._of_references(beside.references, positions, own)
            sizes.append(self._sizes(others, own))
            lacking = without | ((sizes[-1] == 0) & (length_of(own) > 0))
            found.append(others)
        if beside.random is not None:
            turned = stack(self.deformed(self.basis.generators, x, beside.random[positions].to(x.device)))
            sizes.append(self._sizes(turned, own))
            found.append(turned)
        scales = torch.stack(sizes) if sizes else own.new_zeros(0, *own.shape[:2])
        return torch.cat(found), Part(scales, blank(own, x), lacking, len(found[0]))

    def _pushed(self, dtype: torch.dtype) -> list[int]:
        """The generators whose directions are pushed: those of the basis, or all."""
        return self._own if self.basis.spares(dtype) else list(range(len(self.generators)))

    def responses(self, pushed: Tensor, part: Part) -> Tensor:
        """((1 + controls) * T, b, ...): what the model makes of all directions, from that of the basis."""
        own, spanned = pushed[: part.own], len(self.basis.generators)
        found = [own if part.own == len(self.generators) else self.basis.combined(own)]
        for i, sizes in enumerate(part.sizes):
            first = part.own + i * spanned
            response = self.basis.combined(pushed[first : first + spanned])
            found.append(response * sizes.to(response).reshape(*sizes.shape, *[1] * (response.ndim - 2)))
        return torch.cat(found)

    def deformed(self, generators: Sequence[Generator], x: Tensor, random: Tensor) -> list[Tensor]:
        """The deformations of samples x (b, ...), one of the shape of x per generator."""
        found = _deformed(self.domain, self.rho, generators, x, random)
        assert found is not None, "the domain has deformations: it was asked"
        return found

    def can_deform(self, x: Tensor) -> bool:
        """Whether the kind of data has deformations of samples like x (b, ...)."""
        random = torch.ones(len(x), RANDOM, dtype=torch.float64, device=x.device)
        return _deformed(self.domain, self.rho, self.basis.generators, x, random) is not None

    def _of_references(
        self, references: ReferenceSamples, positions: Tensor, own: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(K, b, ...) directions of reference samples, and (T, b) which generators find none."""
        found, lacking = [], []
        for block in self.basis.blocks:
            generators = self.basis.generators[block]
            move = lambda y, those=generators: stack(self.rho.changes(those, y))
            directions, without = references.directions(positions, own[self._own[block]], move)
            found.append(directions)
            lacking.append(without)
        used = (self.basis.coefficients != 0).to(own)
        return torch.cat(found), (used @ torch.cat(lacking).to(own)) > 0

    def _sizes(self, directions: Tensor, own: Tensor) -> Tensor:
        """(T, b): how many times longer own directions are than those made of these (K, b, ...); 0 for none."""
        lengths = []
        for row in self.basis.coefficients.to(
            directions
        ):  # one after the other, to hold no more than one of them
            lengths.append(length_of(torch.einsum("k,k...->...", row, directions)[None])[0])
        made = torch.stack(lengths)
        return torch.where(made > 0, length_of(own) / torch.where(made > 0, made, 1), 0)


def _deformed(
    domain: Domain, rho: Representation, generators: Sequence[Generator], x: Tensor, random: Tensor
) -> list[Tensor] | None:
    """The same of x (b, ...), of whose leaves each is deformed in its own way, and what stays as it is not at all."""
    if isinstance(rho, Trivial):
        return [torch.zeros_like(x) for _ in generators]
    rho = rho.fitted(x)
    if not isinstance(rho, Packed):
        return domain.deformed(rho, generators, x, random)
    leaves = []
    for one, part in zip(rho.representations, rho.parts(x), strict=True):
        found = _deformed(domain, one, generators, part, random)
        if found is None:
            return None
        leaves.append(found)
    return [rho.joined(parts) for parts in zip(*leaves, strict=True)]
