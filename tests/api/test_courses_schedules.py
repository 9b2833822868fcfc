"""Series of lessons, and calendars: made ahead, moved, followed by foreign programs, sent by mail."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import update

from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.notification_material import told
from tests.serving import Api, Person
from tests.smtp_server import Mailbox
from vtp.courses.schedules import AHEAD, EXTEND_BEFORE
from vtp.courses.tables import course_schedules

BERLIN = ZoneInfo("Europe/Berlin")
CALENDARS = "/api/v1/calendars"


def wall(days: float, hour: int = 8) -> str:
    """So many days from now, as a clock in Berlin says."""
    return f"{datetime.now(BERLIN) + timedelta(days=days):%Y-%m-%d}T{hour:02}:00"


async def series(api: Api, course: str, by: Person, **wish: Any) -> dict[str, Any]:
    wanted = {
        "title": "Optics",
        "rule": "FREQ=WEEKLY;COUNT=5",
        "time_zone": "Europe/Berlin",
        "first_start": wall(2),
        "duration_minutes": 45,
        **wish,
    }
    made = await api.call("POST", f"{BASE}/{course}/schedules", wanted, by=by)
    assert made.status == 201, made
    return dict(made.body)


async def lessons_of(api: Api, course: str, by: Person) -> list[dict[str, Any]]:
    listed = await api.call("GET", f"{BASE}/{course}/lessons?limit=200", by=by)
    assert listed.status == 200, listed
    return sorted(listed.body["items"], key=lambda one: one["occurrence"] or "")


async def change(api: Api, path: str, by: Person, **wish: Any) -> dict[str, Any]:
    answer = await api.call("PATCH", f"{BASE}/{path}", wish, by=by)
    assert answer.status == 200, answer
    return dict(answer.body)


def local(text: str) -> str:
    return f"{datetime.fromisoformat(text).astimezone(BERLIN):%Y-%m-%dT%H:%M}"


@pytest.mark.both_databases
async def test_a_series_becomes_lessons_some_weeks_ahead_once_by_however_many_processes(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    made = await series(api, course, teacher, rule="FREQ=WEEKLY;COUNT=30")
    seen = await lessons_of(api, course, pupil)
    assert [one["occurrence"] for one in seen] == [wall(2 + 7 * n) for n in range(8)]
    assert all(local(one["starts_at"]) == one["occurrence"] and one["room_id"] for one in seen)
    services = api.server.services
    assert await services.courses.schedules.extend() == 0, "nothing is due"
    past = datetime.now(UTC) + AHEAD - timedelta(weeks=5)
    assert past < datetime.now(UTC) + EXTEND_BEFORE
    gone = await api.call("DELETE", f"{BASE}/{course}/lessons/{seen[6]['id']}", by=teacher)
    assert gone.status == 204
    for one in seen[4:6]:
        async with services.database.transaction() as tx:
            await services.courses.lessons._remove(
                tx, await _inside(api, tx, course, teacher), await _lesson(tx, one)
            )
    async with services.database.transaction() as tx:
        values = {"made_until": past, "skipped": [seen[6]["occurrence"]]}
        await tx.execute(update(course_schedules).values(values))
    counts = await asyncio.gather(*(services.courses.schedules.extend() for _ in range(6)))
    assert sorted(counts) == [0, 0, 0, 0, 0, 2], counts
    again = await lessons_of(api, course, pupil)
    assert [one["occurrence"] for one in again] == [wall(2 + 7 * n) for n in (0, 1, 2, 3, 4, 5, 7)]
    read = await api.call("GET", f"{BASE}/{course}/schedules/{made['id']}", by=teacher)
    assert read.body["skipped"] == [seen[6]["occurrence"]]
    assert (await api.call("GET", f"{BASE}/{course}/schedules/{made['id']}", by=pupil)).status == 403


async def _inside(api: Api, tx: Any, course: str, by: Person) -> Any:
    from vtp.courses.door import entered
    from vtp.courses.store import find_course

    found = await find_course(tx, course, by.user_id)
    assert found is not None
    return entered(api.server.services.accounts.authenticator.read(by.access_token), found)


async def _lesson(tx: Any, shown: dict[str, Any]) -> Any:
    from vtp.courses.outline_store import find_lesson

    return await find_lesson(tx, shown["course_id"], shown["id"])


async def test_a_changed_rule_moves_what_nobody_has_moved(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    made = await series(api, course, teacher)
    first, second, third, fourth, fifth = await lessons_of(api, course, teacher)
    elsewhen = datetime.now(UTC) + timedelta(days=11)
    times = {"starts_at": elsewhen.isoformat(), "ends_at": (elsewhen + timedelta(hours=1)).isoformat()}
    moved = await change(api, f"{course}/lessons/{second['id']}", teacher, **times)
    assert (moved["touched"], moved["occurrence"]) == (True, second["occurrence"])
    await change(api, f"{course}/lessons/{third['id']}", teacher, cancelled=True)
    assert (await api.call("DELETE", f"{BASE}/{course}/lessons/{fourth['id']}", by=teacher)).status == 204
    await change(api, f"{course}/lessons/{fifth['id']}", teacher, title="Exam")
    changed = await change(
        api,
        f"{course}/schedules/{made['id']}",
        teacher,
        first_start=wall(3, 10),
        title="Light",
        duration_minutes=90,
    )
    assert changed["skipped"] == [wall(3 + 21, 10)]
    after = {one["id"]: one for one in await lessons_of(api, course, teacher)}
    assert fourth["id"] not in after and len(after) == 4
    assert local(after[first["id"]]["starts_at"]) == wall(3, 10)
    assert local(after[first["id"]]["ends_at"])[11:] == "11:30"
    assert datetime.fromisoformat(after[second["id"]]["starts_at"]) == elsewhen, "as somebody said"
    assert after[third["id"]]["cancelled"] and local(after[third["id"]]["starts_at"]) == wall(2 + 14)
    assert local(after[fifth["id"]]["starts_at"]) == wall(3 + 28, 10)
    assert [after[one["id"]]["title"] for one in (first, second, fifth)] == ["Light", "Light", "Exam"]
    await change(api, f"{course}/schedules/{made['id']}", teacher, rule="FREQ=WEEKLY;COUNT=7")
    longer = await lessons_of(api, course, teacher)
    assert [local(one["starts_at"]) for one in longer if one["id"] not in after] == [
        wall(3 + 35, 10),
        wall(3 + 42, 10),
    ]
    gone = await api.call("DELETE", f"{BASE}/{course}/schedules/{made['id']}", by=teacher)
    assert gone.status == 204
    assert await lessons_of(api, course, teacher) == []


async def test_a_class_that_was_put_off_or_held_before_its_time_does_not_move_the_others(
    api: Api, teacher: Person, course: str
) -> None:
    made = await series(api, course, teacher, rule="FREQ=WEEKLY;COUNT=6", first_start=wall(-5))
    path = f"{course}/schedules/{made['id']}"
    begun, second, third, *rest = await lessons_of(api, course, teacher)
    later, earlier = datetime.now(UTC) + timedelta(days=1), datetime.now(UTC) - timedelta(hours=5)
    for one, start in ((begun, later), (second, earlier)):
        times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}
        await change(api, f"{course}/lessons/{one['id']}", teacher, **times)
    await change(api, path, teacher, duration_minutes=90)
    after = {one["id"]: one for one in await lessons_of(api, course, teacher)}
    assert len(after) == 6, "neither more nor fewer"
    for one, start in ((begun, later), (second, earlier)):
        assert datetime.fromisoformat(after[one["id"]]["starts_at"]) == start
        assert after[one["id"]]["occurrence"] == one["occurrence"]
    for one in (third, *rest):
        assert local(after[one["id"]]["starts_at"]) == one["occurrence"] == after[one["id"]]["occurrence"]
        assert datetime.fromisoformat(after[one["id"]]["ends_at"]) - datetime.fromisoformat(
            one["starts_at"]
        ) == timedelta(minutes=90)


async def test_a_series_that_is_changed_on_the_day_of_a_class_after_it_has_no_class_more(
    api: Api, teacher: Person, course: str
) -> None:
    made = await series(api, course, teacher, rule="FREQ=WEEKLY;COUNT=4")
    held, *_ = before = await lessons_of(api, course, teacher)
    service = api.server.services.courses.schedules
    service._clock = lambda: datetime.fromisoformat(held["starts_at"]) + timedelta(hours=2)
    for first, classes in (
        (wall(2, 18), [(2, 8), (9, 18), (16, 18), (23, 18)]),
        (wall(2, 20), [(2, 8), (9, 20), (16, 20), (23, 20)]),
    ):
        await change(api, f"{course}/schedules/{made['id']}", teacher, first_start=first)
        after = await lessons_of(api, course, teacher)
        assert [one["id"] for one in after] == [one["id"] for one in before]
        assert [local(one["starts_at"]) for one in after] == [wall(*one) for one in classes]


async def test_the_class_of_a_day_whose_changed_hour_is_over_stays_as_it_was(
    api: Api, teacher: Person, course: str
) -> None:
    """It would be lost, or in the past; with the others nothing is made or taken away."""
    made = await series(api, course, teacher, rule="FREQ=WEEKLY;COUNT=4", first_start=wall(-5, 8))
    _, today, *_ = before = await lessons_of(api, course, teacher)
    service = api.server.services.courses.schedules
    start = datetime.fromisoformat(today["starts_at"])
    for hours, wish, classes in (
        (-1, {"first_start": wall(-5, 6)}, [(-5, 8), (2, 8), (9, 6), (16, 6)]),
        (-1, {"duration_minutes": 30}, [(-5, 8), (2, 8), (9, 6), (16, 6)]),
        (-1, {"first_start": wall(-5, 9)}, [(-5, 8), (2, 9), (9, 9), (16, 9)]),
        (3, {"first_start": wall(-5, 12)}, [(-5, 8), (2, 9), (9, 12), (16, 12)]),
    ):
        service._clock = partial(start.__add__, timedelta(hours=hours))
        await change(api, f"{course}/schedules/{made['id']}", teacher, **wish)
        after = await lessons_of(api, course, teacher)
        assert [local(one["starts_at"]) for one in after] == [wall(*one) for one in classes], wish
        assert [one["id"] for one in after] == [one["id"] for one in before]


@pytest.mark.parametrize(
    ("hour", "moved"),
    [
        (10, [(3, 10), (9, 10), (10, 10)]),
        (11, [(3, 11), (9, 11), (10, 11)]),
        (14, [(2, 14), (3, 14), (9, 14), (10, 14)]),
    ],
)
async def test_a_class_of_another_day_whose_place_is_over_moves_on_with_the_others(
    api: Api, teacher: Person, course: str, hour: int, moved: list[tuple[int, int]]
) -> None:
    """From Thursdays and Fridays to Wednesdays and Thursdays, on a Wednesday at noon."""
    monday = 7 - datetime.now(BERLIN).weekday()

    def classes(*days: tuple[int, int]) -> list[str]:
        return [wall(monday + day, at) for day, at in days]

    rule = "FREQ=WEEKLY;COUNT=4;BYDAY="
    made = await series(api, course, teacher, rule=f"{rule}TH,FR", first_start=wall(monday, 10))
    before = await lessons_of(api, course, teacher)
    assert [local(one["starts_at"]) for one in before] == classes((3, 10), (4, 10), (10, 10), (11, 10))
    noon = datetime.fromisoformat(wall(monday + 2, 12)).replace(tzinfo=BERLIN).astimezone(UTC)
    api.server.services.courses.schedules._clock = lambda: noon
    wish = {"rule": f"{rule}WE,TH", "first_start": wall(monday, hour)}
    await change(api, f"{course}/schedules/{made['id']}", teacher, **wish)
    after = await lessons_of(api, course, teacher)
    assert [local(one["starts_at"]) for one in after] == classes(*moved)
    assert [one["occurrence"] for one in after] == classes(*moved)
    assert [one["id"] for one in after] == [one["id"] for one in before][: len(moved)]


async def test_a_rule_with_fewer_classes_leaves_what_was_moved_by_hand_where_it_is(
    api: Api, teacher: Person, course: str
) -> None:
    made = await series(api, course, teacher, rule="FREQ=WEEKLY")
    seen = await lessons_of(api, course, teacher)
    elsewhen = datetime.now(UTC) + timedelta(days=31)
    times = {"starts_at": elsewhen.isoformat(), "ends_at": (elsewhen + timedelta(hours=1)).isoformat()}
    moved = await change(api, f"{course}/lessons/{seen[4]['id']}", teacher, **times)
    await change(api, f"{course}/schedules/{made['id']}", teacher, rule="FREQ=WEEKLY;INTERVAL=2")
    after = {one["id"]: one for one in await lessons_of(api, course, teacher)}
    fortnights = {seen[n]["id"]: wall(2 + 14 * n) for n in range(4)}
    assert {id_: one["occurrence"] for id_, one in after.items()} == {**fortnights, moved["id"]: None}
    assert after[moved["id"]]["starts_at"] == moved["starts_at"]


async def test_what_cannot_be_a_series_is_refused_by_its_field(
    api: Api, teacher: Person, course: str
) -> None:
    for wrong, pointer in (
        ({"rule": "FREQ=YEARLY"}, "/rule"),
        ({"rule": "FREQ=WEEKLY;UNTIL=20200101"}, "/rule"),
        ({"rule": "FREQ=WEEKLY;UNTIL=00010101T000000Z", "time_zone": "America/New_York"}, "/rule"),
        ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"first_start": "2026-10-05T08:00:00Z"}, "/first_start"),
        ({"first_start": "1926-10-05T08:00"}, "/first_start"),
        ({"duration_minutes": 0}, "/duration_minutes"),
        ({"section_id": "x"}, "/section_id"),
    ):
        wish = {
            "title": "x",
            "rule": "FREQ=WEEKLY",
            "time_zone": "UTC",
            "first_start": wall(2),
            "duration_minutes": 45,
            **wrong,
        }
        answer = await api.call("POST", f"{BASE}/{course}/schedules", wish, by=teacher)
        assert (answer.status, answer.pointers) == (422, [pointer]), wrong


async def test_people_are_told_of_classes_by_the_clocks_of_their_series(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    async def last() -> str:
        return str((await told(api, pupil))[0]["text"])

    alone = {
        "kind": "live",
        "title": "Alone",
        "starts_at": f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}T08:00Z",
    }
    await api.call("POST", f"{BASE}/{course}/lessons", alone, by=teacher)
    assert (await last()).endswith(" 08:00 (UTC)"), "there is no series"
    made = await series(
        api, course, teacher, rule="FREQ=WEEKLY;COUNT=2", first_start=wall(2, 22), duration_minutes=180
    )
    evening = f"{wall(2, 22)} to {wall(3, 1)} (Europe/Berlin)".replace("T", " ")
    assert (await last()).splitlines()[0] == f"Optics: takes place, {evening}", "it ends on the next day"
    await series(api, course, teacher, rule="FREQ=WEEKLY;COUNT=1", time_zone="America/New_York")
    [lesson, second] = [
        one for one in await lessons_of(api, course, teacher) if one["schedule_id"] == made["id"]
    ]
    start = datetime.fromisoformat(lesson["starts_at"]) - timedelta(hours=2)
    times = {"starts_at": start.isoformat(), "ends_at": (start + timedelta(hours=1)).isoformat()}
    path = f"{course}/lessons/{lesson['id']}"
    await change(api, path, teacher, **times)
    day = wall(2)[:10]
    assert await last() == f"Optics: is moved, {day} 20:00 to 21:00 (Europe/Berlin)"
    await change(api, path, teacher, cancelled=True)
    assert await last() == f"Optics: does not take place, {day} 20:00 to 21:00 (Europe/Berlin)"
    assert (await api.call("DELETE", f"{BASE}/{course}/schedules/{made['id']}", by=teacher)).status == 204
    evening = f"{wall(9, 22)} to {wall(10, 1)} (Europe/Berlin)".replace("T", " ")
    assert second["occurrence"] == wall(9, 22)
    assert await last() == f"Optics: does not take place, {evening}"


async def calendar_at(api: Api, url: str) -> Any:
    answer = await api.call("GET", url[url.index("/api/") :])
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8"), answer
    return answer.body


def events(text: str) -> dict[str, dict[str, Any]]:
    """What the `icalendar` library reads, by UID."""
    read = Calendar.from_ical(text)
    return {
        str(one["uid"]): {
            "summary": str(one["summary"]),
            "start": one.decoded("dtstart"),
            "end": one.decoded("dtend"),
            "sequence": one.decoded("sequence"),
            "status": str(one["status"]),
        }
        for one in read.walk("VEVENT")
    }


def events_by_ics(text: str) -> dict[str, dict[str, Any]]:
    """The same as `ics` reads it, which shares no code with the library that wrote it."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own parser's
        import ics  # type: ignore[import-untyped]

        read = ics.Calendar(text)
    return {
        one.uid: {
            "summary": one.name,
            "start": one.begin.datetime.astimezone(UTC),
            "end": one.end.datetime.astimezone(UTC),
            "status": one.status,
        }
        for one in read.events
    }


