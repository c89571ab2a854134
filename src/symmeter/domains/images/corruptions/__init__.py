"""Corruptions of images (C, H, W) in [0, 1], of any number of channels: one file a family, found by listing.

Names and levels are those of ImageNet-C where it has the same thing (Hendrycks and Dietterich, Benchmarking Neural
Network Robustness to Common Corruptions and Perturbations, ICLR 2019). Its lengths are pixels of images of 224; here
they grow with the shorter side, so that small images are blurred about as much as large ones.
"""
