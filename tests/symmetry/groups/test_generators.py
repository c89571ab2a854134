"""Generators and the one-parameter groups that they span."""

import pytest
from tests.contracts.generator import GeneratorContract

from symmeter.symmetry.groups.generators import Generator


class TestGenerator(GeneratorContract):
    generator = Generator("rotation", "radian")


def test_elements_compose_only_along_one_generator():
    with pytest.raises(ValueError, match="in no one-parameter group"):
        Generator("rotation", "radian").exp(0.5) @ Generator("scale", "log-unit").exp(0.5)
