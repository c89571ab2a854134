"""What users bring: networks and functions that are unlike those of a tutorial, and what must come of each."""
