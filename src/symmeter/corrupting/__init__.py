"""Out of distribution as a report: a model on data that is corrupted in named ways, more and more strongly."""
