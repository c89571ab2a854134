"""Rules of functions that torch takes apart into operations which no longer show what the whole does.

A recurrent net, to name one, takes a sequence apart, goes from step to step and stacks what comes out. Such a rule is
called as that of an operation is, and what it tells replaces what was found on the way.
"""

from collections.abc import Callable

from torch.overrides import TorchFunctionMode

from symmeter.domains.grids.axes.operations.operation import Found, Rule

WHOLE: dict[Callable, Callable[..., Found]] = {}
Told = Callable[[Callable[..., Found], tuple, dict, object], None]


def whole(*functions: Callable) -> Callable[[Rule], Rule]:
    """Decorates the rule of these functions of torch."""

    def register(rule: Rule) -> Rule:
        WHOLE.update(dict.fromkeys(functions, rule))
        return rule

    return register


class WholeCalls(TorchFunctionMode):
    """While active, `told(rule, args, kwargs, result)` hears of every call of a function that has a rule."""

    def __init__(self, told: Told):
        super().__init__()
        self._told = told

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        rule = WHOLE.get(func)
        if rule is not None:
            self._told(rule, args, kwargs, result)
        return result
