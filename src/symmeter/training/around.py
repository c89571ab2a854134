"""`Around`: a module around a model that leaves it as it is, and has its state."""

from typing import Any

from torch import nn

from symmeter.models.behind import Behind, as_module
from symmeter.models.load import load_model
from symmeter.trees import Tree

_PREFIX = "model."


class Around(nn.Module):
    """A module around a model: its state is that of the model, by the same names, and it trains as that does.

    >>> list(Around(nn.Linear(2, 3)).state_dict())
    ['weight', 'bias']
    """

    def __init__(self, model: Any):
        super().__init__()
        network = as_module(load_model(model).model if isinstance(model, str) else model)
        self.model = network if isinstance(network, nn.Module) else Behind(network, {})
        self.register_load_state_dict_pre_hook(_prefixed)
        self.training = self.model.training

    def state_dict(self, *args: Any, **kwargs: Any) -> Tree:
        """That of the model."""
        return self.model.state_dict(*args, **kwargs)


def _prefixed(module: nn.Module, state: dict[str, object], prefix: str, *_: object) -> None:
    """A state of the model as that of the module around it; `state` is changed in place."""
    for name in [name for name in state if name.startswith(prefix)]:
        state[prefix + _PREFIX + name.removeprefix(prefix)] = state.pop(name)
