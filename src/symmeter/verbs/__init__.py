"""What the public functions share: checks of their arguments, and warnings that wait for the end."""
