"""When certificates are renewed, and how long an authority is left alone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from vtp.http.acme.failures import AcmeError, Fault
from vtp.http.acme.folder import StoredCertificate
from vtp.http.acme.pace import renewal_due, wait_s

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
REFUSED = AcmeError(Fault.REFUSED, "No.")


def certificate(days: float) -> StoredCertificate:
    return StoredCertificate(Path("unused"), frozenset(["school.example"]), START, START + days * DAY, b"")


@pytest.mark.parametrize(("days", "due"), [(90, 60), (47, 47 * 2 / 3), (6, 4)])
def test_a_third_of_the_life_is_left_at_a_renewal(days: float, due: float) -> None:
    assert renewal_due(certificate(days), None) == START + due * DAY


@pytest.mark.parametrize("day", [-1, 10, 60, 80])
def test_a_suggested_time_is_kept(day: float) -> None:
    assert renewal_due(certificate(90), START + day * DAY) == START + day * DAY


@pytest.mark.parametrize("day", [81, 89, 365])
def test_a_suggested_time_that_leaves_no_room_for_failures_is_not(day: float) -> None:
    assert renewal_due(certificate(90), START + day * DAY) == START + 60 * DAY


def test_waits_double_up_to_half_a_day() -> None:
    waits = [wait_s(REFUSED, failures, 0.5) / 60 for failures in range(1, 10)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 720]
    assert wait_s(REFUSED, 10_000, 0.5) == 12 * 3600


def test_fewer_than_five_validations_fail_within_an_hour_at_the_shortest_waits() -> None:
    at_s, tries = 0.0, 0
    while at_s < 3600:
        tries += 1
        at_s += wait_s(REFUSED, tries, 0.0)
    assert tries < 5


def test_an_authority_that_is_down_is_asked_again_sooner() -> None:
    unreachable = AcmeError(Fault.UNREACHABLE, "It is down.")
    assert [wait_s(unreachable, failures, 0.5) for failures in (1, 2, 20)] == [60, 120, 3600]


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_what_the_authority_asks_for_is_never_undercut(fault: Fault, chance: float) -> None:
    asked = AcmeError(fault, "Later.", retry_after_s=200_000)
    assert wait_s(asked, 1, chance) >= 200_000


def test_no_authority_is_left_alone_for_years() -> None:
    for asked_s in (10 * 86_400, 10**9, 1e300):
        asked = AcmeError(Fault.RATE_LIMITED, "Later.", retry_after_s=asked_s)
        assert wait_s(asked, 1, 0.5) == 8 * 86_400


def test_a_rate_limit_without_a_time_is_an_hour_at_first() -> None:
    assert wait_s(AcmeError(Fault.RATE_LIMITED, "Too many."), 1, 0.5) == 3600


def test_servers_that_failed_together_come_back_apart() -> None:
    waits = {wait_s(REFUSED, 3, chance / 10) for chance in range(11)}
    assert len(waits) == 11 and max(waits) / min(waits) == pytest.approx(1.5)
