"""Live lessons own a room: who comes in, when, in which role; what becomes of it when the lesson changes."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.class_people import id_of, refused
from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.coursework_material import until
from tests.api.notification_material import kinds, told
from tests.api.socket_clients import Client, School
from tests.serving import Api, Person
from vtp.accounts.audit import Event, Origin
from vtp.courses import lesson_watch
from vtp.courses.revocations import CourseRevocations
from vtp.courses.tables import course_enrollments, lessons
from vtp.rooms import live as live_module

ROOMS = "/api/v1/rooms"


def at(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


async def live_lesson(api: Api, course: str, by: Person, **wish: Any) -> dict[str, Any]:
    """A live lesson that is on, if nothing else is wished."""
    wanted = {"kind": "live", "title": "Lenses", "starts_at": at(-5), "ends_at": at(40), **wish}
    made = await api.call("POST", f"{BASE}/{course}/lessons", wanted, by=by)
    assert made.status == 201, made
    return dict(made.body)


async def change(api: Api, course: str, lesson: dict[str, Any], by: Person, **wish: Any) -> dict[str, Any]:
    answer = await api.call("PATCH", f"{BASE}/{course}/lessons/{lesson['id']}", wish, by=by)
    assert answer.status == 200, answer
    return dict(answer.body)


async def come(school: School, who: Person | str, room: str, **more: Any) -> Client:
    client = await school.connect(who)
    await client.join(room, **more)
    return client


async def turned_away(school: School, who: Person | str, room: str) -> str:
    """The code with which somebody is refused at the door."""
    return await refused(await school.connect(who), "join-room", {"room_id": room})


@pytest.fixture
async def pupil(api: Api) -> Person:
    return await api.person("student")


@pytest.fixture
async def course(api: Api, teacher: Person, pupil: Person) -> str:
    made = await make_course(api, teacher, lesson_opens_minutes=10, lesson_grace_minutes=20)
    assert (await enrol(api, made, pupil)).status == 201
    return made


async def test_the_class_is_told_once_when_its_staff_have_come_and_it_may_come_in(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    watch, away = api.server.services.courses.lesson_watch, await student(api, "away")
    await enrol(api, course, away)
    lesson = await live_lesson(api, course, teacher, starts_at=at(5))
    early = await live_lesson(api, course, teacher, starts_at=at(60), ends_at=at(90))
    child = await come(school, pupil, lesson["room_id"])
    await watch.look()
    assert "lesson_begins" not in await kinds(api, away), "nobody holds it yet"
    head = await come(school, teacher, lesson["room_id"])
    await come(school, teacher, early["room_id"])
    await watch.look()
    begun = [one for one in await told(api, away) if one["kind"] == "lesson_begins"]
    assert [(one["lesson_id"], one["link"]) for one in begun] == [
        (lesson["id"], f"/rooms/{lesson['room_id']}/class")
    ]
    assert "lesson_begins" not in await kinds(api, pupil), "who is there already"
    for client in (head, child):
        await client.ok("leave-room")
    live = api.server.services.live_rooms.get(lesson["room_id"])
    assert live is not None
    live.close("again")
    await come(school, teacher, lesson["room_id"])
    await watch.look()
    assert (await kinds(api, away)).count("lesson_begins") == 1, "once, though it is opened again"


async def test_who_is_in_the_course_comes_in_as_what_they_are_there(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    lesson = await live_lesson(api, course, teacher)
    room = lesson["room_id"]
    assert room
    colleague, outsider = await api.person("teacher", "c@x.example"), await student(api, "outsider")
    helper, admin = await student(api, "helper"), await api.person("admin")
    watcher = await student(api, "watcher")
    await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")
    given = {"user_id": watcher.user_id, "role": "viewer"}
    assert (await api.call("POST", f"{BASE}/{course}/permissions", given, by=teacher)).status == 201
    roles = {}
    for name, who in (("teacher", teacher), ("helper", helper), ("pupil", pupil), ("admin", admin)):
        client = await come(school, who, room)
        me = next(one for one in client.joined["participants"] if one["participant_id"] == id_of(client))
        roles[name] = me["role"], client.joined["may"]["moderate"]
    assert roles == {
        "teacher": ("teacher", True),
        "helper": ("assistant", True),
        "pupil": ("student", False),
        "admin": ("admin", True),
    }
    assert (await come(school, watcher, room)).joined["may"]["publish"] is False
    for who in (colleague, outsider):
        assert await turned_away(school, who, room) == "not_in_course"
        for method, path in (
            ("GET", f"{ROOMS}/{room}"),
            ("GET", f"{ROOMS}/{room}/chat"),
            ("GET", f"/api/v1/signalling/room/stats?room_id={room}"),
            ("POST", f"{ROOMS}/{room}/links"),
            ("POST", "/api/v1/recordings/start"),
            ("GET", f"{ROOMS}/{room}/bans"),
        ):
            body = {"room_id": room} if "recordings" in path else {} if method == "POST" else None
            answer = await api.call(method, path, body, by=who)
            assert (path, answer.status, answer.body["code"]) == (path, 403, "not_in_course")
        for face in ("whip", "whep"):
            sdp = {"Content-Type": "application/sdp"}
            answer = await api.call("POST", f"/{face}/{room}", by=who, data=b"v=0\r\n", headers=sdp)
            assert (answer.status, answer.body["code"]) == (403, "not_in_course"), face
    seen = await api.call("GET", f"{ROOMS}/{room}", by=pupil)
    assert (seen.status, seen.body["members_only"], seen.body["may"]["moderate"]) == (200, True, False)
    assert seen.body["course_id"] == course
    assert (await api.call("GET", f"{ROOMS}/{room}", by=helper)).body["may"]["moderate"] is True
    link = await api.call("POST", f"{ROOMS}/{room}/links", {"publish": True, "name": "Guest"}, by=helper)
    assert link.status == 201, "staff may invite somebody"
    await come(school, link.body["token"], room)


async def test_the_class_comes_while_the_lesson_is_open_and_staff_always(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    link_of = {"publish": True, "name": "Guest"}
    for times, code in (
        ({"starts_at": at(12), "ends_at": at(60)}, "lesson_not_open"),
        ({"starts_at": at(9), "ends_at": at(60)}, ""),
        ({"starts_at": at(-60), "ends_at": at(-19)}, ""),
        ({"starts_at": at(-60), "ends_at": at(-21)}, "lesson_over"),
        ({"starts_at": at(-239), "ends_at": None}, ""),
        ({"starts_at": None, "ends_at": None}, ""),
        ({"published": False}, "not_released"),
        ({"release_at": at(5)}, "not_released"),
    ):
        room = (await live_lesson(api, course, teacher, **times))["room_id"]
        if code:
            assert await turned_away(school, pupil, room) == code, times
            if code.startswith("lesson"):
                link = await api.call("POST", f"{ROOMS}/{room}/links", link_of, by=teacher)
                assert await turned_away(school, link.body["token"], room) == code, "guests neither"
        else:
            await come(school, pupil, room)
        await come(school, teacher, room)
        if code == "lesson_over":
            await come(school, pupil, room)  # staff hold the class still


async def test_at_the_door_it_is_told_by_the_clocks_of_the_series_when_a_lesson_opens(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    told = {}
    alone = await live_lesson(api, course, teacher, starts_at="2199-01-01T08:00:00Z", ends_at=None)
    rule = {"title": "Optics", "rule": "FREQ=DAILY;COUNT=1", "duration_minutes": 45}
    for zone in ("Europe/Berlin", "America/Lima"):
        first = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}T08:00"
        made = await api.call(
            "POST",
            f"{BASE}/{course}/schedules",
            {**rule, "time_zone": zone, "first_start": first},
            by=teacher,
        )
        assert made.status == 201, made
    listed = (await api.call("GET", f"{BASE}/{course}/lessons", by=teacher)).body["items"]
    for lesson in listed:
        client = await school.connect(pupil)
        answer = await client.call("join-room", {"room_id": lesson["room_id"]})
        assert answer["code"] == "lesson_not_open", answer
        told[lesson["id"]] = answer["error"]
    assert "on 1 January 2199 at 02:50 (America/Lima)" in told.pop(alone["id"])
    for zone in ("Europe/Berlin", "America/Lima"):
        [_] = [text for text in told.values() if f"at 07:50 ({zone})" in text]


async def test_a_lesson_that_is_moved_cancelled_or_deleted_ends_for_who_is_in_it(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    lesson = await live_lesson(api, course, teacher)
    room = lesson["room_id"]
    head, child = await come(school, teacher, room), await come(school, pupil, room)
    renamed = await change(api, course, lesson, teacher, title="Prisms")
    assert (renamed["room_id"], renamed["cancelled"]) == (room, False)
    assert (await api.call("GET", f"{ROOMS}/{room}", by=pupil)).body["name"] == "Prisms"
    await change(api, course, lesson, teacher, starts_at=at(60), ends_at=at(90))
    told = await child.pushes("kicked")
    assert told["reason"].startswith("This lesson opens on") and told["banned"] is False
    assert (await head.ok("get-participants"))["count"] == 1, "staff stay"
    assert await turned_away(school, pupil, room) == "lesson_not_open"

    await change(api, course, lesson, teacher, starts_at=at(-5))
    child = await come(school, pupil, room)
    cancelled = await change(api, course, lesson, teacher, cancelled=True)
    assert cancelled["cancelled"] is True
    for client in (head, child):
        assert (await client.pushes("room-closed"))["reason"] == "The lesson was cancelled."
    assert await turned_away(school, teacher, room) == "lesson_cancelled"
    await change(api, course, lesson, teacher, cancelled=False)
    head, child = await come(school, teacher, room), await come(school, pupil, room)

    gone = await api.call("DELETE", f"{BASE}/{course}/lessons/{lesson['id']}", by=teacher)
    assert gone.status == 204
    for client in (head, child):
        assert (await client.pushes("room-closed"))["reason"] == "The lesson was deleted."
    assert (await api.call("GET", f"{ROOMS}/{room}", by=teacher)).status == 404
    assert await turned_away(school, teacher, room) == "no_such_room"
    material = await api.call(
        "POST", f"{BASE}/{course}/lessons", {"kind": "material", "title": "x"}, by=teacher
    )
    assert material.body["room_id"] is None
    wrong = {"cancelled": True}
    answer = await api.call("PATCH", f"{BASE}/{course}/lessons/{material.body['id']}", wrong, by=teacher)
    assert (answer.status, answer.pointers) == (422, ["/cancelled"])


async def test_who_leaves_the_course_leaves_the_class_and_who_is_appointed_helps_to_hold_it(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    room = (await live_lesson(api, course, teacher))["room_id"]
    other = await student(api, "other")
    await enrol(api, course, other)
    child, second = await come(school, pupil, room), await come(school, other, room)
    watch = api.server.services.courses.lesson_watch
    await watch.look()
    given = {"user_id": other.user_id, "role": "assistant"}
    assert (await api.call("POST", f"{BASE}/{course}/permissions", given, by=teacher)).status == 201
    await watch.look()
    await second.ok("mute-all")  # as an assistant may
    await second.ok("leave-room")
    taken = await api.call("DELETE", f"{BASE}/{course}/permissions/{other.user_id}", by=teacher)
    assert taken.status == 204, taken
    second = await come(school, other, room)
    await watch.look()
    assert await refused(second, "mute-all") == "forbidden", "who was appointed is that no more"
    assert (await api.call("POST", f"{BASE}/{course}/permissions", given, by=teacher)).status == 201
    watches = await student(api, "watches")
    await enrol(api, course, watches)
    third = await come(school, watches, room)
    only = {"user_id": watches.user_id, "role": "viewer"}
    assert (await api.call("POST", f"{BASE}/{course}/permissions", only, by=teacher)).status == 201
    await watch.look()
    assert (await third.pushes("kicked"))["reason"].startswith("You only watch")
    assert (await come(school, watches, room)).joined["may"]["publish"] is False
    await watch.look()
    assert (await api.call("DELETE", f"{BASE}/{course}/enroll/{pupil.user_id}", by=teacher)).status == 200
    told = await child.pushes("kicked")
    assert told["reason"] == "This lesson is for those who take part in its course."
    assert await turned_away(school, pupil, room) == "not_in_course"
    assert (await api.call("PATCH", f"{BASE}/{course}", {"status": "archived"}, by=teacher)).status == 200
    assert (await second.pushes("room-closed"))["reason"] == "The course was put away."
    assert await turned_away(school, teacher, room) == "course_archived"


async def test_what_another_process_takes_away_holds_here_without_a_look(
    school: School, teacher: Person, pupil: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = school.api
    child = await come(school, pupil, (await live_lesson(api, course, teacher))["room_id"])
    monkeypatch.setattr(lesson_watch, "LOOK_EVERY_S", 3600.0)
    services = api.server.services
    watch, looked = services.courses.lesson_watch, asyncio.Event()
    look = watch.look

    async def tell(among: Collection[str] | None = None) -> None:
        await look(among)
        looked.set()

    with monkeypatch.context() as told_of:
        told_of.setattr(watch, "look", tell)
        watch.look_soon()  # the next one by itself is in an hour
        await looked.wait()
    async with services.database.transaction() as tx:  # as another process would
        await tx.execute(course_enrollments.delete().where(course_enrollments.c.user_id == pupil.user_id))
        await services.accounts.audit.record(
            tx, Event.COURSE_LEFT, Origin("203.0.113.7"), actor_id=None, subject=f"course:{course}"
        )
    told = await child.pushes("kicked")
    assert told["reason"] == "This lesson is for those who take part in its course."


async def test_what_was_taken_away_in_a_course_is_told_once(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    heard: list[str] = []
    reader = CourseRevocations(heard.append)
    database = api.server.services.database

    async def read() -> list[str]:
        heard.clear()
        now = datetime.now(UTC)
        async with database.read() as tx:
            await reader.read(tx, now - timedelta(minutes=1), now)
        return list(heard)

    await read()
    assert await read() == [], "what is known is not told again"
    gone = await api.call("DELETE", f"{BASE}/{course}/enroll/{pupil.user_id}", by=teacher)
    assert gone.status == 200, gone
    assert await read() == [course]
    assert await read() == []


async def test_a_class_is_over_when_its_time_is_and_no_staff_hold_it(
    school: School, teacher: Person, pupil: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = school.api
    lesson = await live_lesson(api, course, teacher)
    head, child = await come(school, teacher, lesson["room_id"]), await come(school, pupil, lesson["room_id"])
    await change(api, course, lesson, teacher, ends_at=at(-4), starts_at=at(-50))
    watch = api.server.services.courses.lesson_watch
    await watch.look()
    assert (await child.ok("get-participants"))["count"] == 2, "its grace"
    await change(api, course, lesson, teacher, ends_at=at(-30))
    await watch.look()
    assert (await child.ok("get-participants"))["count"] == 2, "staff hold it still"
    await head.ok("leave-room")
    await watch.look()
    assert (await child.ok("get-participants"))["count"] == 1, "they may be back in a moment"
    monkeypatch.setattr(watch, "_clock", lambda: datetime.now(UTC) + lesson_watch.STAFF_GONE)
    await watch.look()
    assert (await child.pushes("room-closed"))["reason"] == "The lesson is over."
    assert await turned_away(school, pupil, lesson["room_id"]) == "lesson_over"


async def test_a_class_beyond_its_time_goes_on_while_its_teacher_loads_the_page_anew(
    school: School, teacher: Person, pupil: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = school.api
    watch, live_rooms = api.server.services.courses.lesson_watch, api.server.services.live_rooms
    lesson, late = await live_lesson(api, course, teacher), await student(api, "late")
    await enrol(api, course, late)
    room = lesson["room_id"]
    head, child = await come(school, teacher, room), await come(school, pupil, room)
    await change(api, course, lesson, teacher, starts_at=at(-90), ends_at=at(-50))
    await watch.look()
    live = live_rooms.get(room)
    await head.io.disconnect()  # as a page does that is loaded anew, or shut
    await child.pushes("participant-left")
    await watch.look()
    assert (await child.ok("get-participants"))["count"] == 1
    await come(school, late, room)  # who lost their own connection meanwhile, too
    head = await come(school, teacher, room)
    monkeypatch.setattr(watch, "_clock", lambda: datetime.now(UTC) + lesson_watch.STAFF_GONE)
    await watch.look()
    assert (await child.ok("get-participants"))["count"] == 3, "they are back"
    await head.ok("leave-room")
    await watch.look()
    assert live_rooms.get(room) is live, "a minute from then on"
    monkeypatch.setattr(watch, "_clock", lambda: datetime.now(UTC) + 2 * lesson_watch.STAFF_GONE)
    await watch.look()
    assert (await child.pushes("room-closed"))["reason"] == "The lesson is over."
    assert await turned_away(school, late, room) == "lesson_over"


async def test_a_class_beyond_its_time_goes_on_where_everybody_drops_out_at_once(
    school: School, teacher: Person, pupil: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = school.api
    watch, live_rooms = api.server.services.courses.lesson_watch, api.server.services.live_rooms
    lesson = await live_lesson(api, course, teacher)
    room = lesson["room_id"]
    people = [await come(school, one, room) for one in (teacher, pupil)]
    await change(api, course, lesson, teacher, starts_at=at(-90), ends_at=at(-50))
    await watch.look()
    live = live_rooms.get(room)
    assert live is not None
    gone = asyncio.Event()
    live.people.add_listener(lambda _: None if live.participant_count else gone.set())
    monkeypatch.setattr(live_module, "EMPTY_ROOM_GRACE_S", 0.0)
    for one in people:
        await one.io.disconnect()
    await gone.wait()
    await watch.look()
    child = await come(school, pupil, room)
    assert live_rooms.get(room) is live, "students come back first"
    monkeypatch.setattr(watch, "_clock", lambda: datetime.now(UTC) + lesson_watch.STAFF_GONE)
    await watch.look()
    assert (await child.pushes("room-closed"))["reason"] == "The lesson is over."
    assert await turned_away(school, pupil, room) == "lesson_over"


@pytest.mark.both_databases
async def test_a_lesson_whose_class_was_ended_for_all_is_over_until_its_staff_hold_it_again(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    watch = api.server.services.courses.lesson_watch
    lesson, early = await live_lesson(api, course, teacher), await live_lesson(api, course, teacher)
    await change(api, course, early, teacher, starts_at=at(5))

    async def over_at(of: dict[str, Any]) -> str | None:
        read = await api.call("GET", f"{BASE}/{course}/lessons/{of['id']}", by=pupil)
        return str(read.body["over_at"]) if read.body["over_at"] else None

    async def at_home() -> set[str]:
        return {one["id"] for one in (await api.call("GET", "/api/v1/home", by=pupil)).body["lessons"]}

    for one in (early, lesson):
        head = await come(school, teacher, one["room_id"])
        await head.ok("end-room")

    async def ended() -> bool:
        return await over_at(lesson) is not None

    await until(ended)
    assert await turned_away(school, pupil, lesson["room_id"]) == "lesson_over"
    assert await at_home() == {early["id"]}, "what ends before its time begins has not been held"
    assert await over_at(early) is None
    await come(school, pupil, early["room_id"])

    await come(school, teacher, lesson["room_id"])
    await watch.look()
    assert await over_at(lesson) is None
    await come(school, pupil, lesson["room_id"])
    assert await at_home() == {early["id"], lesson["id"]}
    live = api.server.services.live_rooms.get(lesson["room_id"])
    assert live is not None
    live.close("Everybody has left.")
    await watch.look()
    assert not await ended(), "nobody has ended it"

    head = await come(school, teacher, lesson["room_id"])
    await head.ok("end-room")
    await until(ended)
    await change(api, course, lesson, teacher, ends_at=at(60))
    assert not await ended(), "it goes on"


async def test_a_fault_in_one_class_keeps_no_other_from_being_looked_after(
    school: School,
    teacher: Person,
    course: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = school.api
    watch, rooms = api.server.services.courses.lesson_watch, api.server.services.live_rooms
    held = [await live_lesson(api, course, teacher, title=title) for title in ("one", "two", "three")]
    ids = [one["room_id"] for one in held]
    for room_id in ids:
        await come(school, teacher, room_id)
    async with api.server.services.database.transaction() as tx:  # as another process would
        await tx.execute(lessons.update().values(cancelled_at=datetime.now(UTC)))
    look_at = watch._look_at

    async def fail_once(live: Any, *more: Any) -> None:
        if live.id == ids[0]:
            raise ZeroDivisionError
        await look_at(live, *more)

    with monkeypatch.context() as broken:
        broken.setattr(watch, "_look_at", fail_once)
        await watch.look()
    assert [rooms.get(one) is not None for one in ids] == [True, False, False]
    assert f"The lesson in room {ids[0]} could not be looked after." in caplog.text
    await watch.look()
    assert rooms.get(ids[0]) is None


async def test_a_lessons_room_is_changed_by_its_course_alone(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    lesson = await live_lesson(api, course, teacher)
    room, admin = lesson["room_id"], await api.person("admin")
    for by, status, code in (
        (teacher, 409, "room_of_a_lesson"),
        (admin, 409, "room_of_a_lesson"),
        (pupil, 403, ""),
    ):
        deleted = await api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={room}", by=by)
        renamed = await api.call("PATCH", f"{ROOMS}/{room}", {"name": "Mine"}, by=by)
        assert (deleted.status, renamed.status) == (status, status)
        assert not code or (deleted.body["code"], renamed.body["code"]) == (code, code)
    settings = await api.call("PATCH", f"{ROOMS}/{room}", {"settings": {"camera": "staff"}}, by=teacher)
    assert (settings.status, settings.body["settings"]["camera"]) == (200, "staff")
    assert settings.body["may"]["update"] is settings.body["may"]["delete"] is False
    assert (await api.call("PATCH", f"{ROOMS}/{room}", {"settings": {}}, by=pupil)).status == 403
    await api.open_room(room)
    for path in (ROOMS, "/api/v1/signalling/rooms/stats"):
        listed = await api.call("GET", path, by=teacher)
        assert room not in str(listed.body), "a course lists its lessons"
    copy = await api.call("POST", f"{BASE}/{course}/copy", {"semester": "s", "year": 2027}, by=teacher)
    [copied] = (await api.call("GET", f"{BASE}/{copy.body['id']}/lessons", by=teacher)).body["items"]
    assert copied["room_id"] not in (None, room)
    assert (await api.call("DELETE", f"{BASE}/{course}", by=teacher)).status == 200
    assert (await api.call("GET", f"{ROOMS}/{room}", by=admin)).status == 404
    assert (await api.call("GET", f"{ROOMS}/{copied['room_id']}", by=teacher)).status == 200


async def test_who_was_expected_is_seen_beside_who_is_there(
    school: School, teacher: Person, pupil: Person, course: str
) -> None:
    api = school.api
    lesson = await live_lesson(api, course, teacher)
    absent = await student(api, "absent")
    await enrol(api, course, absent)
    path = f"{BASE}/{course}/lessons/{lesson['id']}/people"
    before = (await api.call("GET", path, by=teacher)).body
    assert (before["open"], before["expected_count"], before["present_count"]) == (False, 2, 0)
    await come(school, teacher, lesson["room_id"])
    await come(school, pupil, lesson["room_id"])
    await come(school, pupil, lesson["room_id"])
    seen = (await api.call("GET", path, by=teacher)).body
    there = {one["user_id"]: (one["present"], one["joined_at"] is not None) for one in seen["items"]}
    assert there == {pupil.user_id: (True, True), absent.user_id: (False, False)}
    assert (seen["open"], seen["expected_count"], seen["present_count"]) == (True, 2, 3)
    assert [one["user_id"] for one in seen["others"]] == [teacher.user_id]
    first = (await api.call("GET", f"{path}?limit=1", by=teacher)).body
    second = (await api.call("GET", f"{path}?limit=1&cursor={first['next_cursor']}", by=teacher)).body
    assert [one["user_id"] for page in (first, second) for one in page["items"]] == [
        pupil.user_id,
        absent.user_id,
    ]
    assert (await api.call("GET", path, by=pupil)).status == 403
    helps = {"user_id": absent.user_id, "role": "assistant"}
    assert (await api.call("POST", f"{BASE}/{course}/permissions", helps, by=teacher)).status == 201
    now = (await api.call("GET", path, by=teacher)).body
    assert [one["role"] for one in now["items"]] == ["student", "assistant"]
    assert now["expected_count"] == 1


async def test_lessons_from_before_get_their_rooms_once(api: Api, teacher: Person, course: str) -> None:
    services = api.server.services
    made = [await live_lesson(api, course, teacher, title=f"Week {n}") for n in range(3)]
    async with services.database.transaction() as tx:
        for one in made:
            await services.rooms.kept.delete(tx, [one["room_id"]], datetime.now(UTC), "Old.")
        await tx.execute(lessons.update().values(room_id=None))
    counts = await asyncio.gather(*(services.courses.lesson_rooms.complete() for _ in range(4)))
    assert sorted(counts) == [0, 0, 0, 3]
    listed = (await api.call("GET", f"{BASE}/{course}/lessons", by=teacher)).body["items"]
    assert len({one["room_id"] for one in listed}) == 3
    names = [(await api.call("GET", f"{ROOMS}/{one['room_id']}", by=teacher)).body["name"] for one in listed]
    assert names == [one["title"] for one in listed]
