"""Hostile inputs: whatever comes from outside gets one clear line, and nothing is lost."""
