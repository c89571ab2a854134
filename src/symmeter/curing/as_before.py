"""`AsBefore`: a changed network that is called as the network was, and returns what that did."""

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from symmeter.errors import SymmeterError
from symmeter.models.calling import called_with
from symmeter.models.leaves import leaves, main_leaf
from symmeter.models.outputs import Output
from symmeter.training.around import Around
from symmeter.training.over_elements import OverElements
from symmeter.trees import LeafPath, Tree, filled, tensors

_INSIDE = ("features", "pooled")


class AsBefore(Around):
    """Is called as a network is, and returns what that returns, with other values of the outputs that are cured.

    In the place of the scores whose `softmax` is an output stands log p of its new probabilities p, so scores go on
    being scores: their softmax is p. What was not asked for is what the network makes of the inputs as they are; that
    is one pass more.

    >>> from symmeter.training.averaged import Averaged
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    >>> cured = AsBefore(Averaged(net, "C4", output="softmax", domain="images"))
    >>> x = torch.rand(3, 1, 4, 4)
    >>> torch.allclose(cured(x).exp(), sum(net(x.rot90(k, (-2, -1))).softmax(1) for k in range(4)) / 4)
    True
    """

    def __init__(self, changed: OverElements):
        super().__init__(changed)
        self._words = changed.meant.inputs

    @property
    def network(self) -> nn.Module:
        """The network as it was."""
        return self.model.model  # type: ignore[return-value]

    def forward(self, *inputs: Tree, **named: Tree) -> Tree:
        """What the network returns for inputs (B, ...), cured."""
        given = self._as_one(inputs, named)
        with _noted(self.network) as returned:
            outputs = self.model.outputs(given)  # type: ignore[operator]
        values = {output: _as_returned(output, y) for output, y in outputs.items()}
        if isinstance(returned[-1], Tensor):
            return _only(values)
        replaced = _by_path(values, returned[-1])
        if set(replaced) != set(tensors(returned[-1])):
            returned.append(called_with(self.network, given))
        return _exchanged(returned[-1], replaced)

    def _as_one(self, inputs: tuple[Tree, ...], named: Mapping[str, Tree]) -> Tree:
        """All arguments as one tree, by their names where the symmetry's words are by these."""
        if not named and len(inputs) == 1:
            return inputs[0]
        words = self._words if isinstance(self._words, Mapping) else {}
        if not named and all(str(name).isdigit() for name in words):
            return inputs
        parameters = inspect.signature(self.network.forward).parameters
        return dict(zip(parameters, inputs, strict=False)) | dict(named)


@contextmanager
def _noted(network: nn.Module) -> Iterator[list[object]]:
    """While it lasts, all that the network returned stands in the list."""
    found: list[object] = []
    handle = network.register_forward_hook(lambda module, args, returned: found.append(returned))
    try:
        yield found
    finally:
        handle.remove()


def _as_returned(output: Output, y: Tensor) -> Tensor:
    """An output (B, ...) as the network would return it; SymmeterError for what is only inside of it."""
    if output.layer or output.name in _INSIDE:
        raise SymmeterError(
            f"output {str(output)!r} is inside of the network, and a remedy for the whole of it changes what it "
            "returns: name such an output"
        )
    if output.conversion is not None or output.entries is not None or output.action == "pooled":
        raise SymmeterError(
            f"output {str(output)!r} is compared in another form than the network returns it, and cannot be put back: "
            "leave it out"
        )
    return y.clamp_min(torch.finfo(y.dtype).tiny).log() if output.name == "softmax" else y


def _only(values: Mapping[Output, Tensor]) -> Tensor:
    """The one value (B, ...) there is."""
    _, *others = values
    if others:
        raise SymmeterError(
            f"outputs {','.join(map(str, values))!r} are the same tensor: a remedy takes one of them"
        )
    return next(iter(values.values()))


def _by_path(values: Mapping[Output, Tensor], returned: object) -> dict[LeafPath, Tensor]:
    """The values (B, ...) by their paths in what the network returned."""
    found: dict[LeafPath, Tensor] = {}
    for output, value in values.items():
        replaced = leaves(returned)[output.name] if output.leaf else main_leaf(returned)
        path = next((path for path, tensor in tensors(returned).items() if tensor is replaced), None)
        if path is None:
            raise SymmeterError(
                f"output {output.name!r} stands in a {type(returned).__name__}, in which nothing can be exchanged: let "
                "the network return a dict"
            )
        if path in found:
            _only(values)
        found[path] = value
    return found


def _exchanged(tree: Tree, replaced: Mapping[LeafPath, Tensor]) -> Tree:
    """The tree with other tensors at some paths."""
    return filled(tree, tensors(tree) | dict(replaced))
