"""Outputs that are sets of boxes, or keypoints: how they are read, moved, matched and compared."""
