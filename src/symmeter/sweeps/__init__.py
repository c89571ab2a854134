"""Sweeps: many models on one data set, on this machine or a cluster, into one store."""

from symmeter.sweeps.executors.executor import Limits
from symmeter.sweeps.list_columns import Entry
from symmeter.sweeps.model_list import read_models
from symmeter.sweeps.plan import Cell, Spec, plan
from symmeter.sweeps.store import Store
from symmeter.sweeps.summary import Summary
from symmeter.sweeps.sweep import sweep

__all__ = ["Cell", "Entry", "Limits", "Spec", "Store", "Summary", "plan", "read_models", "sweep"]
