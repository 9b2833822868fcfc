"""What students are told of all together is in steps, whichever figure it is."""

from __future__ import annotations

import pytest

from vtp.analytics.told import in_steps, nearest_step


@pytest.mark.parametrize(
    ("percent", "told"),
    [(0, 0.0), (4.9, 0.0), (5, 10.0), (25, 30.0), (34.9, 30.0), (45, 50.0), (94.9, 90.0), (95, 100.0)],
)
def test_a_share_is_told_as_the_nearest_step(percent: float, told: float) -> None:
    assert in_steps(percent) == told
    assert nearest_step(percent / 100 * 100) / 100 == told / 100, "as shares of a recording's parts are"
