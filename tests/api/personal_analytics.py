"""What analytics hold of somebody who watched, was in class, and corrected others' attendance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Float, Integer, Table, insert, select

from tests.api.course_material import enrol, make_course
from tests.serving import Api, Person
from vtp.analytics.tables import (
    analytics_alerts,
    analytics_batches,
    analytics_events,
    attendance_corrections,
    lesson_attendance,
    lesson_credits,
    participant_activity,
    playback_sessions,
    recording_viewers,
)
from vtp.courses.tables import lessons
from vtp.ids import new_id
from vtp.mail.tables import mails
from vtp.notifications.tables import news


def of_analytics(
    ada: str, bob: str, recording_id: str, course_id: str, participation_id: str, now: datetime
) -> list[tuple[Table, dict[str, Any]]]:
    """Rows of every table."""
    lesson, page = new_id(), {"session_id": "a-page-of-hers"}
    hers, times = {"user_id": ada, "recording_id": recording_id}, {"started_at": now, "last_at": now}
    event = {"event_type": "started", "happened_at": now, "received_at": now, "data": {}}
    corrected = {"lesson_id": lesson, "status": "excused", "reason": "ill", "created_at": now}
    live = {"id": lesson, "course_id": course_id, "kind": "live", "title": "Engines", "description": ""}
    alert: dict[str, Any] = {"course_id": course_id, "rule": "no_access", "severity": "high"}
    alert |= {"reason": "", "recommendation": "", "note": "", "evidence": {}, "status": "resolved"}
    alert |= {"created_at": now, "updated_at": now}
    return [
        (lessons, {**live, "position": 0, "published": True, "created_at": now, "updated_at": now}),
        (analytics_batches, {"user_id": ada, "seq": 0, "received_at": now, **page}),
        (analytics_events, {"id": new_id(), **hers, **page, **event}),
        (
            playback_sessions,
            {
                **_nothing(playback_sessions),
                **hers,
                **page,
                **times,
                "quality": "",
                "quality_ms": {},
                "completed": False,
            },
        ),
        (recording_viewers, {**hers, "duration_ms": 1000, "passes": [1]}),
        (
            participant_activity,
            {
                "participation_id": participation_id,
                "talks": [[0, 1]],
                "camera": [],
                "acts": {},
                "quality": {},
                "network": {},
            },
        ),
        (
            lesson_attendance,
            {**_nothing(lesson_attendance), "lesson_id": lesson, "user_id": ada, "is_staff": False}
            | {"quality": {}, "network": {}},
        ),
        (
            lesson_credits,
            {"lesson_id": lesson, "recording_id": new_id(), "user_id": ada, "reached": [[900, 1]]},
        ),
        (analytics_alerts, {"id": new_id(), "user_id": ada, "closed_by": bob, **alert}),
        (analytics_alerts, {"id": new_id(), "user_id": bob, "closed_by": ada, **alert}),
        (attendance_corrections, {"id": new_id(), "user_id": ada, "given_by": bob, **corrected}),
        (attendance_corrections, {"id": new_id(), "user_id": bob, "given_by": ada, **corrected}),
    ]


def _nothing(table: Table) -> dict[str, Any]:
    """0 in every column that counts."""
    return {one.name: 0 for one in table.c if isinstance(one.type, Integer | Float) and not one.nullable}


async def tell_staff(api: Api, ada: Person) -> None:
    """Somebody else's course in which she is not seen for so long that its staff is told, also by mail: one
    that waits, and one that was sent by a version that had names in subjects."""
    services = api.server.services
    teacher = await api.person("teacher", "colleague@school.example")
    course = await make_course(api, teacher, code="HELP-1")
    assert (await enrol(api, course, ada)).status == 201
    alerts = services.analytics.alerts
    real, alerts._clock = alerts._clock, lambda: datetime.now(UTC) + timedelta(days=8)
    try:
        await alerts.look_at(course)
    finally:
        alerts._clock = real
    async with services.database.transaction() as tx:
        [title] = (await tx.execute(select(news.c.title).where(news.c.course_id == course))).scalars()
        now = datetime.now(UTC)
        mail = {"user_id": teacher.user_id, "to_address": teacher.email, "attempts": 1}
        mail |= {"created_at": now, "expires_at": now + timedelta(days=3)}
        waits = {"id": new_id(), "kind": "digest", "subject": "1 piece of news", "body": "sealed", **mail}
        sent = {"id": new_id(), "kind": "news", "subject": f"HELP-1: {title}", "sent_at": now, **mail}
        await tx.execute(insert(mails).values(waits))
        await tx.execute(insert(mails).values(sent))
