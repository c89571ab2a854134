"""The contract of generators fails broken ones."""

import pytest
from tests.contracts.failures import failures, names_of
from tests.contracts.generator import GeneratorContract

from symmeter.symmetry.groups.generators import Flow, Generator


class Quadratic(Generator):
    def exp(self, t):
        return Flow(self, t * t)


class OneWay(Flow):
    def inverse(self):
        return self


class HasNoWayBack(Generator):
    def exp(self, t):
        return OneWay(self, t)


class Sociable(Flow):
    def __matmul__(self, other):
        return Sociable(self.generator, self.t + other.t)


class MixesWithOthers(Generator):
    def exp(self, t):
        return Sociable(self, t)


class IsNeverTheSame(Generator):
    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


class Along(GeneratorContract):
    def __init__(self, generator):
        self.generator = generator


BROKEN_GENERATORS = [
    (Quadratic("x", "radian"), "test_flows_add_up"),
    (HasNoWayBack("x", "radian"), "test_flows_have_inverses_and_an_identity"),
    (MixesWithOthers("x", "radian"), "test_flows_along_another_generator_are_refused"),
    (Generator("", "radian"), "test_it_is_named_and_its_flows_have_its_unit"),
    (Generator("x", ""), "test_it_is_named_and_its_flows_have_its_unit"),
    (IsNeverTheSame("x", "radian"), "test_it_can_be_compared_and_hashed"),
]


def test_a_generator_that_keeps_the_contract_passes():
    assert failures(Along(Generator("x", "radian"))) == set()


@pytest.mark.parametrize(("broken", "caught_by"), BROKEN_GENERATORS, ids=lambda value: str(value)[:60])
def test_a_broken_generator_is_caught(broken: Generator, caught_by: str):
    assert caught_by in failures(Along(broken))


def test_every_test_of_the_contract_catches_something():
    assert set(names_of(GeneratorContract)) == {name for _, name in BROKEN_GENERATORS}
