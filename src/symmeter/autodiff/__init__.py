"""How tangents are pushed through a network: strategies, the rules that make them fast, and their choice."""

from symmeter.autodiff.strategies import CentralDifference, OneByOne, Reverse, Strategy, Tiled, Vectorised

__all__ = ["CentralDifference", "OneByOne", "Reverse", "Strategy", "Tiled", "Vectorised"]
