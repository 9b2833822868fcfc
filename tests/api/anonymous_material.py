"""A class that was held, recordings that were watched, and what is told as they become nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from tests.api.test_analytics_attendance import BASE, EIGHT, School, correct, counted, make_school, stay
from tests.api.test_analytics_reports import file
from tests.serving import Api, Person
from vtp.analytics.anonymizer import Anonymizer
from vtp.analytics.tables import analytics_alerts
from vtp.backup.own_tables import OWN_TABLES
from vtp.db.metadata import metadata
from vtp.ids import new_id
from vtp.rooms.tables import poll_votes, polls

DAYS = 100
THEN = EIGHT + timedelta(days=DAYS + 1)
"""When the class of 4 March 2030 has been over for long."""
PUPILS = ("Adaline", "Benedikt", "Catalina", "Dagobert")
KEPT_ELSEWHERE = {
    "users": "accounts",
    "sessions": "who signed in",
    "course_enrollments": "who is in the course",
    "recording_access_log": "has a term of its own",
    "audit_log": "what somebody did themselves",
    "account_tokens": "links by mail",
    "mails": "mails",
    "notification_recipients": "what somebody was told",
    "notifications": "what somebody was told",
    "idempotency_keys": "answers for a day",
}


async def held_school(api: Api, teacher: Person) -> School:
    """A class that was held, with a correction, a vote and an alert, and two recordings that were watched."""
    school = await make_school(api, teacher, list(PUPILS))
    await stay(school, {"Teacher": (0, 45), "Adaline": (0, 45), "Benedikt": (20, 45), "Catalina": (1, 30)})
    await counted(school)
    await correct(school, "Dagobert", "excused")
    ada = school.pupils["Adaline"].user_id
    async with api.server.services.database.transaction() as tx:
        poll = {"id": new_id(), "room_id": school.room_id, "question": "Why?", "options": ["a"]}
        how = {"multiple": False, "anonymous": False, "results": "staff", "counts": [1], "votes": 1}
        await tx.execute(insert(polls).values(**poll, **how, created_by_name="x", created_at=EIGHT))
        vote = {"poll_id": poll["id"], "voter_key": f"u:{ada}", "user_id": ada, "full_name": "Adaline"}
        await tx.execute(insert(poll_votes).values(**vote, choices=[0]))
        alert = {"rule": "no_access", "severity": "high", "reason": "Adaline is away", "status": "open"}
        more = {"recommendation": "", "evidence": {}, "note": "", "created_at": EIGHT, "updated_at": EIGHT}
        whose = {"id": new_id(), "course_id": school.course, "user_id": ada}
        await tx.execute(insert(analytics_alerts).values(**whose, **alert, **more))
    return school


async def say(api: Api, by: Person, page: str, *events: dict[str, Any], seq: int = 0) -> None:
    now = api.server.services.analytics.intake._clock().isoformat()
    batch = {"session_id": page, "seq": seq, "events": [{"timestamp": now, **one} for one in events]}
    answer = await api.call("POST", f"{BASE}/events", batch, by=by)
    assert (answer.status, answer.body["refused"]) == (200, []), answer


async def watch(api: Api, by: Person, recording: str, seconds: float, page: str = "a-page-of-it") -> None:
    """Watches a beginning, and stops there."""
    played = {"segments": [{"start": 0, "end": seconds, "rate": 2}], "position": seconds}
    of_it: dict[str, Any] = {"recording_id": recording}
    quality = {"event_type": "quality_changed", "metadata": {"quality": "720p"}}
    await say(
        api,
        by,
        f"{page}-{recording}",
        {**of_it, **quality},
        {**of_it, "event_type": "buffering"},
        {**of_it, "event_type": "progress", **played},
    )


async def filed(api: Api, school: School, teacher: Person) -> list[str]:
    """Two recordings of the course, of which pupils watch some."""
    found = [await file(api, school.course, teacher, f"optics-{number}") for number in range(2)]
    ada, ben, cat, dag = (school.pupils[name] for name in PUPILS)
    for by, recording, seconds in ((ada, 0, 4), (ada, 1, 2), (ben, 0, 1), (cat, 0, 3), (dag, 1, 4)):
        await watch(api, by, found[recording], seconds)
    await say(api, ada, "of-the-course", {"event_type": "viewed", "course_id": school.course})
    return found


async def read(api: Api, path: str, by: Person) -> Any:
    answer = await api.call("GET", f"{BASE}{path}", by=by)
    assert answer.status == 200, answer
    return answer.body


async def totals(api: Api, school: School, recordings: Sequence[str], by: Person) -> dict[str, Any]:
    """All that reports tell of nobody in particular."""
    course, of = school.course, f"course_id={school.course}"
    whole = await read(api, f"/course/{course}", by)
    attendance = await read(api, f"/reports/attendance?{of}", by)
    engagement = await read(api, f"/reports/engagement?{of}", by)
    performance = await read(api, f"/reports/performance?{of}", by)
    network = await read(api, f"/reports/network?{of}", by)
    lectures = [await read(api, f"/lecture/{one}", by) for one in recordings]
    return {
        "course": {name: value for name, value in whole.items() if name != "anonymized"},
        "attendance": [attendance[name] for name in ("lectures_total", "attendance_rate", "classes")],
        "engagement": engagement["avg_engagement_score"],
        "performance": {name: value for name, value in performance.items() if name != "anonymized"},
        "network": network["classes"],
        "lectures": lectures,
    }


async def everywhere(api: Api, *words: str) -> set[str]:
    """The tables in any of whose rows one of these stands."""
    found = set()
    async with api.server.services.database.read() as tx:
        for name in sorted(OWN_TABLES):
            for row in await tx.execute(select(metadata.tables[name])):
                if any(word in str(tuple(row)) for word in words):
                    found.add(name)
    return found


def anonymizer_of(api: Api, now: datetime = THEN) -> Anonymizer:
    """One beside the server's own, whose upkeep leaves all as it is."""
    served = api.server.services.analytics.anonymizer
    found = replace(served, after_days=DAYS, clock=lambda: now, process_id=new_id())
    api.server.services.analytics.usage.clock = lambda: EIGHT  # whose days are counted elsewhere
    return found


def hours_pass(api: Api, now: datetime) -> None:
    """From now on it is this late for what players say."""
    analytics = api.server.services.analytics
    analytics.intake._clock = lambda: now
