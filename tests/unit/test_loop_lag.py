"""What a benchmark says of a server's event loop."""

import os

import pytest

from vtp.bench.accounting import thread_turns
from vtp.bench.scenarios.loop_lag import LATE_S, delay_percentiles, late_pct
from vtp.http.metrics import HttpMetrics


def test_the_share_of_late_looks_is_exact_whatever_the_buckets() -> None:
    counts = {0.001: 90.0, LATE_S: 97.0, 0.01: 99.0, 0.1: 100.0, float("inf"): 100.0}
    assert late_pct(counts) == 3.0
    assert delay_percentiles(counts) == {"p50": 1.0, "p95": 5.0, "p99": 10.0}


def test_nothing_is_said_of_a_loop_that_nobody_looked_at() -> None:
    assert late_pct({}) == 0.0
    none = {"p50": None, "p95": None, "p99": None}
    assert delay_percentiles({}) == none
    assert delay_percentiles({0.001: 0.0, float("inf"): 0.0}) == none


def test_the_histogram_has_the_bound_that_is_asked_for() -> None:
    text = HttpMetrics().render()[0].decode()
    assert f'vtp_loop_delay_seconds_bucket{{le="{LATE_S}"}}' in text


def test_a_threads_turns_are_the_schedulers_own() -> None:
    before = thread_turns(os.getpid())
    while (turns := thread_turns(os.getpid()) - before).ran_s < 0.01:
        pass
    assert 0.01 <= turns.ran_s <= turns.at_s
    assert 0.0 <= turns.waited_s <= turns.at_s


def test_a_thread_that_has_ended_has_no_turns() -> None:
    with pytest.raises(OSError):
        thread_turns(2**22 + 1)
