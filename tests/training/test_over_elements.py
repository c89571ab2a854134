"""What is made of samples that are moved and turned back."""

import torch

from symmeter.training.over_elements import Mean


def test_the_mean_is_that_of_what_is_valid():
    mean, random = Mean(), torch.Generator().manual_seed(0)
    values = torch.rand(5, 2, 3, generator=random, dtype=torch.float64)
    masks = (torch.rand(5, 1, 3, generator=random) > 0.4).double()
    masks[:, :, 0] = 0
    weights = [1.0, 0.5, 1.5, 1.0, 1.0]
    for value, mask, weight in zip(values, masks, weights, strict=True):
        mean.add([value], [(value, mask)], weight)
    (found,) = mean.values
    for i in range(2):
        for j in range(3):
            own = [w * float(m[0, j]) for w, m in zip(weights, masks, strict=True)]
            total = sum(w * float(v[i, j]) for w, v in zip(own, values, strict=True))
            assert abs(float(found[i, j]) - (total / sum(own) if sum(own) else 0)) < 1e-12
