"""Atoms: molecules, crystals and surfaces, as ASE has them, and the calculators and networks that take them."""
