"""An interatomic potential with its weights: SevenNet-0."""

import importlib
from typing import Any

from zoo.networks.shuffled import shuffle


def sevennet(trained: bool = True, seed: int = 0) -> Any:
    """The calculator of SevenNet-0, as ASE has them; `trained=False`: its learned weights at random places."""
    package: Any = importlib.import_module("sevenn.calculator")
    calculator = package.SevenNetCalculator("7net-0", device="cpu")
    if not trained:
        shuffle([one for one in calculator.model.parameters() if one.requires_grad], seed)
    return calculator
