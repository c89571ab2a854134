"""Rotations, reflections, translations and permutations of points in space, and how all that lives there moves."""
