"""Sixteen kinds of furniture made of boxes and cylinders, y up, which PointNet knows by the names of ModelNet40."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

CLASSES = [
    "airplane",
    "bathtub",
    "bed",
    "bench",
    "bookshelf",
    "bottle",
    "bowl",
    "car",
    "chair",
    "cone",
    "cup",
    "curtain",
    "desk",
    "door",
    "dresser",
    "flower_pot",
    "glass_box",
    "guitar",
    "keyboard",
    "lamp",
    "laptop",
    "mantel",
    "monitor",
    "night_stand",
    "person",
    "piano",
    "plant",
    "radio",
    "range_hood",
    "sink",
    "sofa",
    "stairs",
    "stool",
    "table",
    "tent",
    "toilet",
    "tv_stand",
    "vase",
    "wardrobe",
    "xbox",
]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Box:
    """Its centre, and its sizes along x, y and z."""

    centre: Point
    sizes: Point

    @property
    def area(self) -> float:
        a, b, c = self.sizes
        return 2 * (a * b + b * c + c * a)

    def surface(self, n: int, random: torch.Generator) -> Tensor:
        """n points (n, 3) on it."""
        a, b, c = self.sizes
        axes = torch.multinomial(torch.tensor([b * c, a * c, a * b]), n, replacement=True, generator=random)
        points = torch.rand(n, 3, generator=random) - 0.5
        points[torch.arange(n), axes] = torch.randint(2, (n,), generator=random) - 0.5
        return torch.tensor(self.centre) + points * torch.tensor(self.sizes)


@dataclass(frozen=True)
class Round:
    """A closed cylinder or cone along y: its centre, its radius below, its height, and its radius above."""

    centre: Point
    below: float
    height: float
    above: float

    @property
    def _areas(self) -> tuple[float, float, float]:
        slant = math.hypot(self.height, self.below - self.above)
        return math.pi * (self.below + self.above) * slant, math.pi * self.below**2, math.pi * self.above**2

    @property
    def area(self) -> float:
        return sum(self._areas)

    def surface(self, n: int, random: torch.Generator) -> Tensor:
        """n points (n, 3) on it."""
        face = torch.multinomial(torch.tensor(self._areas), n, replacement=True, generator=random)
        angle, u, v = torch.rand(3, n, generator=random)
        side = (self.below**2 + u * (self.above**2 - self.below**2)).sqrt()  # as much area per radius
        height = u if self.below == self.above else (side - self.below) / (self.above - self.below)
        cap = v.sqrt() * torch.where(face == 1, self.below, self.above)
        radius = torch.where(face == 0, side, cap)
        height = torch.where(face == 0, height, (face == 2).float())
        turn = 2 * math.pi * angle
        points = torch.stack([radius * turn.cos(), (height - 0.5) * self.height, radius * turn.sin()], 1)
        return torch.tensor(self.centre) + points


Part = Box | Round
Draw = Callable[[float, float], float]


def _legs(a: float, b: float, height: float, width: float) -> list[Part]:
    """Four of them under the corners of a board of a x b."""
    corners = [(x * (a - width) / 2, y * (b - width) / 2) for x in (-1, 1) for y in (-1, 1)]
    return [Box((x, height / 2, z), (width, height, width)) for x, z in corners]


def _table(u: Draw) -> list[Part]:
    a, b, h = u(1.2, 2), u(0.8, 1.2), u(0.6, 1)
    return [Box((0, h, 0), (a, 0.06, b)), *_legs(a, b, h, 0.08)]


def _chair(u: Draw) -> list[Part]:
    a, h, back = u(0.45, 0.55), u(0.4, 0.5), u(0.4, 0.6)
    return [
        Box((0, h, 0), (a, 0.05, a)),
        Box((0, h + back / 2, -a / 2), (a, back, 0.05)),
        *_legs(a, a, h, 0.05),
    ]


def _stool(u: Draw) -> list[Part]:
    h, r = u(0.5, 0.8), u(0.15, 0.22)
    legs = [(0.8 * r, 0.0), (0.0, 0.8 * r), (-0.8 * r, 0.0), (0.0, -0.8 * r)]
    return [Round((0, h, 0), r, 0.05, r), *(Box((x, h / 2, z), (0.03, h, 0.03)) for x, z in legs)]


def _cone(u: Draw) -> list[Part]:
    r = u(0.25, 0.4)
    return [Round((0, 0.5, 0), r, u(0.7, 1), 0.03), Box((0, 0, 0), (2.4 * r, 0.05, 2.4 * r))]


def _bookshelf(u: Draw) -> list[Part]:
    w, h, d = u(0.8, 1.2), u(1.6, 2), u(0.3, 0.4)
    boards: list[Part] = [Box((0, y * h, 0), (w, 0.03, d)) for y in (0, 0.25, 0.5, 0.75, 1)]
    sides: list[Part] = [Box((s * w / 2, h / 2, 0), (0.03, h, d)) for s in (-1, 1)]
    return [*boards, *sides, Box((0, h / 2, -d / 2), (w, h, 0.02))]


def _lamp(u: Draw) -> list[Part]:
    h, r = u(1.2, 1.6), u(0.2, 0.3)
    foot = Round((0, 0, 0), 0.8 * r, 0.05, 0.8 * r)
    return [Round((0, h / 2, 0), 0.03, h, 0.03), Round((0, h, 0), r, 0.35, 0.6 * r), foot]


def _monitor(u: Draw) -> list[Part]:
    screen = Box((0, 0.6, 0), (u(0.9, 1.2), u(0.55, 0.7), 0.06))
    return [screen, Box((0, 0.2, 0), (0.1, 0.3, 0.05)), Box((0, 0.03, 0), (0.4, 0.04, 0.3))]


def _bottle(u: Draw) -> list[Part]:
    r = u(0.13, 0.18)
    neck = Round((0, 0.93, 0), 0.05, 0.15, 0.05)
    return [Round((0, 0.35, 0), r, 0.7, r), Round((0, 0.78, 0), r, 0.16, 0.05), neck]


def _desk(u: Draw) -> list[Part]:
    a, b, h = u(1.2, 1.6), u(0.6, 0.8), u(0.7, 0.8)
    drawers = Box((-a / 2 + 0.2, h / 2, 0), (0.4, h, b))
    return [Box((0, h, 0), (a, 0.05, b)), drawers, Box((a / 2 - 0.03, h / 2, 0), (0.05, h, b))]


def _bed(u: Draw) -> list[Part]:
    a = u(1.3, 1.7)
    return [Box((0, 0.35, 0), (a, 0.3, 2)), Box((0, 0.6, -1), (a, 1, 0.08)), Box((0, 0.4, 1), (a, 0.6, 0.08))]


def _laptop(u: Draw) -> list[Part]:
    d = u(0.6, 0.75)
    return [Box((0, 0, 0), (1, 0.04, d)), Box((0, d / 2, -d / 2), (1, d, 0.04))]


def _cup(u: Draw) -> list[Part]:
    r = u(0.3, 0.4)
    handle = [Box((r + 0.06, y, 0), (0.12, 0.05, 0.06)) for y in (0.22, 0.58)]
    return [Round((0, 0.4, 0), r, 0.8, r), Box((r + 0.12, 0.4, 0), (0.04, 0.4, 0.06)), *handle]


def _bench(u: Draw) -> list[Part]:
    a = u(1.4, 1.8)
    feet = [Box((s * (a / 2 - 0.1), 0.22, 0), (0.06, 0.45, 0.36)) for s in (-1, 1)]
    return [Box((0, 0.45, 0), (a, 0.05, 0.4)), *feet]


KINDS: Mapping[str, Callable[[Draw], list[Part]]] = {
    "table": _table,
    "chair": _chair,
    "stool": _stool,
    "cone": _cone,
    "door": lambda u: [Box((0, 1, 0), (u(0.8, 1), 2, u(0.04, 0.1)))],
    "bookshelf": _bookshelf,
    "lamp": _lamp,
    "monitor": _monitor,
    "bottle": _bottle,
    "desk": _desk,
    "bed": _bed,
    "laptop": _laptop,
    "keyboard": lambda u: [Box((0, 0, 0), (1, u(0.04, 0.07), u(0.3, 0.4)))],
    "cup": _cup,
    "wardrobe": lambda u: [Box((0, 1, 0), (u(1, 1.4), 2, u(0.5, 0.6)))],
    "bench": _bench,
}


def furniture(each: int, points: int = 256, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Clouds (16 each, points, 3), centred, the farthest point at 1, and their classes (16 each,)."""
    random = torch.Generator().manual_seed(seed)
    u: Draw = lambda low, high: low + (high - low) * float(torch.rand((), generator=random))
    made = [_cloud(build(u), points, random) for build in KINDS.values() for _ in range(each)]
    classes = [CLASSES.index(name) for name in KINDS for _ in range(each)]
    return torch.stack(made), torch.tensor(classes)


def _cloud(parts: list[Part], points: int, random: torch.Generator) -> Tensor:
    areas = torch.tensor([part.area for part in parts])
    drawn = torch.multinomial(areas, points, replacement=True, generator=random).bincount(
        minlength=len(parts)
    )
    cloud = torch.cat([part.surface(int(n), random) for part, n in zip(parts, drawn, strict=True) if n])
    cloud = cloud - cloud.mean(0)
    return cloud / cloud.norm(dim=1).max()
