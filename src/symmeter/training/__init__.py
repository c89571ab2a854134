"""Symmetry while a network trains, and when it is used: a penalty, and averages over a group."""
