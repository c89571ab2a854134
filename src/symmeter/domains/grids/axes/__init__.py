"""Which axes of a tensor inside a network are the grid: followed from the input on, operation by operation."""
