"""Dates of a course that are put into another term."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vtp.courses.dates import DROPPED, KEPT, DateRule, Dates

BERLIN = Dates(DateRule.SHIFTED, 175, "Europe/Berlin")


def test_a_date_keeps_the_time_on_the_wall_over_a_change_of_the_clock() -> None:
    assert BERLIN.of(datetime(2026, 11, 20, 8, tzinfo=UTC)) == datetime(2027, 5, 14, 7, tzinfo=UTC)
    assert BERLIN.of(None) is None


def test_dropped_dates_are_none_and_hide_what_had_one() -> None:
    now = datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert DROPPED.of(now) is None
    assert [DROPPED.published(True, now), DROPPED.published(True, None)] == [False, True]
    assert [KEPT.of(now), KEPT.published(True, now), KEPT.published(False)] == [now, True, False]


@pytest.mark.parametrize(
    ("rule", "later"),
    [
        ("FREQ=WEEKLY;COUNT=3", "FREQ=WEEKLY;COUNT=3"),
        ("FREQ=WEEKLY;UNTIL=20261214", "FREQ=WEEKLY;UNTIL=20270607"),
        ("FREQ=WEEKLY;UNTIL=20261214T080000", "FREQ=WEEKLY;UNTIL=20270607T080000"),
        ("FREQ=WEEKLY;UNTIL=20261214T070000Z", "FREQ=WEEKLY;UNTIL=20270607T080000"),
        ("FREQ=WEEKLY;UNTIL=22001231", "FREQ=WEEKLY;UNTIL=22001231"),
    ],
)
def test_a_rule_ends_as_many_days_later(rule: str, later: str) -> None:
    assert BERLIN.of_rule(rule, "Europe/Berlin") == later
