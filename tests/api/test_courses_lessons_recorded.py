"""Live lessons are recorded by themselves, filed, published by the course's rule, and the class is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.class_people import has_been_told, send
from tests.api.course_material import BASE, add_section, enrol, make_course
from tests.api.notification_material import kinds
from tests.api.notification_material import told as notified
from tests.api.recording_material import add_finished
from tests.api.socket_clients import Client, School
from tests.api.test_courses_lessons import at, change, come, live_lesson
from tests.api.test_recordings_class import publisher, until
from tests.serving import Api, Person
from vtp.courses.lesson_watch import LessonWatch
from vtp.recording.store import find_recording
from vtp.recording.tables import recordings

RECORDINGS = "/api/v1/recordings"


@pytest.fixture
async def pupil(api: Api) -> Person:
    return await api.person("student")


async def recorded_course(api: Api, teacher: Person, pupil: Person, **more: Any) -> str:
    course = await make_course(api, teacher, record_lessons="automatic", **more)
    assert (await enrol(api, course, pupil)).status == 201
    return course


async def filed(api: Api, course: str, by: Person) -> list[dict[str, Any]]:
    answer = await api.call("GET", f"{BASE}/{course}/recordings", by=by)
    assert answer.status == 200, answer
    return list(answer.body["items"])


async def filed_by_now(api: Api, course: str, by: Person) -> list[dict[str, Any]]:
    """The same once there is something: a room is taken before its recording is stored."""

    async def is_there() -> bool:
        return bool(await filed(api, course, by))

    await until(is_there)
    return await filed(api, course, by)


async def ready_to_send(client: Client) -> None:
    await client.ok("create-transport", {"direction": "send"})


def watch_of(api: Api) -> LessonWatch:
    return api.server.services.courses.lesson_watch


def later(api: Api, monkeypatch: pytest.MonkeyPatch, minutes: float) -> None:
    """From now on it is so much later, as far as lessons that are on are concerned."""
    monkeypatch.setattr(watch_of(api), "_clock", lambda: datetime.now(UTC) + timedelta(minutes=minutes))


async def test_a_lesson_is_recorded_once_staff_send_something_and_filed_at_once(
    school: School, teacher: Person, pupil: Person
) -> None:
    api = school.api
    course = await recorded_course(api, teacher, pupil)
    lesson = await live_lesson(api, course, teacher, starts_at=at(30), ends_at=at(60))
    head = await come(school, teacher, lesson["room_id"])
    await ready_to_send(head)
    await send(head)
    await watch_of(api).look()
    assert await filed(api, course, teacher) == [], "they prepare"
    await change(api, course, lesson, teacher, starts_at=at(5))
    child = await come(school, pupil, lesson["room_id"])
    await head.pushes("recording-started")
    [one] = await filed_by_now(api, course, teacher)
    assert (one["lesson_id"], one["lecture_title"], one["published"], one["status"]) == (
        lesson["id"],
        "Lenses",
        False,
        "recording",
    )
    assert await filed(api, course, pupil) == [], "it is reviewed first"
    stopped = await api.call("POST", f"{RECORDINGS}/{one['recording_id']}/stop", by=teacher)
    assert stopped.status == 200
    await child.pushes("recording-stopped")
    await send(head, mid="1", ssrc=3333)
    await watch_of(api).look()
    assert len(await filed(api, course, teacher)) == 1, "somebody wanted it to stop"
    by_hand = await api.call("POST", f"{RECORDINGS}/start", {"room_id": lesson["room_id"]}, by=teacher)
    assert by_hand.status == 201, by_hand
    both = await filed(api, course, teacher)
    assert [(one["lesson_id"], one["sequence_order"]) for one in both] == [
        (lesson["id"], 0),
        (lesson["id"], 1),
    ]


async def test_students_who_send_start_no_recording_and_courses_without_the_setting_neither(
    school: School, teacher: Person, pupil: Person
) -> None:
    api = school.api
    course = await recorded_course(api, teacher, pupil)
    lesson = await live_lesson(api, course, teacher)
    child = await come(school, pupil, lesson["room_id"])
    await ready_to_send(child)
    await send(child)
    await watch_of(api).look()
    assert await filed(api, course, teacher) == []
    plain = await make_course(api, teacher)
    head = await come(school, teacher, (await live_lesson(api, plain, teacher))["room_id"])
    await ready_to_send(head)
    await send(head)
    await watch_of(api).look()
    assert await filed(api, plain, teacher) == []
    shown = {"room_id": lesson["room_id"], "visibility": "members"}
    by_hand = await api.call("POST", f"{RECORDINGS}/start", shown, by=teacher)
    assert by_hand.status == 201
    assert [one["published"] for one in await filed(api, course, pupil)] == [True], "as it was wished"


async def test_a_recording_ends_with_the_class_and_not_with_a_lost_connection(
    school: School, teacher: Person, pupil: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = school.api
    course = await recorded_course(api, teacher, pupil, publish_rule="at_once")
    lesson = await live_lesson(api, course, teacher, ends_at=at(60))
    head, child = await come(school, teacher, lesson["room_id"]), await come(school, pupil, lesson["room_id"])
    await ready_to_send(head)
    await send(head)
    await child.pushes("recording-started")
    [one] = await filed_by_now(api, course, pupil)
    assert one["published"], "who comes late may begin at the beginning"
    await head.ok("leave-room")
    await watch_of(api).look()
    later(api, monkeypatch, 4)
    await watch_of(api).look()
    assert not has_been_told(child, "recording-stopped")
    later(api, monkeypatch, 6)
    await watch_of(api).look()
    await child.pushes("recording-stopped")


async def test_each_class_is_told_once_of_a_recording_that_it_may_see(
    school: School, teacher: Person, pupil: Person
) -> None:
    """Eight at once, as processes are that hear of it at the same time."""
    api = school.api
    services = api.server.services
    told = services.courses.lesson_recordings
    course = await recorded_course(api, teacher, pupil)
    lesson = await live_lesson(api, course, teacher)
    recording = await add_finished(api, lesson["room_id"], teacher)
    async with services.database.transaction() as tx:
        row = await find_recording(tx, recording)
        assert row is not None
        await services.recordings.catalogue._audience.file_new(tx, row)
        await tx.execute(recordings.update().where(recordings.c.id == recording).values(visibility="staff"))
    child, head = await school.connect(pupil), await school.connect(teacher)
    assert await told.announce(recording, ended=True) == 0
    review = await head.pushes("news")
    assert (review["kind"], review["recording_id"]) == ("recording_to_review", recording)
    assert not has_been_told(child, "news")
    published = await api.call("POST", f"{BASE}/{course}/recordings/{recording}/publish", by=teacher)
    assert published.status == 200
    await asyncio.gather(*(told.announce(recording) for _ in range(8)), told.sweep())
    for client in (child, head):
        news = await client.pushes("news")
        assert (news["kind"], news["lesson_id"], news["course_id"]) == (
            "recording_ready",
            lesson["id"],
            course,
        )
    announced = (await api.call("GET", f"{BASE}/{course}/announcements", by=pupil)).body["items"]
    assert [(one["title"], one["author_name"]) for one in announced] == [("Recording: Lenses", None)]
    assert await told.sweep() == 0


async def test_what_could_not_be_told_at_its_time_is_told_later(
    school: School, teacher: Person, pupil: Person
) -> None:
    api = school.api
    services = api.server.services
    course = await recorded_course(api, teacher, pupil)
    lesson = await live_lesson(api, course, teacher)
    recording = await add_finished(api, lesson["room_id"], teacher)
    async with services.database.transaction() as tx:
        row = await find_recording(tx, recording)
        assert row is not None
        await services.recordings.catalogue._audience.file_new(tx, row)
    assert await services.courses.lesson_recordings.sweep() == 1
    assert await services.courses.lesson_recordings.sweep() == 0


@pytest.mark.parametrize("hidden_by", ["lesson", "section"])
async def test_of_a_hidden_lesson_students_read_no_recording_until_they_see_it(
    school: School, teacher: Person, pupil: Person, hidden_by: str
) -> None:
    api = school.api
    services = api.server.services
    told = services.courses.lesson_recordings
    course = await recorded_course(api, teacher, pupil, publish_rule="at_once")
    section = await add_section(api, course, teacher)
    lesson = await live_lesson(api, course, teacher, section_id=section)
    path = f"{BASE}/{course}/{'lessons/' + lesson['id'] if hidden_by == 'lesson' else 'sections/' + section}"
    assert (await api.call("PATCH", path, {"published": False}, by=teacher)).status == 200
    recording = await add_finished(api, lesson["room_id"], teacher)
    async with services.database.transaction() as tx:
        row = await find_recording(tx, recording)
        assert row is not None
        await services.recordings.catalogue._audience.file_new(tx, row)

    async def announced() -> list[str]:
        answer = await api.call("GET", f"{BASE}/{course}/announcements", by=pupil)
        return [one["title"] for one in answer.body["items"]]

    assert await told.announce(recording, ended=True) == 0
    assert [(one["kind"], one["text"]) for one in await notified(api, teacher)][:1] == [
        (
            "recording_ready",
            "The recording of “Lenses” is ready. Students are told of it once they see its lesson.",
        )
    ]
    assert (await announced(), await told.sweep()) == ([], 0)
    assert "recording_ready" not in await kinds(api, pupil)
    assert (await api.call("PATCH", path, {"published": True}, by=teacher)).status == 200
    assert (await told.sweep(), await told.sweep()) == (1, 0)
    assert await announced() == ["Recording: Lenses"]
    assert (await kinds(api, pupil)).count("recording_ready") == 1


@pytest.mark.sqlite_alone
async def test_a_class_with_real_media_gets_its_recording_by_itself(
    school: School, teacher: Person, pupil: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = school.api
    course = await recorded_course(api, teacher, pupil, publish_rule="at_once")
    lesson = await live_lesson(api, course, teacher, starts_at=at(-40), ends_at=at(5))
    child = await school.connect(pupil)
    async with publisher(api, teacher) as browser:
        await browser.publish(f"/whip/{lesson['room_id']}", codec="video/H264")

        async def is_recorded() -> bool:
            found = await filed(api, course, teacher)
            if not found:
                return False
            one = await api.call("GET", f"{RECORDINGS}/{found[0]['recording_id']}", by=teacher)
            return bool(one.body["duration_seconds"] > 2)

        await until(is_recorded)
    live = api.server.services.live_rooms.get(lesson["room_id"])
    assert live is not None

    async def has_left() -> bool:
        return len(live.people) == 0

    await until(has_left)
    await watch_of(api).look()
    later(api, monkeypatch, 7)
    await watch_of(api).look()
    begins, news = await child.pushes("news"), await child.pushes("news")
    assert begins["kind"] == "lesson_begins"
    assert (news["kind"], news["title"]) == ("recording_ready", "Recording: Lenses")
    seen = await api.call("GET", f"{RECORDINGS}/{news['recording_id']}", by=pupil)
    assert (seen.status, seen.body["status"]) == (200, "ready")
    async with api.server.services.database.read() as tx:
        statuses = (await tx.execute(select(recordings.c.status))).scalars().all()
    assert list(statuses) == ["ready"]
