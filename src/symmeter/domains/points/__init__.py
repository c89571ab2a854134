"""Points in space and other sets: clouds, graphs, whatever a network is given whose members have no order."""
