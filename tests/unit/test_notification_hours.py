"""When the mail of the day is due: an hour by the clocks of its reader, also on days that change these."""

from datetime import UTC, datetime

import pytest

from vtp.notifications.choice_store import DigestTime
from vtp.notifications.mailer import last_hour, quarter_after

BERLIN, NEPAL = "Europe/Berlin", "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("zone", "hour", "now", "last"),
    [
        ("UTC", 7, "2026-05-04T06:59:59", "2026-05-03T07:00"),
        ("UTC", 7, "2026-05-04T07:00:00", "2026-05-04T07:00"),
        ("UTC", 0, "2026-05-04T23:59:59", "2026-05-04T00:00"),
        (BERLIN, 7, "2026-07-01T05:00:00", "2026-07-01T05:00"),
        (BERLIN, 7, "2026-07-01T04:59:00", "2026-06-30T05:00"),
        (BERLIN, 7, "2026-12-01T06:00:00", "2026-12-01T06:00"),
        (NEPAL, 7, "2026-05-04T01:15:00", "2026-05-04T01:15"),
        (NEPAL, 7, "2026-05-04T01:14:00", "2026-05-03T01:15"),
        (BERLIN, 7, "2026-03-29T05:30:00", "2026-03-29T05:00"),  # summer begins at two that night
        (BERLIN, 2, "2026-03-29T01:30:00", "2026-03-29T01:00"),  # there is no two: it is three at once
        (BERLIN, 2, "2026-10-25T00:30:00", "2026-10-25T00:00"),  # the first of two
        (BERLIN, 2, "2026-10-25T01:30:00", "2026-10-25T00:00"),  # and not again
    ],
)
def test_it_was_that_hour_there_last(zone: str, hour: int, now: str, last: str) -> None:
    found = last_hour(DigestTime(zone, hour), datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == datetime.fromisoformat(last).replace(tzinfo=UTC)


def test_quarters_follow_each_other() -> None:
    at = datetime(2026, 5, 4, 23, 59, 30, tzinfo=UTC)
    assert quarter_after(at) == datetime(2026, 5, 5, 0, 0, tzinfo=UTC)
    assert quarter_after(datetime(2026, 5, 5, 0, 0, tzinfo=UTC)) == datetime(2026, 5, 5, 0, 15, tzinfo=UTC)
