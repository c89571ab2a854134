"""What a measurement returns: rows of estimates, and how they are shown, saved and read."""
