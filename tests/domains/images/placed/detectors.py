"""Detectors of bright squares whose symmetry is known, and images of squares."""

import torch
from torch import nn
from torch.nn import functional

SIZE = 5  # of a square; boxes are as large


def squares(count=4, size=64, each=3, seed=0):
    """Images (N, 1, size, size) with some bright squares inside, apart from one another and from the border."""
    random = torch.Generator().manual_seed(seed)
    images = torch.zeros(count, 1, size, size)
    cells = size // 12 - 2
    for image in images:
        for cell in torch.randperm(cells**2, generator=random)[:each].tolist():
            row, column = (
                12 * n + 12 + int(torch.randint(1, 6, (), generator=random)) for n in divmod(cell, cells)
            )
            bright = 0.7 + 0.3 * float(torch.rand((), generator=random))
            image[0, row : row + SIZE, column : column + SIZE] = bright
    return images


class Squares(nn.Module):
    """Mean brightness in a window, and a box wherever it is largest: exact under shifts, flips and turns.

    `stride`: only places on a coarser grid. `wider`: boxes reach so much further to the right than they should.
    """

    def __init__(self, stride=1, wider=0.0, least=0.6):
        super().__init__()
        self.stride, self.wider, self.least = stride, wider, least

    def forward(self, images):
        return [self._one(image) for image in images]

    def _one(self, image):
        score = functional.avg_pool2d(image[None, :1], SIZE, 1, SIZE // 2)
        score = functional.max_pool2d(score, self.stride)[0, 0] if self.stride > 1 else score[0, 0]
        around = functional.max_pool2d(score[None, None], 2 * (4 // self.stride) + 1, 1, 4 // self.stride)[
            0, 0
        ]
        places = ((score == around) & (score > self.least)).nonzero().to(image)
        centres = (places.flip(1) + 0.5) * self.stride
        boxes = torch.cat([centres - SIZE / 2, centres + SIZE / 2], 1)
        boxes[:, 2] += self.wider
        scores = score[tuple(places.long().T)]
        return {"boxes": boxes, "scores": scores, "labels": torch.ones(len(boxes), dtype=torch.long)}
