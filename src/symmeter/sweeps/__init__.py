"""Sweeps: many models on one data set, on this machine or a cluster, into one store."""
