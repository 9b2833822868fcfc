"""Rate limits and growing delays, with a clock that the test moves."""

from __future__ import annotations

import random

import pytest

from vtp.limits import MAX_KEYS, FailureBackoff, WindowLimiter


def backoff() -> FailureBackoff:
    return FailureBackoff(allowed=5, window_s=900, delay_s=30, max_delay_s=3600)


def fail_times(delays: FailureBackoff, count: int, now_s: float) -> None:
    for _ in range(count):
        delays.fail("ann", now_s)


def test_window_allows_exactly_its_count() -> None:
    limiter = WindowLimiter(3, 60)
    assert [limiter.take("a", 0.0) > 0 for _ in range(5)] == [False, False, False, True, True]


def test_window_counts_keys_apart() -> None:
    limiter = WindowLimiter(1, 60)
    assert limiter.take("a", 0.0) == 0.0
    assert limiter.take("b", 0.0) == 0.0


def test_waiting_as_long_as_told_is_long_enough() -> None:
    seeded = random.Random(20261121)
    for _ in range(200):
        limiter = WindowLimiter(seeded.randint(1, 20), 60)
        now_s = 0.0
        for _ in range(100):
            now_s += seeded.random() * 3
            wait_s = limiter.take("a", now_s)
            if wait_s:
                now_s += wait_s + 1e-6
                assert limiter.take("a", now_s) == 0.0, (limiter.count, now_s, wait_s)


def test_no_two_windows_length_holds_more_than_twice_the_count() -> None:
    limiter = WindowLimiter(10, 60)
    taken = [now / 10 for now in range(3000) if limiter.take("a", now / 10) == 0.0]
    assert all(sum(start <= t < start + 60 for t in taken) <= 20 for start in taken)
    assert sum(60 <= t < 300 for t in taken) <= 4 * 10 + 1


def test_zero_allows_everything_and_remembers_nobody() -> None:
    limiter = WindowLimiter(0, 60)
    assert all(limiter.take(str(n), 0.0) == 0.0 for n in range(1000))
    assert len(limiter) == 0


def test_many_keys_take_bounded_memory() -> None:
    limiter = WindowLimiter(5, 60)
    for number in range(MAX_KEYS + 100):
        limiter.add(str(number), 0.0)
    assert len(limiter) == MAX_KEYS


def test_four_failures_are_free() -> None:
    delays = backoff()
    fail_times(delays, 4, 0.0)
    assert delays.wait_s("ann", 0.0) == 0.0


@pytest.mark.parametrize(("failures", "delay_s"), [(5, 30), (6, 60), (7, 120), (12, 3600), (100, 3600)])
def test_each_failure_from_the_fifth_on_doubles_the_delay_up_to_an_hour(
    failures: int, delay_s: float
) -> None:
    delays = backoff()
    fail_times(delays, failures, 0.0)
    assert delays.wait_s("ann", 0.0) == delay_s
    assert delays.wait_s("ann", delay_s) == 0.0


def test_delay_of_one_account_does_not_touch_another() -> None:
    delays = backoff()
    fail_times(delays, 9, 0.0)
    assert delays.wait_s("bob", 0.0) == 0.0


def test_tries_under_way_are_taken_for_failed_and_change_nothing() -> None:
    delays = backoff()
    fail_times(delays, 3, 0.0)
    assert [delays.wait_s("ann", 0.0, under_way) for under_way in (0, 1, 2, 3)] == [0, 0, 30, 60]
    assert delays.count("ann", 0.0) == 3
    assert delays.wait_s("bob", 0.0, 5) == 30


def test_success_forgets_failures() -> None:
    delays = backoff()
    fail_times(delays, 9, 0.0)
    delays.succeed("ann")
    assert delays.wait_s("ann", 0.0) == 0.0


def test_quarter_of_an_hour_forgets_a_few_failures() -> None:
    delays = backoff()
    fail_times(delays, 4, 0.0)
    delays.fail("ann", 901.0)
    assert delays.wait_s("ann", 901.0) == 0.0


def test_sitting_out_the_delay_does_not_win_five_new_tries() -> None:
    delays = backoff()
    fail_times(delays, 12, 0.0)
    delays.fail("ann", 3601.0)
    assert delays.wait_s("ann", 3601.0) == 3600.0
