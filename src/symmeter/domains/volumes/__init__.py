"""Volumes: values on a regular grid of space, such as scans, with one or more channels."""