async def test_a_calendar_shows_what_its_owner_sees_to_two_foreign_readers(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    await series(api, course, teacher, title="Übung: Licht, Farben; 1")
    other = await make_course(api, teacher)
    await series(api, other, teacher)
    first, second, *_ = await lessons_of(api, course, teacher)
    await change(api, f"{course}/lessons/{first['id']}", teacher, cancelled=True)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=12)
    times = {"starts_at": later.isoformat(), "ends_at": (later + timedelta(hours=1)).isoformat()}
    await change(api, f"{course}/lessons/{second['id']}", teacher, **times)
    hidden = {"kind": "live", "title": "Hidden", "published": False, **times}
    assert (await api.call("POST", f"{BASE}/{course}/lessons", hidden, by=teacher)).status == 201
    urls = {}
    for who, wish in ((pupil, {}), (teacher, {"course_id": course}), (teacher, {})):
        made = await api.call("POST", CALENDARS, wish, by=who)
        assert made.status == 201, made
        urls[who.user_id, len(wish)] = made.body["url"]
    text = await calendar_at(api, urls[pupil.user_id, 0])
    seen, as_ics = events(text), events_by_ics(text)
    expected = {one["id"]: one for one in await lessons_of(api, course, pupil)}
    assert seen.keys() == as_ics.keys() == expected.keys() and len(seen) == 5
    for id_, one in expected.items():
        start, end = (datetime.fromisoformat(one[name]) for name in ("starts_at", "ends_at"))
        status = "CANCELLED" if one["cancelled"] else "CONFIRMED"
        summary = "PHY-101: Übung: Licht, Farben; 1"
        for found in (seen[id_], as_ics[id_]):
            assert (found["start"], found["end"]) == (start, end)
            assert (found["status"], found["summary"]) == (status, summary)
    sequences = {id_: one["sequence"] for id_, one in seen.items()}
    assert [sequences[first["id"]], sequences[second["id"]]] == [1, 1]
    assert sorted(sequences.values()) == [0, 0, 0, 1, 1]
    assert len(events(await calendar_at(api, urls[teacher.user_id, 1]))) == 6, "staff see what is hidden"
    assert len(events(await calendar_at(api, urls[teacher.user_id, 0]))) == 11, "of both courses"
    assert (await api.call("DELETE", f"{BASE}/{course}/enroll/{pupil.user_id}", by=teacher)).status == 200
    assert events(await calendar_at(api, urls[pupil.user_id, 0])) == {}


