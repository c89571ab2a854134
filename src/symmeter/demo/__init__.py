"""`symmeter demo`: train three small networks here, measure them, and say what the numbers mean."""

from symmeter.demo.findings import Findings, examine, quarter_turn_error, run_demo, statements
from symmeter.demo.networks import Digits, QuarterTurnAverage, load_digits, train_digit_nets

__all__ = [
    "Digits",
    "Findings",
    "QuarterTurnAverage",
    "examine",
    "load_digits",
    "quarter_turn_error",
    "run_demo",
    "statements",
    "train_digit_nets",
]
