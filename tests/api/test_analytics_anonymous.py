"""Figures become nobody's after a time: sums stay to the digit, and whose they were is nowhere any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tests.api.course_material import make_course
from tests.api.personal_material import zipped
from tests.api.recording_material import add_finished, make_room
from tests.api.test_accounts_cli import run
from tests.api.test_analytics_attendance import (
    BASE,
    EIGHT,
    School,
    correct,
    counted,
    make_school,
    stay,
)
from tests.api.test_analytics_reports import file
from tests.serving import PASSWORD, Api, Person
from vtp.accounts.tables import audit_log, users
from vtp.analytics.anonymizer import Anonymizer
from vtp.analytics.check import differing_rollups
from vtp.analytics.class_check import differing_classes
from vtp.analytics.holdings import HOLDINGS
from vtp.analytics.past_tables import analytics_anonymizing
from vtp.analytics.tables import analytics_alerts
from vtp.backup.own_tables import OWN_TABLES
from vtp.db.metadata import metadata
from vtp.errors import Conflict
from vtp.ids import new_id
from vtp.recording.store import find_recording
from vtp.rooms.tables import live_sessions, poll_votes, polls, session_participants

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


@pytest.fixture
async def school(api: Api, teacher: Person) -> School:
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


async def test_sums_stay_to_the_digit_and_names_go(api: Api, teacher: Person, school: School) -> None:
    recordings = await filed(api, school, teacher)
    alone = await add_finished(api, await make_room(api, teacher, "alone"), teacher, duration_ms=4000)
    await watch(api, teacher, alone, 4)
    before = await totals(api, school, [*recordings, alone], teacher)
    assert before["course"]["avg_attendance_rate"] > 0 and before["lectures"][0]["unique_viewers"] == 3
    assert before["lectures"][0]["most_replayed_section"] is None and before["engagement"] > 0
    assert sum(one["absent"] + one["excused"] for one in before["attendance"][2]) > 0
    anonymizer = anonymizer_of(api)
    due = await anonymizer.due()
    assert (list(due.courses), due.viewers) == ([school.course], 1), "those of the course come after it"
    assert await anonymizer.run()
    assert await totals(api, school, [*recordings, alone], teacher) == before
    sheet = await school.sheet()
    assert sheet["people"] == [] and sheet["totals"]["excused"] == 1
    report = await read(api, f"/reports/attendance?course_id={school.course}", teacher)
    assert (report["student_attendance"], report["anonymized"]["students"]) == ([], 4)
    done = await anonymizer.done()
    assert (done.finished_at, done.courses, done.viewers) == (THEN, 1, 6)
    for name in PUPILS:
        person = school.pupils[name]
        tables = await everywhere(api, person.user_id, person.email, name)
        assert "course_enrollments" in tables and tables <= KEPT_ELSEWHERE.keys(), tables
    async with api.server.services.database.read() as tx:
        corrected = select(audit_log.c.details).where(audit_log.c.event == "attendance_corrected")
        [details] = (await tx.execute(corrected)).scalars()
        assert details == {"from": "absent", "to": "excused", "by_rule": False}
        assert [one async for one in differing_rollups(tx)] == []
        assert [one async for one in differing_classes(tx, THEN)] == []
    assert await anonymizer.run() and (await anonymizer.done()).courses == 1, "it is done once"


async def test_a_person_finds_nothing_of_theirs_there_any_more(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    await anonymizer_of(api).run()
    ada = school.pupils["Adaline"]
    own = await read(api, f"/reports/attendance?course_id={school.course}", ada)
    assert (own["classes"], own["attendance_rate"]) == ([], 0)
    assert (await read(api, f"/course/{school.course}", ada))["mine"] is None
    metrics = await read(api, f"/metrics/{ada.user_id}/{recordings[0]}", ada)
    assert (metrics["watched_seconds"], metrics["sessions"]) == (0, [])
    bundle = await api.call("POST", "/api/v1/auth/export", {"password": PASSWORD}, by=ada)
    data, _ = zipped(bundle.body)
    of_analytics = {one.name for one in HOLDINGS} - {"attendance_corrected_for_others", "alerts_closed"}
    assert not any(data[name] for name in of_analytics), data
    export = await api.call("GET", f"{BASE}/export?course_id={school.course}", by=teacher)
    assert export.status == 200 and ada.user_id not in str(export.body)


async def test_what_comes_late_counts_anew(api: Api, teacher: Person, school: School) -> None:
    recordings = await filed(api, school, teacher)
    anonymizer = anonymizer_of(api)
    await anonymizer.run()
    closed = await school.sheet()
    later = THEN + timedelta(days=1)
    hours_pass(api, later)
    ada = school.pupils["Adaline"]
    await watch(api, ada, recordings[0], 2, "a-later-page")
    lecture = await read(api, f"/lecture/{recordings[0]}", teacher)
    assert (lecture["unique_viewers"], lecture["total_views"]) == (4, 4), "nobody knows that she was there"
    course = await read(api, f"/course/{school.course}", teacher)
    assert course["total_students"] == 5 and course["anonymized"]["students"] == 4
    engagement = await read(api, f"/reports/engagement?course_id={school.course}", teacher)
    assert [one["student_id"] for one in engagement["student_engagement"]] == [ada.user_id]
    school.clock.minutes = (later - EIGHT) / timedelta(minutes=1)
    at = school.clock.minutes
    await stay(school, {"Teacher": (at, at + 45), "Adaline": (at, at + 45)})
    await counted(school)
    assert await school.sheet() == closed and closed["people"] == [], "a class that is closed stays so"
    path = f"{BASE}/lessons/{school.lesson}/attendance/{ada.user_id}"
    refused = await api.call("PUT", path, {"status": "absent", "reason": "x"}, by=teacher)
    assert (refused.status, refused.body["code"]) == (409, "anonymized")
    before = await totals(api, school, recordings, teacher)
    assert await anonymizer_of(api, later + timedelta(days=DAYS + 1)).run()
    assert await totals(api, school, recordings, teacher) == before
    assert await everywhere(api, ada.user_id) <= KEPT_ELSEWHERE.keys()


async def test_a_course_in_which_somebody_still_is_stays_by_name(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    hours_pass(api, EIGHT + timedelta(days=2))
    await watch(api, school.pupils["Benedikt"], recordings[1], 1)
    anonymizer = anonymizer_of(api)
    assert (await anonymizer.due()).courses == [] and await anonymizer.run()
    assert len((await school.sheet())["people"]) == 4
    lecture = await read(api, f"/lecture/{recordings[0]}/viewers", teacher)
    assert len(lecture["items"]) == 3, "of its recordings, too"
    before = await totals(api, school, recordings, teacher)
    anonymizer.after_days = 0
    assert await anonymizer.close_course(school.course)
    assert await totals(api, school, recordings, teacher) == before
    gone = await everywhere(api, school.pupils["Benedikt"].user_id)
    assert gone <= KEPT_ELSEWHERE.keys() | {"analytics_batches"}, gone


async def test_the_command_closes_a_course_beside_a_running_server(
    api: Api, teacher: Person, school: School, database_url: str
) -> None:
    data_dir = api.server.services.settings.data_dir

    async def command(*arguments: str) -> tuple[int, str]:
        code, out, err = await run(data_dir, "anonymize", *arguments, database_url=database_url)
        return code, (out + err).strip()

    code, said = await command()
    assert code == 1 and "analytics.anonymize_after_days is 0" in said
    code, said = await command("--dry-run", "--after-days", "30")
    assert code == 0 and said.startswith("0 courses and 0 viewers")
    code, said = await command("--course", school.course)
    assert code == 0 and said.startswith("The course is nobody's. Who was in its classes of today stays by")
    sheet = await school.sheet()
    assert sheet["people"] == [] and sheet["totals"]["excused"] == 1
    code, said = await command("--course", new_id())
    assert code == 1 and "There is no such course." in said


async def test_a_course_is_not_closed_while_a_class_goes_on(
    api: Api, teacher: Person, school: School
) -> None:
    anonymizer, before = anonymizer_of(api), await school.sheet()
    async with anonymizer.database.transaction() as tx:
        await tx.execute(update(live_sessions).values(ended_at=None))
    with pytest.raises(Conflict, match="goes on"):
        await anonymizer.close_course(school.course)
    async with anonymizer.database.transaction() as tx:
        await tx.execute(update(live_sessions).values(ended_at=EIGHT + timedelta(minutes=45)))
    assert (await school.sheet())["people"] == before["people"] != []
    assert await anonymizer.close_course(school.course)


async def test_a_recording_waits_for_all_courses_that_it_is_filed_in(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    other = await make_course(api, teacher, code="OTHER", name="Other")
    path = f"/api/v1/courses/{other}/recordings"
    answer = await api.call("POST", path, {"recording_id": recordings[0]}, by=teacher)
    assert answer.status == 201
    hours_pass(api, THEN)
    await say(api, teacher, "of-the-other", {"event_type": "viewed", "course_id": other})
    before = await totals(api, school, recordings, teacher)
    await anonymizer_of(api).run()
    assert await totals(api, school, recordings, teacher) == before
    found = [await read(api, f"/lecture/{one}/viewers", teacher) for one in recordings]
    assert [len(one["items"]) for one in found] == [3, 0]


async def test_who_watches_in_a_course_that_was_closed_once_stays_in_its_figures(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    alone = await add_finished(api, await make_room(api, teacher, "alone"), teacher, duration_ms=4000)
    hours_pass(api, THEN - timedelta(days=10))
    await watch(api, teacher, alone, 4)  # of no course, and from before the closing
    assert await anonymizer_of(api).run()
    hours_pass(api, THEN + timedelta(days=1))
    await watch(api, school.pupils["Benedikt"], recordings[0], 4, "next-term-1")
    hours_pass(api, THEN + timedelta(days=150))
    await watch(api, school.pupils["Adaline"], recordings[1], 4, "next-term-2")
    other = await make_course(api, teacher, code="OTHER", name="Other")
    before = await totals(api, school, recordings, teacher)
    anonymizer = anonymizer_of(api, THEN + timedelta(days=151))
    assert (await anonymizer.due()).viewers == 1 and await anonymizer.run()
    assert await totals(api, school, recordings, teacher) == before
    lecture = await read(api, f"/lecture/{recordings[0]}/viewers", teacher)
    assert [one["user_id"] for one in lecture["items"]] == [school.pupils["Benedikt"].user_id]
    assert await anonymizer.close_course(other)
    assert await totals(api, school, recordings, teacher) == before, "nor does another course change that"


async def test_who_comes_back_is_not_one_of_enough_people(api: Api, teacher: Person, school: School) -> None:
    recordings = await filed(api, school, teacher)
    analytics, ada = api.server.services.analytics, school.pupils["Adaline"]
    analytics.reports.at_least, analytics.lectures.at_least = len(PUPILS) + 1, 4
    await anonymizer_of(api).run()
    hours_pass(api, THEN + timedelta(days=1))
    await watch(api, ada, recordings[0], 2, "again-page-1")
    course = await read(api, f"/course/{school.course}", ada)
    assert (course["total_students"], course["avg_attendance_rate"]) == (None, None), (
        "four, one of them twice"
    )
    assert (await read(api, f"/lecture/{recordings[0]}", ada))["hidden"], "one of three, twice"


async def test_who_begins_as_a_course_is_closed_counts_as_begun_after_it(
    api: Api, teacher: Person, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = await filed(api, school, teacher)
    intake, anonymizer = api.server.services.analytics.intake, anonymizer_of(api)

    hours_pass(api, THEN - timedelta(seconds=2))
    begin = type(intake._database).transaction

    def transaction(database: Any) -> Any:
        hours_pass(api, THEN + timedelta(seconds=2))  # it waited for the closing
        return begin(database)

    await anonymizer.close_course(school.course)
    monkeypatch.setattr(type(intake._database), "transaction", transaction)
    played: dict[str, Any] = {
        "event_type": "progress",
        "timestamp": THEN.isoformat(),
        "recording_id": recordings[1],
    }
    played |= {"segments": [{"start": 0, "end": 1, "rate": 1}], "position": 1}
    batch = {"session_id": "racing-page", "seq": 0, "events": [played]}
    answer = await api.call("POST", f"{BASE}/events", batch, by=school.pupils["Benedikt"])
    monkeypatch.undo()
    assert answer.body["refused"] == [], answer
    course = await read(api, f"/course/{school.course}", teacher)
    assert course["total_students"] == 5


async def test_who_only_opened_a_page_lately_holds_nobody_up(
    api: Api, teacher: Person, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = [await make_room(api, teacher, name) for name in ("first", "second")]
    first, second = sorted([await add_finished(api, one, teacher, duration_ms=4000) for one in rooms])
    for one in (first, second):
        await watch(api, teacher, one, 4)
    hours_pass(api, THEN - timedelta(days=1))
    await say(api, teacher, "just-opened", {"event_type": "viewed", "recording_id": first})
    monkeypatch.setattr("vtp.analytics.anonymizer.VIEWERS_AT_ONCE", 1)
    anonymizer = anonymizer_of(api)
    assert (await anonymizer.due()).viewers == 1 and await anonymizer.run()
    found = [await read(api, f"/lecture/{one}/viewers", teacher) for one in (first, second)]
    assert [len(one["items"]) for one in found] == [1, 0]


async def test_who_watched_on_after_a_closing_goes_when_all_courses_rest(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    other = await make_course(api, teacher, code="OTHER", name="Other")
    path = f"/api/v1/courses/{other}/recordings"
    assert (await api.call("POST", path, {"recording_id": recordings[0]}, by=teacher)).status == 201
    hours_pass(api, THEN)
    await say(api, teacher, "of-the-other", {"event_type": "viewed", "course_id": other})
    await anonymizer_of(api).run()
    hours_pass(api, THEN + timedelta(days=1))
    ada = school.pupils["Adaline"]
    await watch(api, ada, recordings[0], 4, "a-later-page")  # which she began before the first closing
    ben = {"event_type": "viewed", "recording_id": recordings[1]}
    await say(api, school.pupils["Benedikt"], "only-opened", ben)
    before = await totals(api, school, recordings, teacher)
    for months in (4, 8):
        await anonymizer_of(api, THEN + timedelta(days=months * 30)).run()
        assert await totals(api, school, recordings, teacher) == before
    assert await everywhere(api, ada.user_id) <= KEPT_ELSEWHERE.keys()
    gone = await everywhere(api, school.pupils["Benedikt"].user_id)
    assert gone <= KEPT_ELSEWHERE.keys(), gone


async def test_a_process_that_is_killed_leaves_the_rest_to_the_next(
    api: Api, teacher: Person, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = await filed(api, school, teacher)
    before = await totals(api, school, recordings, teacher)
    killed, steps = anonymizer_of(api), 0
    drop, fold = Anonymizer._drop, Anonymizer._fold

    async def release(*_: Any) -> None:
        """A process that is killed says nothing."""

    while True:
        steps += 1
        left = steps

        async def some(make: Any, *arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
            return await make(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr("vtp.analytics.anonymizer.ROWS_AT_ONCE", 1)
            patch.setattr("vtp.analytics.anonymizer.VIEWERS_AT_ONCE", 1)
            patch.setattr(Anonymizer, "_drop", lambda *a: some(drop, *a))
            patch.setattr(Anonymizer, "_fold", lambda *a: some(fold, *a))
            patch.setattr(Anonymizer, "_release", release)
            try:
                await killed.run()
            except KeyboardInterrupt:
                assert await totals(api, school, recordings, teacher) == before, f"step {steps}"
            else:
                break
        if steps == 1:
            other = Anonymizer(
                killed.database,
                killed.attendances,
                killed.rollups,
                DAYS,
                killed.usage_is_counted,
                killed.take_back,
                lambda: THEN,
            )
            assert not await other.run(), "one process at a time"
            other.clock = lambda: THEN + timedelta(minutes=11)
            killed = other
    assert steps > 5
    assert await totals(api, school, recordings, teacher) == before
    for name in PUPILS:
        assert await everywhere(api, school.pupils[name].user_id) <= KEPT_ELSEWHERE.keys()


async def test_two_who_add_the_same_viewers_at_once_add_them_once(
    api: Api, teacher: Person, school: School
) -> None:
    """As where one stood still for longer than its claim."""
    recordings = await filed(api, school, teacher)
    before = await totals(api, school, recordings, teacher)
    one = anonymizer_of(api)
    other = replace(one, process_id=new_id())
    everybody = [person.user_id for person in school.pupils.values()]
    for recording_id in recordings:
        async with one.database.read() as tx:
            recording = await find_recording(tx, recording_id)
        assert recording is not None
        await one.rollups.settle(recording_id, recording.duration_ms)
        added = await asyncio.gather(*(by._fold(recording, everybody, THEN) for by in (one, other)))
        assert sorted(added) == [0, 3 if recording_id == recordings[0] else 2]
    assert (await totals(api, school, recordings, teacher))["lectures"] == before["lectures"]


async def test_one_process_does_it_once_at_a_time(api: Api, teacher: Person, school: School) -> None:
    await filed(api, school, teacher)
    anonymizer = anonymizer_of(api)
    assert sorted(await asyncio.gather(anonymizer.run(), anonymizer.run())) == [False, True]
    assert (await anonymizer.done()).viewers == 5


async def test_who_was_there_waits_until_usage_is_counted(api: Api, teacher: Person, school: School) -> None:
    anonymizer = anonymizer_of(api)
    usage = api.server.services.analytics.usage
    usage.clock = lambda: THEN
    await anonymizer.run()

    async def people() -> set[str | None]:
        async with anonymizer.database.read() as tx:
            return set((await tx.execute(select(session_participants.c.user_id))).scalars())

    assert school.pupils["Adaline"].user_id in await people()
    while not await usage.is_counted():
        await usage.roll()
    await anonymizer.run()
    assert await people() == set()


async def test_the_command_counts_usage_first(api: Api, teacher: Person, school: School) -> None:
    anonymizer, usage = anonymizer_of(api), api.server.services.analytics.usage
    usage.clock = lambda: EIGHT + timedelta(days=40)
    assert not await anonymizer.close_course(school.course), "who was there is still by name"
    anonymizer.usage_is_counted = usage.count_all
    assert await anonymizer.close_course(school.course) and await usage.is_counted()
    async with anonymizer.database.read() as tx:
        assert (await tx.execute(select(session_participants.c.user_id))).first() is None


async def test_nothing_happens_unless_it_is_set(api: Api, teacher: Person, school: School) -> None:
    anonymizer = api.server.services.analytics.anonymizer
    anonymizer.clock = lambda: THEN
    await anonymizer.look()
    assert len((await school.sheet())["people"]) == 4
    async with anonymizer.database.read() as tx:
        assert (await tx.execute(select(analytics_anonymizing))).first() is None
    admin = await api.person("admin", "head@school.example")
    told = (await read(api, "/usage?days=1", admin))["anonymizing"]
    assert told == {"after_days": 0, "finished_at": None, "courses": 0, "viewers": 0}
    anonymizer.after_days = DAYS
    await anonymizer.look()
    told = (await read(api, "/usage?days=1", admin))["anonymizing"]
    assert (told["after_days"], told["courses"]) == (DAYS, 1) and told["finished_at"] is not None
    assert (await api.call("GET", f"{BASE}/usage", by=teacher)).status == 403


async def test_an_erased_person_leaves_nothing_by_which_they_could_be_told(
    api: Api, teacher: Person, school: School
) -> None:
    recordings = await filed(api, school, teacher)
    ada = school.pupils["Adaline"]
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(users).where(users.c.id == ada.user_id).values(full_name="Adaline"))
    admin = await api.person("admin", "head@school.example")
    assert (await api.call("DELETE", f"/api/v1/users/{ada.user_id}", by=admin)).status == 204
    assert not await everywhere(api, ada.email, "Adaline")
    before = await totals(api, school, recordings, teacher)
    assert await anonymizer_of(api).run()
    assert await totals(api, school, recordings, teacher) == before
