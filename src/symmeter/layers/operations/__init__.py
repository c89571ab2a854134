"""Rules of operations: where the axes of every tensor come from. Importing this registers all of them."""

from symmeter.layers.operations import mixing, rearranging
from symmeter.layers.operations.base import RULES, elementwise, rule_of

__all__ = ["RULES", "elementwise", "mixing", "rearranging", "rule_of"]
