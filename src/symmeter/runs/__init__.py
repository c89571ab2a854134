"""Runs: from a model and images to columns of per-image statistics."""

from symmeter.runs.base import Interrupted, Run
from symmeter.runs.derivative import DerivativeRun, Follower
from symmeter.runs.orbit import OrbitRun
from symmeter.runs.passes import round_trip_error

__all__ = ["DerivativeRun", "Follower", "Interrupted", "OrbitRun", "Run", "round_trip_error"]
