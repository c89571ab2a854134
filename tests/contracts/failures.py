"""Which tests of a contract an instance of it fails."""

import torch
from _pytest.outcomes import Failed, Skipped
from tests.contracts.representation import DEVICES

ARGUMENTS = {"dtype": torch.float32, "device": DEVICES[0]}  # of tests that run for several


def names_of(contract: object) -> list[str]:
    """The tests of a contract."""
    return [name for name in dir(contract) if name.startswith("test_")]


def failures(contract: object) -> set[str]:
    """The tests of a contract that fail; those that are skipped do not."""
    failed = set()
    for name in names_of(contract):
        test = getattr(contract, name)
        code = test.__func__.__code__
        arguments = code.co_varnames[1 : code.co_argcount]
        try:
            test(**{argument: ARGUMENTS[argument] for argument in arguments})
        except Skipped:
            continue
        except (Exception, Failed):
            failed.add(name)
    return failed
