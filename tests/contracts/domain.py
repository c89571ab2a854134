"""What every kind of data must pass."""

import copy
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import torch
from tests.helpers import check_refused
from torch import Tensor, nn

from symmeter.domain import Domain
from symmeter.draw import Draw
from symmeter.kinds_of_data import domains, read_options
from symmeter.measuring.measure import measure
from symmeter.measuring.reference_samples import RANDOM
from symmeter.models.load import describe
from symmeter.samples import Batch, Samples
from symmeter.symmetry.groups.basis import Basis
from symmeter.symmetry.groups.generators import Generator
from symmeter.symmetry.groups.group import Element, Group, choose_elements
from symmeter.symmetry.representations.representation import Representation


class DomainContract:
    """Inherit this, give the attributes, and every test below runs on your kind of data.

    `data` are at least six samples, all different, as a user gives them; `group` is the name of a group that acts on
    them without loss. `equivariant` are the arguments of a measurement (model, symmetry, output) of a network that has
    its symmetry exactly, `broken` of one that has not. `outputs` has, for words of `actions`, an output y (B, ...) that
    the word fits, and `misfits` one that it does not fit. `good` and `bad` are values of options.
    """

    domain: type[Domain]
    data: Any
    group: str
    equivariant: tuple[nn.Module, str, str]
    broken: tuple[nn.Module, str, str]
    outputs: Mapping[str, Tensor]
    misfits: Mapping[str, Tensor] = {}
    good: Mapping[str, Any] = {}
    bad: Mapping[str, Any] = {}

    taken = True  # False for a kind of data that looks like another, and so has to be said
    written: tuple[str, ...] | None = None  # names of symmetries; None for all that the domain lists

    # what things are called

    def test_it_is_found_by_its_name(self) -> None:
        assert domains()[self.domain.name] is self.domain
        assert self.domain.name == self.domain.name.strip().lower() and self.domain.item

    def test_names_are_of_generators_or_of_groups(self) -> None:
        for name in self.written or self.domain.symmetries:
            members = self.domain.symmetry(name)
            assert members, name
            assert len({isinstance(one, Generator) for one in members}) == 1
            assert all(isinstance(one, Generator | Group) and one.name for one in members)
        assert self.domain.symmetry("no-such-name") == ()
        assert dict(self.domain.listed()).keys() >= set(self.domain.generators())

    def test_it_takes_its_data_and_no_number(self) -> None:
        assert self.domain.takes(self.data) == self.taken
        assert not self.domain.takes(torch.zeros(()))

    # corruptions

    def test_corruptions_repeat_leave_their_input_alone_and_grow(self) -> None:
        x = self.corruptible()
        for one in self.domain.corruptions().values():
            found, before = [], x.clone()
            for strength in one.strengths:
                twice = [one(x, strength, torch.Generator().manual_seed(3)) for _ in range(2)]
                assert torch.equal(*twice) and twice[0].shape == x.shape and twice[0].dtype == x.dtype
                assert bool(twice[0].isfinite().all()) and torch.equal(x, before)
                found.append(float((twice[0] - x).square().mean()))
            assert found[-1] > 0 and found[-1] >= found[0], (one.name, found)
            assert len(one.levels) == 5 and one.words

    def corruptible(self) -> Tensor:
        """One sample (...) in the units that corruptions of this kind of data have."""
        return inputs_of(self.opened().batches(1))[0]

    # data

    def test_samples_are_floating_point_and_come_in_order(self) -> None:
        batches = list(self.opened().batches(4))
        assert all(batch.inputs.is_floating_point() for batch in batches)
        assert all(len(batch.inputs) == len(batch.names) == 4 for batch in batches[:-1])
        names = names_of(batches)
        assert len(set(names)) == len(names) >= 6
        alone = torch.cat([batch.inputs for batch in self.opened().batches(1)])
        assert torch.equal(alone, inputs_of(batches))

    def test_samples_can_be_read_twice(self) -> None:
        samples = self.opened()
        first, again = (inputs_of(samples.batches(4)) for _ in range(2))
        assert torch.equal(first, again)

    def test_a_draw_follows_its_seed_and_keeps_the_order(self) -> None:
        every = names_of(self.opened().batches(4))
        drawn = [names_of(self.opened(Draw(3, seed)).batches(4)) for seed in (0, 0, 1, 2, 3)]
        assert drawn[0] == drawn[1] and len(set(map(tuple, drawn))) > 1
        for names in drawn:
            assert len(names) == 3 and sorted(names, key=every.index) == names

    # how symmetries act

    def test_the_group_acts_on_the_samples(self) -> None:
        """The identity leaves them alone, products act one after the other, inverses undo; shapes and types stay."""
        x, rho, elements = self.ready()
        move = lambda g, z: rho.act(g, z)[0]
        identity = elements[0] @ elements[0].inverse()
        close(move(identity, x), x)
        for g in elements:
            moved, mask = rho.act(g, x)
            assert moved.shape == x.shape and moved.dtype == x.dtype
            assert torch.broadcast_shapes(mask.shape, x.shape) == x.shape
            close(move(g.inverse(), moved), x)
            for h in elements:
                close(move(g @ h, x), move(g, move(h, x)))
        assert any(not torch.equal(move(g, x), x) for g in elements)

    def test_words_say_how_outputs_move(self) -> None:
        _, _, elements = self.ready()
        domain = self.domain()
        assert domain.known_action("logits", torch.zeros(2, 5), nn.Identity()) == "invariant"
        for word, y in self.outputs.items():
            assert domain.is_action(word) and word == word.strip()
            rho = domain.act_by(word, y)
            assert isinstance(rho, Representation) and rho.describe()
            assert all(rho.act(g, y)[0].shape == y.shape for g in elements)
        for word, y in self.misfits.items():
            with pytest.raises(ValueError, match=r"."):
                domain.act_by(word, y)
        assert not domain.is_action("no-such-word")

    def test_the_control_moves_samples_as_far_as_the_group_does(self) -> None:
        x, rho, elements = self.ready()
        inputs = self.domain().displaced(
            rho, x, x.roll(1, 0), lambda z: z, lambda g, step, displacement: step
        )
        for g in elements:
            moved, control = rho.act(g, x)[0] - x, inputs(g) - x
            sizes = [d.flatten(1).norm(dim=1) for d in (moved, control)]
            torch.testing.assert_close(sizes[1], sizes[0], rtol=1e-6, atol=1e-6)
            assert g.is_identity or not torch.allclose(control, moved)

    def test_deformations_are_linear_in_the_generator_and_follow_their_random_numbers(self) -> None:
        x, _, _ = self.ready()
        domain = self.domain()
        words = self.domain.generators()
        generators = [one for word in words for one in self.domain.symmetry(word)]
        rho = domain.rho_in(describe(self.broken[0]))
        random = torch.randn(len(x), RANDOM, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        found = domain.deformed(rho, generators, x, random) if generators else None
        if found is None:
            return
        basis = Basis.of(generators)
        spanned = torch.stack(domain.deformed(rho, basis.generators, x, random) or [])
        torch.testing.assert_close(basis.combined(spanned), torch.stack(found), atol=1e-9, rtol=1e-9)
        alone = torch.stack(domain.deformed(rho, generators, x[1:2], random[1:2]) or [])
        torch.testing.assert_close(alone[:, 0], torch.stack(found)[:, 1])
        others = domain.deformed(rho, generators, x, random.roll(1, 0)) or []
        for generator, one, other in zip(generators, found, others, strict=True):
            assert one.shape == x.shape and one.dtype == x.dtype, generator
            assert bool(one.isfinite().all()) and not torch.allclose(one, other), generator

    # options

    def test_options_are_read(self) -> None:
        assert read_options(self.domain, {}).options == self.domain.Options()
        for name, value in self.good.items():
            assert getattr(read_options(self.domain, {name: value}).options, name) == value
        assert hash(read_options(self.domain, self.good).options) is not None

    def test_options_are_refused_in_one_line(self) -> None:
        check_refused("have no option 'no_such'", read_options, self.domain, {"no_such": 1})
        for name, value in self.bad.items():
            check_refused(name.replace("_", "."), read_options, self.domain, {name: value})

    # measuring

    def test_a_symmetric_network_is_told_from_one_that_is_not(self) -> None:
        symmetric, broken = (self.verdicts(*case) for case in (self.equivariant, self.broken))
        assert set(symmetric) <= {"not resolved", "none"}, symmetric
        assert "not resolved" not in broken, broken

    def test_the_network_is_left_as_it_was(self) -> None:
        model, symmetry, output = self.broken
        model.train()
        before = copy.deepcopy(model.state_dict())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that the network was in train mode
            self.measured(model, symmetry, output)
        assert all(module.training for module in model.modules())
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
        assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
        model.eval()

    def test_layers_are_known_or_are_said_not_to_be(self) -> None:
        x, _, _ = self.ready()
        tracker = self.domain().tracker(x)
        if tracker is not None:
            with tracker as following:
                found = following.representation(x)
            assert found is None or isinstance(found, Representation)

    # what the tests are made of

    def opened(self, draw: Draw | None = None) -> Samples:
        """The samples of the data."""
        return self.domain().open(self.data, describe(self.broken[0]), draw or Draw())

    def ready(self) -> tuple[Tensor, Representation, list[Element]]:
        """Inputs (B, ...) in float64, how symmetries act on them, and a few elements."""
        x = inputs_of(self.opened().batches(4)).double()
        group = self.domain.symmetry(self.group)[0].bind(tuple(x.shape[1:]))
        elements = choose_elements(group, None, 0).elements[:5]
        return x, self.domain().rho_in(describe(self.broken[0])), list(elements)

    def measured(self, model: nn.Module, symmetry: str, output: str) -> Any:
        """A measurement of the data."""
        return measure(model, self.data, symmetry, output=output, domain=self.domain.name, progress=False)

    def verdicts(self, model: nn.Module, symmetry: str, output: str) -> list[str]:
        """What a measurement says of every symmetry."""
        return [row.verdict for row in self.measured(model, symmetry, output).rows]


def inputs_of(batches: Iterator[Batch] | list[Batch]) -> Tensor:
    """All inputs of some batches (N, ...)."""
    return torch.cat([batch.inputs for batch in batches])


def names_of(batches: Iterator[Batch] | list[Batch]) -> list[str]:
    """All names of some batches."""
    return [name for batch in batches for name in batch.names]


def close(found: Tensor, expected: Tensor) -> None:
    """Equal up to round-off in float64."""
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)
