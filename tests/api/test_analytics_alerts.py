"""Alerts are made once, told to staff, closed by them or by being over, and come again after a week."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from tests.api.assignment_material import assign, begin
from tests.api.course_material import enrol, make_course, student
from tests.api.notification_material import told
from tests.api.quiz_material import add_question, make_quiz
from tests.api.quiz_material import begin as begin_quiz
from tests.api.test_analytics_reports import file, watch
from tests.serving import Api, Person
from vtp.accounts.tables import audit_log
from vtp.analytics import alerts
from vtp.analytics.alert_tables import analytics_alerts
from vtp.analytics.alerts import COOL_DOWN
from vtp.analytics.course_figures import CourseFigures, read_figures
from vtp.analytics.course_store import last_seen
from vtp.courses.tables import course_enrollments
from vtp.coursework.tables import assignments
from vtp.ids import new_id
from vtp.mail.tables import mails
from vtp.recording.tables import recordings

BASE = "/api/v1/analytics/alerts"


class Days:
    """The clock of alerts, so many days on."""

    def __init__(self, api: Api) -> None:
        self._alerts = api.server.services.analytics.alerts
        self._real = self._alerts._clock
        self._alerts._clock = self.now
        self.passed = 0

    def now(self) -> datetime:
        return self._real() + timedelta(days=self.passed)

    async def look(self, passed: int) -> None:
        self.passed = passed
        await self._alerts.look()


async def listed(api: Api, course: str, by: Person, status: str = "") -> list[dict[str, Any]]:
    more = f"&status={status}" if status else ""
    answer = await api.call("GET", f"{BASE}?course_id={course}{more}", by=by)
    assert answer.status == 200, answer
    return list(answer.body["items"])


async def test_an_alert_is_made_once_told_closed_and_made_again_after_a_week(
    api: Api, teacher: Person
) -> None:
    course, ada = await make_course(api, teacher), await student(api, "ada")
    await enrol(api, course, ada)
    days = Days(api)
    await days.look(6)
    assert await listed(api, course, teacher) == []
    await days.look(8)
    await days.look(9)
    [alert] = await listed(api, course, teacher, "open")
    assert (alert["rule"], alert["severity"], alert["student_id"]) == ("no_access", "medium", ada.user_id)
    assert alert["evidence"]["days"] == 9 and "9 days" in alert["reason"]
    news = [one for one in await told(api, teacher) if one["kind"] == "student_may_need_help"]
    assert len(news) == 1 and not [one for one in await told(api, ada) if one["kind"] == news[0]["kind"]]
    refused = await api.call("POST", f"{BASE}/{alert['id']}/dismiss", {}, by=ada)
    assert refused.status == 403
    closed = await api.call("POST", f"{BASE}/{alert['id']}/dismiss", {"note": "She is ill."}, by=teacher)
    assert (closed.status, closed.body["status"], closed.body["note"]) == (200, "dismissed", "She is ill.")
    again = await api.call("POST", f"{BASE}/{alert['id']}/resolve", by=teacher)
    assert (again.status, again.body["code"]) == (409, "alert_closed")
    async with api.server.services.database.transaction() as tx:  # it had stood for eight days
        old = analytics_alerts.c.created_at
        await tx.execute(update(analytics_alerts).values(created_at=days.now() - timedelta(days=8)))
        assert (await tx.execute(select(old))).scalar_one() < days.now() - COOL_DOWN
    await days.look(15)  # within seven days of when it was closed
    assert await listed(api, course, teacher, "open") == []
    await days.look(17)
    [anew] = await listed(api, course, teacher, "open")
    assert anew["id"] != alert["id"] and anew["severity"] == "high"


async def test_nothing_is_written_of_who_is_erased_while_it_is_looked_for(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, ada, ben = await make_course(api, teacher), await student(api, "ada"), await student(api, "ben")
    await enrol(api, course, ada)
    await enrol(api, course, ben)
    admin = await api.person("admin")

    async def read_and_erase(*given: Any) -> CourseFigures:
        found = await read_figures(*given)
        assert (await api.call("DELETE", f"/api/v1/users/{ada.user_id}", by=admin)).status == 204
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(alerts, "read_figures", read_and_erase)
        await Days(api).look(8)
    [alert] = await listed(api, course, teacher)
    assert alert["student_id"] == ben.user_id
    assert len([one for one in await told(api, teacher) if one["kind"] == "student_may_need_help"]) == 1


async def test_an_alert_whose_rule_holds_no_more_is_over(api: Api, teacher: Person) -> None:
    course, ada = await make_course(api, teacher), await student(api, "ada")
    await enrol(api, course, ada)
    recordings = [await file(api, course, teacher, f"optics-{number}") for number in range(4)]
    days = Days(api)
    await days.look(1)
    [alert] = await listed(api, course, teacher)
    assert (alert["rule"], alert["evidence"]["median_percent"]) == ("recordings_not_watched", 0)
    for recording in recordings[:3]:
        await watch(api, ada, recording, 4)
    await days.look(2)
    [alert] = await listed(api, course, teacher)
    assert alert["status"] == "over" and alert["closed_by"] is None
    assert not [one for one in await told(api, teacher) if one["kind"] == "student_may_need_help"]


async def test_who_hands_in_or_takes_a_quiz_has_been_seen(api: Api, teacher: Person) -> None:
    course, ada, ben = await make_course(api, teacher), await student(api, "ada"), await student(api, "ben")
    for pupil in (ada, ben, await student(api, "eve")):
        await enrol(api, course, pupil)
    await begin(api, await assign(api, course, teacher, published=True), ada)
    quiz = await make_quiz(api, course, teacher, [await add_question(api, course, teacher)])
    assert (await begin_quiz(api, course, quiz, ben)).status == 201
    async with api.server.services.database.read() as tx:
        assert (await last_seen(tx, course)).keys() == {ada.user_id, ben.user_id}


async def test_a_mail_of_an_alert_that_is_closed_does_not_outlive_who_it_names(
    api: Api, teacher: Person
) -> None:
    course, ada, admin = await make_course(api, teacher), await student(api, "ada"), await api.person("admin")
    other = await api.person("teacher", "other@school.example")
    helped, left = await student(api, "helped"), await student(api, "left")
    await enrol(api, course, ada)
    given = f"/api/v1/courses/{course}/permissions"
    wish = {"user_id": helped.user_id, "role": "assistant"}
    assert (await api.call("POST", given, wish, by=teacher)).status == 201
    assert (await enrol(api, course, teacher, student_id=left.user_id, role="assistant")).status == 201
    await Days(api).look(8)
    [alert] = await listed(api, course, teacher, "open")
    now = datetime.now(UTC) + timedelta(days=8, minutes=1)
    waits = {"kind": "digest", "subject": "1 piece of news", "body": "sealed", "attempts": 1}
    waits |= {"created_at": now, "expires_at": now + timedelta(days=3)}
    async with api.server.services.database.transaction() as tx:
        for one in (teacher, other, helped, left):
            whose = {"id": new_id(), "user_id": one.user_id, "to_address": one.email}
            await tx.execute(insert(mails).values({**whose, **waits}))
    closed = await api.call("POST", f"{BASE}/{alert['id']}/resolve", by=teacher)
    assert closed.status == 200
    assert (await api.call("DELETE", f"{given}/{helped.user_id}", by=teacher)).status == 204
    gone = await api.call("DELETE", f"/api/v1/courses/{course}/enroll/{left.user_id}", by=teacher)
    assert gone.status == 200, gone
    assert (await api.call("DELETE", f"/api/v1/users/{ada.user_id}", by=admin)).status == 204
    async with api.server.services.database.read() as tx:
        still = select(mails.c.user_id).where(mails.c.kind == "digest")
        assert list((await tx.execute(still)).scalars()) == [other.user_id]


async def test_nobody_is_away_from_a_course_that_they_could_not_see(api: Api, teacher: Person) -> None:
    course, ada = await make_course(api, teacher, status="draft"), await student(api, "ada")
    assert (await enrol(api, course, teacher, student_id=ada.user_id)).status == 201
    await enrolled_ago(api, ada, 20)
    path = f"/api/v1/courses/{course}"
    for values in ({"status": "active"}, {"description": "Of lenses, and of status."}):
        answer = await api.call("PATCH", path, values, by=teacher, headers={"If-Match": "*"})
        assert answer.status == 200, answer
    async with api.server.services.database.transaction() as tx:
        await tx.execute(delete(audit_log))  # as `accounts.audit_keep_days` does
    days = Days(api)
    await days.look(6)
    assert await listed(api, course, teacher) == []
    await days.look(8)
    [alert] = await listed(api, course, teacher)
    assert (alert["severity"], alert["evidence"]["days"]) == ("medium", 8)


async def test_nothing_of_before_somebody_came_to_a_course_is_missing(api: Api, teacher: Person) -> None:
    course, ada, ben = await make_course(api, teacher), await student(api, "ada"), await student(api, "ben")
    for _ in range(3):
        await assign(api, course, teacher, published=True)
    for number in range(4):
        await file(api, course, teacher, f"optics-{number}")
    long_ago = datetime.now(UTC) - timedelta(days=5)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(assignments).values(due_at=long_ago))
        await tx.execute(update(recordings).values(started_at=long_ago))
    for pupil in (ada, ben):
        assert (await enrol(api, course, pupil)).status == 201
    await enrolled_ago(api, ben, 6)
    days = Days(api)
    await days.look(0)
    expected = {(ben.user_id, "missing_assignments"), (ben.user_id, "recordings_not_watched")}
    assert {(one["student_id"], one["rule"]) for one in await listed(api, course, teacher)} == expected
    await days.look(7)  # Ada had a week for the recordings
    rules = {one["rule"] for one in await listed(api, course, teacher) if one["student_id"] == ada.user_id}
    assert rules == {"no_access", "recordings_not_watched"}


async def enrolled_ago(api: Api, pupil: Person, days: int) -> None:
    """They have been in their courses for so long."""
    c = course_enrollments.c
    async with api.server.services.database.transaction() as tx:
        at = datetime.now(UTC) - timedelta(days=days)
        theirs = update(course_enrollments).where(c.user_id == pupil.user_id)
        await tx.execute(theirs.values(enrolled_at=at, created_at=at))


@pytest.mark.parametrize("status", ["completed", "archived"])
async def test_alerts_of_a_course_that_has_ended_are_over(api: Api, teacher: Person, status: str) -> None:
    course, other = await make_course(api, teacher), await make_course(api, teacher)
    ada = await student(api, "ada")
    for one in (course, other):
        await enrol(api, one, ada)
    days = Days(api)
    await days.look(8)
    assert len([one for one in await told(api, teacher) if one["kind"] == "student_may_need_help"]) == 2
    path = f"/api/v1/courses/{course}"
    ended = await api.call("PATCH", path, {"status": status}, by=teacher, headers={"If-Match": "*"})
    assert ended.status == 200, ended
    await days.look(8)
    [alert] = await listed(api, course, teacher)
    assert (alert["status"], alert["closed_by"]) == ("over", None)
    assert [one["status"] for one in await listed(api, other, teacher)] == ["open"]
    assert len([one for one in await told(api, teacher) if one["kind"] == "student_may_need_help"]) == 1