async def test_an_administrator_follows_any_course_and_a_copy_says_what_it_has_not(
    api: Api, teacher: Person
) -> None:
    admin, course = await api.person("admin"), await make_course(api, teacher)
    await series(api, course, teacher)
    urls = [
        (await api.call("POST", CALENDARS, wish, by=admin)).body["url"]
        for wish in ({"course_id": course}, {})
    ]
    assert len(events(await calendar_at(api, urls[0]))) == 5
    assert events(await calendar_at(api, urls[1])) == {}, "of their own there are none"
    term = {"semester": "s", "year": 2027}
    copy = (await api.call("POST", f"{BASE}/{course}/copy", term, by=teacher)).body
    assert copy["schedules_left_out"] == 1
    assert (await api.call("GET", f"{BASE}/{copy['id']}/schedules", by=teacher)).body["items"] == []


async def test_more_lessons_than_a_mail_carries_are_counted_in_it(mailed: Api, mailbox: Mailbox) -> None:
    teacher = await mailed.person("teacher")
    course = await make_course(mailed, teacher)
    await series(mailed, course, teacher, rule="FREQ=DAILY;COUNT=25")
    mail = await mailbox.next_to(teacher.email, "25 lessons")
    assert len({str(event["uid"]) for _, _, event in carried(mail)}) == 20
    part = mail.get_body(("plain",))
    assert part is not None
    text = str(part.get_content())
    assert text.count("takes place") == 20
    assert "and 5 more" in text
    assert f"/courses/{course}" in text


