"""How tests in browsers judge the pictures that a page showed."""

from __future__ import annotations

import pytest

from tests.e2e.frame_order import LOOP, assert_follows_live, assert_in_order

JUMPED = [65, 66, 67, 68, 168, 169, 170, 171, 172, 173]
"""What once came of a live player on a busy machine."""


def test_a_live_player_may_go_ahead_once() -> None:
    assert_follows_live(JUMPED)
    assert_follows_live([*range(LOOP - 5, LOOP), *range(5)])
    with pytest.raises(AssertionError, match="skipped"):
        assert_in_order(JUMPED)


@pytest.mark.parametrize(
    "numbers",
    [
        [*JUMPED, 273, 274],  # twice
        [*JUMPED, 172],  # back
        [*JUMPED, 173],  # the same again
        [*range(0, 60, 6)],  # only few of all
    ],
)
def test_a_live_player_goes_neither_back_nor_ahead_again_and_again(numbers: list[int]) -> None:
    with pytest.raises(AssertionError):
        assert_follows_live(numbers)
