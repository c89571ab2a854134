"""Sweeps: many models on one data set, on this machine or a cluster, into one store."""

from symmeter.sweeps.engine import Limits
from symmeter.sweeps.entries import Entry, read_models
from symmeter.sweeps.plan import Cell, Spec, plan
from symmeter.sweeps.store import Store
from symmeter.sweeps.sweep import Summary, sweep

__all__ = ["Cell", "Entry", "Limits", "Spec", "Store", "Summary", "plan", "read_models", "sweep"]
