"""What every generator must pass."""

import copy

import pytest

from symmeter.symmetry.groups.generators import Generator


class GeneratorContract:
    """Inherit this, give `generator`, and every test below runs on yours."""

    generator: Generator

    def test_flows_add_up(self) -> None:
        """exp(sX) exp(tX) = exp((s + t) X), for numbers that add up without round-off."""
        for s, t in ((0.25, 0.5), (-0.25, 0.5), (0.0, 1.0), (2.0, 0.125)):
            assert self.generator.exp(s) @ self.generator.exp(t) == self.generator.exp(s + t)

    def test_flows_have_inverses_and_an_identity(self) -> None:
        element = self.generator.exp(0.75)
        assert self.generator.exp(0.0).is_identity and not element.is_identity
        assert element.inverse() == self.generator.exp(-0.75)
        assert (element @ element.inverse()).is_identity

    def test_flows_along_another_generator_are_refused(self) -> None:
        other = Generator("another", "unit")
        with pytest.raises(ValueError, match="in no one-parameter group"):
            self.generator.exp(0.5) @ other.exp(0.5)

    def test_it_is_named_and_its_flows_have_its_unit(self) -> None:
        element = self.generator.exp(0.5)
        assert self.generator.name and self.generator.name == self.generator.name.strip().lower()
        assert self.generator.name in element.name
        assert element.parameter == 0.5 and element.parameter_unit == self.generator.unit
        assert self.generator.unit

    def test_it_can_be_compared_and_hashed(self) -> None:
        twin = copy.deepcopy(self.generator)
        assert twin == self.generator and hash(twin) == hash(self.generator)
        assert self.generator.exp(0.5) == twin.exp(0.5)
        assert hash(self.generator.exp(0.5)) == hash(twin.exp(0.5))
