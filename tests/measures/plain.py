"""The slow, obvious version of every measure over a group: plain loops over images and exact motions."""

import itertools
import math

import torch


def motions(name):
    """(act on (..., H, W), its inverse) for every element, the identity first, in plain torch."""
    turn = lambda k: lambda x: torch.rot90(x, k, (-2, -1))
    flip = lambda x: x.flip(-1)
    if name == "C4":
        return [(turn(k), turn(-k)) for k in range(4)]
    if name == "hflip":
        return [(lambda x: x, lambda x: x), (flip, flip)]
    if name == "D4":  # r^k, then r^k after a flip
        after = lambda k: (lambda x: turn(k)(flip(x)), lambda x: flip(turn(-k)(x)))
        return [(turn(k), turn(-k)) for k in range(4)] + [after(k) for k in range(4)]
    if name.startswith("shift"):
        limit = int(name[6:-1])
        near = sorted(range(-limit, limit + 1), key=abs)
        roll = lambda dy, dx: lambda x: x.roll((dy, dx), (-2, -1))
        return [(roll(dy, dx), roll(-dy, -dx)) for dy in near for dx in near]
    raise ValueError(name)


def orbit(f, x, name, equivariant):
    """For one image: f(x), and for every element (f(gx), g f(x), g^-1 f(gx)), the identity first."""
    y = f(x[None])[0]
    found = []
    for act, back in motions(name):
        moved = f(act(x)[None])[0]
        found.append((moved, act(y) if equivariant else y, back(moved) if equivariant else moved))
    return y, found


def kl(p, q):
    return float(
        sum(
            a * (math.log(a) - math.log(b))
            for a, b in zip(p.flatten().tolist(), q.flatten().tolist(), strict=True)
            if a > 0
        )
    )


def js(p, q):
    m = (p + q) / 2
    return (kl(p, m) + kl(q, m)) / 2


def cosine(a, b):
    return float((a * b).sum() / a.norm() / b.norm())


DISTANCES = {
    "cosine": lambda a, b: -cosine(a, b),
    "channelwise": lambda a, b: -sum(cosine(u, v) for u, v in zip(a, b, strict=True)) / len(a),
    "euclidean": lambda a, b: float((a - b).norm()),
    "l2": lambda a, b: float((a - b).square().sum()),
    "kl": kl,
    "js": js,
    "01": lambda a, b: float(a.argmax() != b.argmax()),
}


def geed(f, images, name, equivariant, distance):
    """By its definition: the mean over images and elements of m(f(gx), g fhat(x))."""
    m, total = DISTANCES[distance], 0.0
    for x in images:
        y, found = orbit(f, x, name, equivariant)
        mean = y if equivariant else sum(moved for moved, _, _ in found) / len(found)
        actions = [act if equivariant else (lambda v: v) for act, _ in motions(name)]
        total += sum(m(moved, act(mean)) for (moved, _, _), act in zip(found, actions, strict=True)) / len(
            found
        )
    return total / len(images)


def twirled_variance(f, images, name, equivariant):
    total = 0.0
    for x in images:
        z = torch.stack([z for _, _, z in orbit(f, x, name, equivariant)[1]])
        total += float((z - z.mean(0)).square().mean())
    return total / len(images)


def mean_over_others(f, images, name, equivariant, statistic):
    """The mean of a statistic of (f(gx), g f(x), f(x)) over images and elements but the identity."""
    values = []
    for x in images:
        y, found = orbit(f, x, name, equivariant)
        values += [statistic(moved, expected, y) for moved, expected, _ in found[1:]]
    return sum(values) / len(values)


def consistency(f, images, name):
    """Pairs of different elements, one by one."""
    agree, pairs = 0, 0
    for x in images:
        classes = [int(moved.argmax()) for moved, _, _ in orbit(f, x, name, False)[1]]
        for a, b in itertools.permutations(range(len(classes)), 2):
            agree, pairs = agree + (classes[a] == classes[b]), pairs + 1
    return agree / pairs


def normalised_variance(f, images, name, equivariant):
    ys, variances = [], []
    for x in images:
        y, found = orbit(f, x, name, equivariant)
        ys.append(y.flatten())
        variances.append(torch.stack([z for _, _, z in found]).flatten(1).var(0, unbiased=False))
    over_images = torch.stack(ys).var(0)
    return float((torch.stack(variances).mean(0) / over_images).sqrt().mean())
