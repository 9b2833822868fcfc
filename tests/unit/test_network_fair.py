"""Jain's index."""

import pytest

from vtp.bench.net.fair import jain


@pytest.mark.parametrize(
    ("shares", "index"),
    [((1, 1, 1), 1.0), ((3, 0, 0), 1 / 3), ((1.5, 0.5, 0.5), 6.25 / 8.25), ((0, 0, 0), 0.0), ((7,), 1.0)],
)
def test_equal_shares_are_fair_and_one_for_all_is_not(shares: tuple[float, ...], index: float) -> None:
    assert jain(shares) == pytest.approx(index)
