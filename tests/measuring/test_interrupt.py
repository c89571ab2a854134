"""A Ctrl-C stops a run even where its exception is swallowed."""

import contextlib
import signal
import sys

import pytest
import torch
from torch import nn

import symmeter
from symmeter.measuring.interrupt import Interrupted, noticed_interrupts

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals"),
    pytest.mark.usefixtures("interrupts"),
]


def test_an_interrupt_that_is_swallowed_is_found_later():
    with noticed_interrupts() as check:
        check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_run_stops_with_what_is_done():
    calls = []

    class Swallows(nn.Module):
        def forward(self, x):
            calls.append(1)
            if len(calls) == 40:
                with contextlib.suppress(KeyboardInterrupt):
                    signal.raise_signal(signal.SIGINT)
            return x.mean((2, 3))

    with pytest.warns(symmeter.SymmeterWarning, match="stopped after"), pytest.raises(Interrupted) as stop:
        symmeter.measure(Swallows().eval(), torch.rand(400, 3, 4, 4), batch_size=4, control=False)
    assert 0 < len(stop.value.result.sample_names) < 400
    assert stop.value.result.status == "partial"
