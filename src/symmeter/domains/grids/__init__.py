"""Regular grids: how symmetries act on sampled functions, whatever they are samples of."""
