"""Rules of operations: where the axes of every tensor come from. Importing this registers all of them."""

from symmeter.domains.grids.axes.operations import mixing, rearranging
from symmeter.domains.grids.axes.operations.operation import RULES, elementwise, rule_of

__all__ = ["RULES", "elementwise", "mixing", "rearranging", "rule_of"]
