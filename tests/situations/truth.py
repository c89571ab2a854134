"""The right values, by plain loops in float64 that share nothing with the library."""

import math

import torch


def derivative_matrix(n):
    """Of the cosine series through n samples at half-integers, by inverting the series."""
    position = torch.arange(n, dtype=torch.float64) + 0.5
    k = torch.arange(n, dtype=torch.float64)
    phase = math.pi * position[:, None] * k / n
    return (-(math.pi * k / n) * torch.sin(phase)) @ torch.linalg.inv(torch.cos(phase))


def translation(x):
    """X x for translation_x, images (B, C, H, W)."""
    width = x.shape[-1]
    return width / 2 * x.double() @ derivative_matrix(width).T


def lee(f, x, step=1e-6):
    """E ||df(X x)||^2 / dim along translation_x, image by image, by central differences; f takes and gives float64."""
    total = 0.0
    for i in range(len(x)):
        image, v = x[i : i + 1].double(), translation(x[i : i + 1])
        h = step * float(image.norm() / v.norm())
        with torch.no_grad():
            difference = (f(image + h * v) - f(image - h * v)) / (2 * h)
        total += float(difference.square().mean())
    return total / len(x)


def relative_error(f, x):
    """Mean over images and quarter turns of ||f(g x) - f(x)|| / ||f(x)||."""
    found = []
    with torch.no_grad():
        for i in range(len(x)):
            image = x[i : i + 1].double()
            here = f(image)
            found += [float((f(image.rot90(k, (2, 3))) - here).norm() / here.norm()) for k in (1, 2, 3)]
    return sum(found) / len(found)
