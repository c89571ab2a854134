"""How much of a layer's error is aliasing."""
