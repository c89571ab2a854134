"""Video: frames of pictures in time, (B, C, T, H, W)."""
