"""The report of a store: one HTML file to look at."""

from symmeter.report.store.page import report

__all__ = ["report"]
