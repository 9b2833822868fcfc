"""Sections, lessons and announcements: in their order, hidden until they are released."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.course_material import BASE, add_lesson, add_section, make_course
from tests.serving import Api, Person
from vtp.courses import outline_schemas
from vtp.courses.store import lock_course
from vtp.ids import new_id


async def titles(api: Api, path: str, by: Person, query: str = "") -> list[str]:
    answer = await api.call("GET", f"{BASE}/{path}?{query}", by=by)
    assert answer.status == 200, answer
    return [one["title"] for one in answer.body["items"]]


@pytest.mark.both_databases
async def test_lessons_come_in_the_order_of_the_course_page_by_page(
    api: Api, teacher: Person, course: str
) -> None:
    first = await add_section(api, course, teacher, title="Lenses")
    second = await add_section(api, course, teacher, title="Mirrors")
    made = {}
    for title, section in (("c", second), ("a", None), ("b", first), ("d", second), ("e", second)):
        made[title] = await add_lesson(api, course, teacher, title=title, section_id=section)
    assert await titles(api, f"{course}/lessons", teacher) == ["a", "b", "c", "d", "e"]
    assert await titles(api, f"{course}/lessons", teacher, f"section_id={second}") == ["c", "d", "e"]
    assert await titles(api, f"{course}/lessons", teacher, "kind=live") == []
    seen: list[str] = []
    cursor = ""
    while True:
        page = await api.call("GET", f"{BASE}/{course}/lessons?limit=2{cursor}", by=teacher)
        seen += [one["title"] for one in page.body["items"]]
        if page.body["next_cursor"] is None:
            break
        cursor = f"&cursor={page.body['next_cursor']}"
    assert seen == ["a", "b", "c", "d", "e"]
    sections = await api.call("GET", f"{BASE}/{course}/sections?limit=1", by=teacher)
    rest = f"cursor={sections.body['next_cursor']}"
    assert await titles(api, f"{course}/sections", teacher, rest) == ["Mirrors"]
    order = {
        "lessons": [made["e"]],
        "sections": [
            {"id": second, "lessons": [made["d"], made["a"]]},
            {"id": first.upper(), "lessons": [made["c"], made["b"]]},
        ],
    }
    assert (await api.call("PUT", f"{BASE}/{course}/order", order, by=teacher)).status == 204
    assert await titles(api, f"{course}/lessons", teacher) == ["e", "d", "a", "c", "b"]
    assert await titles(api, f"{course}/sections", teacher) == ["Mirrors", "Lenses"]
    for wrong in (
        {"sections": order["sections"]},
        {**order, "lessons": [made["e"], made["e"]]},
        {**order, "lessons": [new_id()]},
        {"lessons": list(made.values()), "sections": [{"id": first}]},
    ):
        stale = await api.call("PUT", f"{BASE}/{course}/order", wrong, by=teacher)
        assert (stale.status, stale.body["code"]) == (409, "outline_changed"), wrong
    moved = await api.call("PATCH", f"{BASE}/{course}/lessons/{made['d']}", {"section_id": first}, by=teacher)
    assert (moved.status, moved.body["position"]) == (200, 2)
    assert (await api.call("DELETE", f"{BASE}/{course}/sections/{first}", by=teacher)).status == 204
    assert set(await titles(api, f"{course}/lessons", teacher)) == set("abcde"), "lessons stay"
    for cursor in ("W10", "WzEsMl0", "eyJhIjoxfQ"):
        for name in ("lessons", "sections"):
            wrong_page = await api.call("GET", f"{BASE}/{course}/{name}?cursor={cursor}", by=teacher)
            assert wrong_page.status == 422, (name, cursor)


async def test_students_see_what_is_released_and_staff_everything(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    now = datetime.now(UTC)
    past, future = ((now + timedelta(hours=n)).isoformat() for n in (-1, 1))
    shown = await add_section(api, course, teacher, title="shown", release_at=past)
    later = await add_section(api, course, teacher, title="later", release_at=future)
    hidden = await add_section(api, course, teacher, title="hidden", published=False)
    wishes: dict[str, dict[str, Any]] = {
        "open": {"section_id": shown},
        "due": {"release_at": past},
        "unpublished": {"published": False},
        "future": {"release_at": future, "section_id": shown},
        "in later": {"section_id": later},
        "in hidden": {"section_id": hidden, "release_at": past},
    }
    made = {
        title: await add_lesson(api, course, teacher, title=title, **wish) for title, wish in wishes.items()
    }
    assert await titles(api, f"{course}/lessons", pupil) == ["due", "open"]
    assert await titles(api, f"{course}/sections", pupil) == ["shown"]
    assert len(await titles(api, f"{course}/lessons", teacher)) == len(made)
    for title, lesson in made.items():
        at = f"{BASE}/{course}/lessons/{lesson}"
        mine = await api.call("GET", at, by=pupil)
        assert mine.status == (200 if title in ("due", "open") else 403), title
        assert (await api.call("GET", at, by=teacher)).status == 200
    assert (await api.call("GET", f"{BASE}/{course}/sections/{shown}", by=pupil)).status == 200
    for section in (later, hidden):
        answer = await api.call("GET", f"{BASE}/{course}/sections/{section}", by=pupil)
        assert (answer.status, answer.body["code"]) == (403, "not_released")
    opened = await api.call("PATCH", f"{BASE}/{course}/sections/{later}", {"release_at": None}, by=teacher)
    assert opened.body["release_at"] is None
    assert await titles(api, f"{course}/lessons", pupil) == ["due", "open", "in later"]
    outsider = await api.person("student", "outsider@school.example")
    for path in ("lessons", f"lessons/{made['open']}", "sections", f"sections/{shown}", "announcements"):
        assert (await api.call("GET", f"{BASE}/{course}/{path}", by=outsider)).status == 403, path


@pytest.mark.both_databases
async def test_when_a_lesson_was_changed_does_not_go_backwards(
    api: Api, teacher: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = f"{BASE}/{course}/lessons/{await add_lesson(api, course, teacher)}"
    lessons, database = api.server.services.courses.lessons, api.server.services.database
    first = datetime.now(UTC).replace(microsecond=0)
    clock, asked = [first], asyncio.Event()

    def ask() -> datetime:
        asked.set()
        return clock[0]

    monkeypatch.setattr(lessons, "_clock", ask)

    async def changed_at(title: str) -> datetime:
        answer = await api.call("PATCH", at, {"title": title}, by=teacher)
        assert (answer.status, answer.body["title"]) == (200, title)
        return datetime.fromisoformat(answer.body["updated_at"])

    async with database.transaction() as tx:
        await lock_course(tx, course)
        waits = asyncio.create_task(changed_at("Waits"))
        await asked.wait()
        clock[0] = later = first + timedelta(minutes=1)
    assert await waits == later, "when it was written"
    clock[0] = first
    assert await changed_at("By another server, whose clock is slow") == later


@pytest.mark.both_databases
async def test_of_two_who_change_a_lesson_at_once_one_is_refused(
    api: Api, teacher: Person, course: str
) -> None:
    lesson, section = await add_lesson(api, course, teacher), await add_section(api, course, teacher)
    told = {"title": "Hello", "body": "Welcome"}
    news = await api.call("POST", f"{BASE}/{course}/announcements", told, by=teacher)
    for path in (f"lessons/{lesson}", f"sections/{section}", f"announcements/{news.body['id']}"):
        at = f"{BASE}/{course}/{path}"
        tag = {"If-Match": (await api.call("GET", at, by=teacher)).headers["ETag"]}
        wishes = ({"title": "One"}, {"title": "Two"})
        both = await asyncio.gather(
            *(api.call("PATCH", at, wish, by=teacher, headers=tag) for wish in wishes)
        )
        assert sorted(one.status for one in both) == [200, 412], path
        [won] = [one for one in both if one.status == 200]
        assert (await api.call("GET", at, by=teacher)).headers["ETag"] == won.headers["ETag"]
        null = await api.call("PATCH", at, {"title": None}, by=teacher)
        assert (null.status, null.pointers) == (422, ["/title"])


async def test_what_cannot_be_is_refused(
    api: Api, teacher: Person, course: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await make_course(api, teacher)
    elsewhere = await add_section(api, other, teacher)
    lessons = f"{BASE}/{course}/lessons"
    live = {"kind": "live", "title": "Class", "starts_at": "2026-03-01T10:00:00+01:00"}
    for wish, pointers in (
        ({"kind": "song", "title": "\n"}, ["/kind", "/title"]),
        ({"kind": "live", "title": "x", "section_id": elsewhere}, ["/section_id"]),
        ({"kind": "live", "title": "x", "section_id": "nothing"}, ["/section_id"]),
        ({**live, "kind": "material"}, ["/starts_at"]),
        ({**live, "ends_at": "2026-03-01T09:00:00Z"}, ["/ends_at"]),
        ({**live, "starts_at": "2026-03-01T09:00:00"}, ["/starts_at"]),
        ({**live, "starts_at": "0001-01-01T00:00:00+14:00"}, ["/starts_at"]),
        ({"kind": "live", "title": "x", "ends_at": "2026-03-01T09:00:00Z"}, ["/ends_at"]),
    ):
        answer = await api.call("POST", lessons, wish, by=teacher)
        assert (answer.status, answer.pointers) == (422, pointers), wish
    made = await api.call("POST", lessons, {**live, "ends_at": "2026-03-01T09:30:00Z"}, by=teacher)
    assert made.body["starts_at"] == "2026-03-01T09:00:00Z"
    at = f"{lessons}/{made.body['id']}"
    early = await api.call("PATCH", at, {"ends_at": "2026-03-01T08:00:00Z"}, by=teacher)
    assert (early.status, early.pointers) == (422, ["/ends_at"])
    assert (await api.call("GET", f"{BASE}/{other}/lessons/{made.body['id']}", by=teacher)).status == 404
    assert (await api.call("DELETE", at, by=teacher)).status == 204
    assert (await api.call("GET", at, by=teacher)).body["code"] == "no_such_lesson"
    monkeypatch.setattr("vtp.courses.lessons.MAX_LESSONS", 0)
    monkeypatch.setattr("vtp.courses.sections.MAX_SECTIONS", 0)
    for name, wish in (("lessons", {"kind": "live", "title": "x"}), ("sections", {"title": "x"})):
        full = await api.call("POST", f"{BASE}/{course}/{name}", wish, by=teacher)
        assert (full.status, full.body["code"]) == (409, f"too_many_{name}")
    assert outline_schemas.MAX_LESSONS >= 500


async def test_announcements_are_read_by_the_course_newest_first(
    api: Api, teacher: Person, pupil: Person, course: str
) -> None:
    at = f"{BASE}/{course}/announcements"
    for title in ("One", "Two"):
        made = await api.call("POST", at, {"title": title, "body": "a\nb"}, by=teacher)
        assert (made.status, made.body["author_name"]) == (201, "Teacher")
    assert await titles(api, f"{course}/announcements", pupil) == ["Two", "One"]
    assert (await api.call("POST", at, {"title": "Three"}, by=pupil)).status == 403
    one = f"{at}/{made.body['id']}"
    assert (await api.call("DELETE", one, by=pupil)).status == 403
    assert (await api.call("DELETE", one, by=teacher)).status == 204
    assert await titles(api, f"{course}/announcements", pupil) == ["One"]
    assert (await api.call("GET", one, by=pupil)).status == 404
