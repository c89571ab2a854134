"""Which kind of data an archive says that it holds."""

import numpy as np
import pytest

from symmeter.kinds_of_data import domains


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        ("signals", "signals"),
        ("signal", "signals"),
        ("points", "points"),
        ("volumes", "volumes"),
        ("videos", "video"),
        ("images", None),
        ("x", None),
    ],
)
def test_an_archive_is_claimed_by_the_kind_that_it_names_and_by_no_other(array, kind, tmp_path):
    path = tmp_path / "data.npz"
    np.savez(path, **{array: np.zeros((2, 3, 4))})
    assert [name for name, domain in domains().items() if domain.claims(path)] == ([kind] if kind else [])
