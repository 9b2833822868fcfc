"""What being late means, by a clock that is an argument."""

from datetime import UTC, datetime, timedelta

import pytest

from vtp.coursework.late import Deadline, LatePolicy, WorkStatus, reduced

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)


def deadline(
    policy: LatePolicy = LatePolicy.ACCEPT, until: datetime | None = None, percent: int = 0
) -> Deadline:
    return Deadline(DUE, policy, until, percent)


def test_what_is_not_there_is_floating_until_it_is_due_and_missing_then() -> None:
    assert deadline().status(None, DUE) is WorkStatus.FLOATING
    assert deadline().status(None, DUE + TICK) is WorkStatus.MISSING
    never = Deadline(None, LatePolicy.ACCEPT, None, 0)
    assert never.status(None, DUE + 900 * DAY) is WorkStatus.FLOATING
    assert never.status(DUE, DUE) is WorkStatus.ON_TIME


def test_the_moment_that_it_is_due_is_on_time_and_the_next_is_late() -> None:
    assert deadline().status(DUE, DUE) is WorkStatus.ON_TIME
    assert deadline().status(DUE + TICK, DUE) is WorkStatus.LATE


@pytest.mark.parametrize(
    ("policy", "until", "takes"),
    [
        (LatePolicy.REFUSE, None, DUE),
        (LatePolicy.REFUSE, DUE + DAY, DUE),
        (LatePolicy.ACCEPT, DUE + DAY, DUE + DAY),
        (LatePolicy.DEDUCT, DUE + DAY, DUE + DAY),
    ],
)
def test_nothing_is_taken_after_the_last_moment(
    policy: LatePolicy, until: datetime | None, takes: datetime
) -> None:
    one = deadline(policy, until, 10)
    assert one.takes(takes) and not one.takes(takes + TICK)


def test_without_a_last_moment_all_is_taken() -> None:
    assert deadline().takes(DUE + 900 * DAY)


def test_a_day_counts_from_its_beginning_and_no_more_than_all_is_taken_off() -> None:
    one = deadline(LatePolicy.DEDUCT, percent=30)
    late = [DUE, DUE + TICK, DUE + DAY, DUE + DAY + TICK, DUE + 9 * DAY]
    assert [one.late_days(at) for at in late] == [0, 1, 1, 2, 9]
    assert [one.taken_off(at) for at in late] == [0, 30, 30, 60, 100]
    assert deadline(percent=30).taken_off(DUE + DAY) == 0, "the policy takes nothing off"


def test_halves_of_a_hundredth_are_rounded_up() -> None:
    assert [reduced(*one) for one in ((1, 50), (3, 50), (999, 10), (100, 100), (100, 0))] == [
        1,
        2,
        899,
        0,
        100,
    ]
