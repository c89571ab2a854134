"""Work is counted as it is done, and the constants are what was measured."""

import pytest

from symmeter.sweeps.forecast.cost import Device, Work, devices, fit, work_of
from symmeter.sweeps.forecast.size import Size
from symmeter.sweeps.plan import Spec


@pytest.mark.parametrize(
    ("spec", "passes"),
    [
        (Spec("translation", control="none"), 1 + 2),
        (Spec("translation", control="both"), 1 + 3 * 2),
        (Spec("affine", control="none"), 1 + 6),  # nine generators, of which six span all
        (Spec("rotation", control="untrained"), 2 * (1 + 3)),
        (Spec("C4", control="none"), 1 + 4),
        (Spec("C4,rotation", control="stability"), 1 + 2 * (4 + 1)),
        (Spec("SO2", control="none", elements=10), 1 + 10),
        (Spec("SO2", control="none"), 1 + 64),
    ],
)
def test_passes_are_those_of_the_spec(spec, passes):
    assert work_of(spec, "builtin:photos", 5) == Work(5, passes)


def test_seconds_grow_with_all_that_takes_time():
    device = Device("any", start=1.0, parameter=1e-9, samples=2.0, mac=1e-9, number=1e-8)
    size, work = Size(10**9, 10**9, 10**8), Work(8, 3)
    assert device.seconds(size, work) == pytest.approx(1 + 1 + 10 * 3 * (1 + 1))
    assert device.seconds(size, Work(18, 3)) - device.seconds(size, work) == pytest.approx(60)


def test_one_core_was_measured_and_what_was_not_is_said():
    found = devices()
    assert found[0].measured and found[0].name.startswith("one core")
    assert len(found) > 1 and not any(one.measured for one in found[1:])
    assert all(one.start > 0 and one.mac > 0 and one.number >= 0 and one.source for one in found)
    assert all(one.mac < found[0].mac for one in found[1:])
    told = fit()["left_out"]
    assert (
        told["networks"] >= 5
        and 1 <= told["typical_factor"] <= told["nine_in_ten_within"] <= told["worst_factor"]
    )
