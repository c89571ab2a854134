"""Who runs the cells of a sweep: processes on this machine, or a Ray cluster."""
