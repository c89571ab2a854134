"""The command line, one file a command. Nothing imports torch before there is work for it."""

from symmeter.cli.app import main

__all__ = ["main"]