async def test_a_calendars_address_is_secret_and_can_be_renewed(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    made = (await api.call("POST", CALENDARS, {"course_id": course}, by=pupil)).body
    again = (await api.call("POST", CALENDARS, {"course_id": course}, by=pupil)).body
    assert made["id"] == again["id"] and made["url"] != again["url"]
    old = await api.call("GET", made["url"][made["url"].index("/api/") :])
    assert (old.status, old.body["code"]) == (404, "no_such_calendar")
    assert "feed/[token]" in old.body["instance"], "no log has it"
    await calendar_at(api, again["url"])
    listed = (await api.call("GET", CALENDARS, by=pupil)).body["items"]
    assert [(one["id"], "url" in one) for one in listed] == [(made["id"], False)]
    both = await asyncio.gather(*(api.call("POST", CALENDARS, {}, by=pupil) for _ in range(6)))
    assert [one.status for one in both] == [201] * 6, both
    assert len({one.body["id"] for one in both}) == 1, "of however many calls at once"
    outsider = await student(api, "outsider")
    assert (await api.call("POST", CALENDARS, {"course_id": course}, by=outsider)).status == 403
    assert (await api.call("POST", CALENDARS, {"course_id": "x"}, by=pupil)).status == 422
    assert (await api.call("DELETE", f"{CALENDARS}/{made['id']}", by=outsider)).status == 404
    assert (await api.call("DELETE", f"{CALENDARS}/{made['id']}", by=pupil)).status == 204
    assert (await api.call("GET", again["url"][again["url"].index("/api/") :])).status == 404


def carried(message: Any) -> list[tuple[str, str, Any]]:
    """What a mail carries for calendars: method of the part and of what is in it, and its one event."""
    found = []
    for part in message.walk():
        if part.get_content_type() in ("text/calendar", "application/ics"):
            text = part.get_content()
            read = Calendar.from_ical(text)
            [event] = read.walk("VEVENT")
            said = part.get_param("method") or ""
            found.append((said, str(read["method"]), event))
    return found


async def test_invitations_and_changes_come_by_mail_under_one_uid(mailed: Api, mailbox: Mailbox) -> None:
    api = mailed
    teacher, pupil = await api.person("teacher"), await api.person("student")
    course = await make_course(api, teacher)
    await enrol(api, course, pupil)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    wish = {"kind": "live", "title": "Lenses", "starts_at": start.isoformat()}
    lesson = (await api.call("POST", f"{BASE}/{course}/lessons", wish, by=teacher)).body
    path = f"{course}/lessons/{lesson['id']}"
    steps: list[tuple[dict[str, Any], str, int, str]] = [
        ({}, "REQUEST", 0, "takes place"),
        ({"starts_at": (start + timedelta(hours=2)).isoformat()}, "REQUEST", 1, "is moved"),
        ({"cancelled": True}, "CANCEL", 2, "does not take place"),
        ({"cancelled": False}, "REQUEST", 3, "takes place after all"),
        ({"starts_at": None}, "CANCEL", 4, "does not take place"),
        ({"starts_at": start.isoformat()}, "REQUEST", 5, "takes place"),
    ]
    for wanted, method, sequence, words in steps:
        if wanted:
            await change(api, path, teacher, **wanted)
        mail = await mailbox.next_to(pupil.email, "Lenses")
        assert words in str(mail["Subject"])
        alternative, attached = carried(mail)
        assert (alternative[0], alternative[1], attached[1]) == (method, method, method)
        event = alternative[2]
        assert (str(event["uid"]), int(event["sequence"])) == (lesson["id"], sequence)
        assert str(event["attendee"]).lower() == f"mailto:{pupil.email}"
        assert str(event["organizer"]) == "mailto:school@school.example"
        assert str(event["status"]) == ("CANCELLED" if method == "CANCEL" else "CONFIRMED")
    await change(api, path, teacher, description="Bring paper.")
    assert (await api.call("DELETE", f"{BASE}/{path}", by=teacher)).status == 204
    mail = await mailbox.next_to(pupil.email, "Lenses")
    assert [(one[1], int(one[2]["sequence"])) for one in carried(mail)] == [("CANCEL", 6)] * 2, (
        "and no mail of a description"
    )
    await series(api, course, teacher)
    mail = await mailbox.next_to(pupil.email, "5 lessons")
    assert len({str(event["uid"]) for _, _, event in carried(mail)}) == 5, "one mail for all of them"
    await change(api, course, teacher, mail_lessons=False)
    await series(api, course, teacher)
    services = api.server.services
    admin = await api.person("admin")
    listed = (await api.call("GET", "/api/v1/mails", by=admin)).body["items"]
    assert sum(one["kind"] == "lesson" for one in listed) == 2 * 8, "the course said no more"
    await change(api, course, teacher, mail_lessons=True)
    assert (await api.call("DELETE", f"{BASE}/{course}", by=teacher)).status == 200
    mail = await mailbox.next_to(pupil.email, "10 lessons")
    assert {method for _, method, _ in carried(mail)} == {"CANCEL"}, "a course that is no more"
    assert services.mails.numbers()["failed"] == 0
