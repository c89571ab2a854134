"""Signals: series of samples in time, such as sound, with one or more channels."""
