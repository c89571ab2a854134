"""A look at every operation of torch, in a process that has no use for torch's compiler."""

from torch.utils._python_dispatch import TorchDispatchMode


class Onlooker(TorchDispatchMode):
    """A dispatch mode that is not kept from the compiler.

    To do that torch imports the compiler when the first operation is seen: as much as all the rest of a first
    measurement.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False
