"""Every revision that was ever on main, with rows in all its tables, is brought up to date and served."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, insert, select, text

from tests.filled import contents, fill
from tests.serving import serving
from vtp.accounts.tables import audit_log, users
from vtp.courses.check import differing_students
from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.store import status_since
from vtp.courses.tables import course_enrollments, course_permissions, course_sections, courses, lessons
from vtp.coursework.check import differing_settled
from vtp.coursework.tables import coursework_files, materials, submissions
from vtp.db import Database
from vtp.db.migrations import current_revision, known_revisions, migrate
from vtp.db.types import UtcDateTime
from vtp.notifications.tables import news
from vtp.recording.tables import recording_progress

COURSES = "/api/v1/courses"
KEYS = {"users": "id", "account_tokens": "token_hash", "invitations": "id"}
"""The tables with addresses in them that somebody is found by."""
MOVED = {
    "recording_progress": {"completed_at"},
    "courses": {"students"},
    "course_enrollments": {"status", "enrolled_at"},
}
"""Columns that are kept in others by now, are counted anew, or change for who waits and is a student by right
(see `test_students_by_right_have_a_place_after_the_upgrade`)."""

RECENT = 5  # revisions that `make test` begins from, beside the first; those between change no more


def revisions() -> list[Any]:
    """All, the older ones but the first in the long tests."""
    first, *others = known_revisions()
    old, recent = others[:-RECENT], others[-RECENT:]
    return [first, *(pytest.param(one, marks=pytest.mark.long) for one in old), *recent]


@pytest.mark.drawn(2)
@pytest.mark.parametrize("revision", revisions())
async def test_rows_of_each_revision_survive_the_upgrade_and_are_served(
    empty_database_url: str, tmp_path: Path, revision: str
) -> None:
    old = Database.connect(empty_database_url)

    def migrate_to(connection: Connection) -> None:
        migrate(connection, old.url.dialect, to=revision)

    if old.url.dialect.value == "sqlite":
        old.url.file.touch()
    async with old.transaction() as tx:
        await tx.run_sync(migrate_to)
        assert await tx.run_sync(current_revision) == revision
        counts = await fill(tx)
        whole = await contents(tx)
        names = {
            table: [name for name in columns if name not in MOVED.get(table, ())]
            for table, (columns, _) in whole.items()
        }
        before = await contents(tx, names)
    await old.close()
    assert all(len(rows) == counts[table] > 0 for table, (_, rows) in before.items())

    new = await Database.open(empty_database_url)
    async with new.read() as tx:
        assert await tx.run_sync(current_revision) == known_revisions()[-1]
        after = await contents(tx, names)
    await new.close()
    for table, (_, rows) in before.items():
        assert after[table][1] == rows, table

    async with serving(tmp_path / "data", empty_database_url) as api:
        admin = await api.person("admin", "head@school.example")
        for path in ("/api/v1/rooms", "/api/v1/users", "/api/v1/recordings", "/api/v1/webhooks", COURSES):
            answer = await api.call("GET", path, by=admin)
            assert (path, answer.status) == (path, 200), answer.body
        people = await api.call("GET", "/api/v1/users", by=admin)
        assert len(people.body["items"]) == counts["users"] + 1


@pytest.mark.drawn(1)
async def test_addresses_get_their_one_spelling_and_so_do_links_under_way_to_them(
    empty_database_url: str,
) -> None:
    """But for one whose spelling somebody else has, and for what is no name."""
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    changed = {
        "a@xn--strae-oqa.example": "a@straße.example",
        "jose\u0301@school.example": "jos\u00e9@school.example",
        "d@\uff53\uff43\uff48\uff4f\uff4f\uff4c.example": "d@school.example",
    }
    kept = ["b@xn--schle-mva.example", "b@schüle.example", "c@xn--a.example"]
    written = [*changed, *kept]
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0009"))
        await fill(tx, len(written))
        for table, key in KEYS.items():
            rows = (await tx.execute(text(f"SELECT {key} FROM {table} ORDER BY {key}"))).scalars()
            for row, email in zip(list(rows), written, strict=True):
                change = text(f"UPDATE {table} SET email = :email WHERE {key} = :key")
                await tx.execute(change, {"email": email, "key": row})
    await database.migrate()
    async with database.read() as tx:
        for table, key in KEYS.items():
            found = (await tx.execute(text(f"SELECT email FROM {table} ORDER BY {key}"))).scalars()
            assert list(found) == [*changed.values(), *kept], table
    await database.close()


@pytest.mark.drawn(1)
async def test_who_had_completed_a_recording_had_nine_tenths_of_it_then(empty_database_url: str) -> None:
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    at = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0033"))
        await fill(tx, 31, {"users": 40, "recording_progress": 1200})  # 40 × 31 can watch
        none = text("UPDATE recording_progress SET completed_at = NULL WHERE watched_ms % 2 = 0")
        await tx.execute(none)
        others = text("UPDATE recording_progress SET completed_at = :at WHERE watched_ms % 2 = 1")
        await tx.execute(others.bindparams(bindparam("at", type_=UtcDateTime())), {"at": at})
    await database.migrate()
    async with database.read() as tx:
        c = recording_progress.c
        rows = (await tx.execute(select(c.watched_ms, c.reached))).all()
    assert len(rows) == 1200 and {row.watched_ms % 2 for row in rows} == {0, 1}
    expected = [[900, int(at.timestamp() * 1000)]]
    assert all(row.reached == (expected if row.watched_ms % 2 else []) for row in rows)
    await database.close()


@pytest.mark.drawn(1)
async def test_what_has_its_grade_waits_for_none_after_the_upgrade(empty_database_url: str) -> None:
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0040"))
        await fill(tx, 40)
        for statement in (
            "UPDATE submissions SET group_id = NULL WHERE attempt % 4 <> 0",
            "UPDATE grades SET centipoints = NULL WHERE version % 3 = 0",
            "UPDATE grades SET released_at = NULL WHERE version % 5 = 0",
        ):
            await tx.execute(text(statement))
    await database.migrate()
    async with database.read() as tx:
        assert [one async for one in differing_settled(tx)] == []
        c = submissions.c
        found = {(bool(row[0]), row[1] is None) for row in await tx.execute(select(c.settled, c.group_id))}
        assert found == {(True, True), (False, True), (False, False)}
    await database.close()


@pytest.mark.drawn(1)
async def test_of_what_students_see_they_were_told_before_the_upgrade(empty_database_url: str) -> None:
    """Else every class would be told anew of all that is planned."""
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    now = datetime.now(UTC)
    past, future = now - timedelta(days=1), now + timedelta(days=1)
    seen: dict[str, Any] = {"course_id": "active", "section_id": None, "kind": "live", "published": True}
    seen |= {"starts_at": future, "release_at": None, "cancelled_at": None}
    differing: dict[str, dict[str, Any]] = {
        "seen": {},
        "released": {"release_at": past},
        "within": {"section_id": "shown"},
        "later": {"release_at": future},
        "hidden": {"published": False},
        "in-hidden": {"section_id": "unseen"},
        "cancelled": {"cancelled_at": past},
        "of-draft": {"course_id": "draft"},
        "undated": {"starts_at": None},
        "material": {"kind": "material", "starts_at": None},
    }
    at = {"created_at": past, "updated_at": past}
    words: dict[str, Any] = {"title": "x", "description": "", "position": 0, **at}
    of_course: dict[str, Any] = dict.fromkeys(("code", "name", "description", "department", "semester"), "x")
    of_course |= {"year": 2026, "listed": True, "self_enrolment": True, "waiting_list": True, "version": 1}
    of_course |= {"lesson_opens_minutes": 1, "lesson_grace_minutes": 1, "mail_lessons": True, **at}
    of_course |= {"record_lessons": "by_hand", "publish_rule": "at_once"}
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0042"))
        for status in ("active", "draft"):
            await tx.execute(insert(courses).values({"id": status, "status": status, **of_course}))
        for name in ("shown", "unseen"):
            of_section = {"id": name, "course_id": "active", "published": name == "shown", **words}
            await tx.execute(insert(course_sections).values(of_section))
        for name, more in differing.items():
            row = {"id": name, "touched": False, "sequence": 0, **words, **seen, **more}
            await tx.execute(insert(lessons).values(row))
    await database.migrate()
    async with database.read() as tx:
        told = set((await tx.execute(select(lessons.c.id).where(lessons.c.told.is_(True)))).scalars())
    assert told == {"seen", "released", "within"}
    await database.close()


@pytest.mark.both_databases
async def test_of_files_that_students_do_not_see_they_are_told_after_the_upgrade(
    empty_database_url: str,
) -> None:
    """Of those that they see, or were told of, not: they have had them for long. Nor where the course is in
    the archive, or where a file is older than all news that are kept: what was told of it may be gone."""
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    now = datetime.now(UTC)
    past, future = now - timedelta(days=1), now + timedelta(days=1)
    before_news = past - timedelta(days=1)
    at = {"created_at": past, "updated_at": past}
    differing: dict[str, dict[str, Any]] = {
        "seen": {},
        "released": {"release_at": past},
        "of-shown": {"lesson_id": "shown"},
        "later": {"release_at": future},
        "hidden": {"published": False},
        "of-later": {"lesson_id": "later-lesson"},
        "in-hidden": {"lesson_id": "within"},
        "of-draft": {"course_id": "draft"},
        "of-told-draft": {"course_id": "told-draft"},
        "hidden-of-told-draft": {"course_id": "told-draft", "published": False},
        "told": {"published": False},
        "told-of-the-first": {"published": False, "versions": 2},
        "empty": {"published": False, "versions": 0},
        "of-archived": {"course_id": "archived"},
        "of-archived-told-of-the-first": {"course_id": "archived", "versions": 2},
        "older-than-news": {"published": False},
        "dated-older-than-news": {"release_at": future},
        "again-since": {"published": False, "versions": 2},
    }
    uploaded = dict.fromkeys(("older-than-news-1", "dated-older-than-news-1", "again-since-1"), before_news)
    words: dict[str, Any] = {"title": "x", "description": "", "published": True, "release_at": None, **at}
    of_course: dict[str, Any] = dict.fromkeys(("code", "name", "description", "department", "semester"), "x")
    of_course |= {"year": 2026, "listed": True, "self_enrolment": True, "waiting_list": True, "version": 1}
    of_course |= {"lesson_opens_minutes": 1, "lesson_grace_minutes": 1, "mail_lessons": True, **at}
    of_course |= {"record_lessons": "by_hand", "publish_rule": "at_once"}
    of_lesson = {"course_id": "active", "kind": "material", "touched": False, "sequence": 0, "told": False}
    of_file: dict[str, Any] = dict.fromkeys(("name", "media_type", "sha256"), "x")
    of_file |= {"course_id": "active", "state": "kept", "size_bytes": 1, "created_at": past}
    of_news = {"kind": "material_added", "title": "x", "text": "x", "link": "/", "context": "x", "at": past}
    once = ("told:1", "told-of-the-first:1", "of:told-draft", "of-archived-told-of-the-first:1")
    statuses = {"active": "active", "draft": "draft", "told-draft": "draft", "archived": "archived"}
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0043"))
        for name, status in statuses.items():
            await tx.execute(insert(courses).values({"id": name, "status": status, **of_course}))
        section = {"id": "unseen", "course_id": "active", "position": 0, **words, "published": False}
        await tx.execute(insert(course_sections).values(section))
        for name, more in (
            ("shown", {}),
            ("later-lesson", {"release_at": future}),
            ("within", {"section_id": "unseen"}),
        ):
            row = {"id": name, "position": 0, **words, **of_lesson, **more}
            await tx.execute(insert(lessons).values(row))
        for name, more in differing.items():
            row = {"id": name, "course_id": "active", "versions": 1, **words, **more}
            await tx.execute(insert(materials).values(row))
            for version in range(1, row["versions"] + 1):
                file = {"id": f"{name}-{version}", "material_id": name, "version": version, **of_file}
                file["created_at"] = uploaded.get(file["id"], past)
                await tx.execute(insert(coursework_files).values(file))
        for name in once:
            row = {"id": name, "once": f"material_added:{name}", **of_news}
            await tx.execute(insert(news).values(row))
    await database.migrate()
    async with database.read() as tx:
        found = set((await tx.execute(select(materials.c.id).where(materials.c.to_tell.is_(True)))).scalars())
    assert found == {
        "later",
        "hidden",
        "of-later",
        "in-hidden",
        "of-draft",
        "hidden-of-told-draft",
        "told-of-the-first",
        "again-since",
    }
    await database.close()


async def test_since_when_a_course_has_its_status_is_taken_from_the_log(empty_database_url: str) -> None:
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    words = dict.fromkeys(("code", "name", "description", "department", "semester"), "x")
    of_course: dict[str, Any] = {**words, "year": 2026, "listed": True, "self_enrolment": True}
    of_course |= {"waiting_list": True, "version": 1, "lesson_opens_minutes": 1, "lesson_grace_minutes": 1}
    of_course |= {"mail_lessons": True, "record_lessons": "by_hand", "publish_rule": "at_once"}
    of_course |= {"status": "active", "created_at": noon, "updated_at": noon}
    noted: list[tuple[str, str, dict[str, Any] | None]] = [
        ("given", "course_changed", {"fields": ["name", "status"]}),
        ("given", "course_changed", {"fields": ["status"]}),
        ("given", "course_changed", {"fields": ["name"], "name": "status"}),
        ("given", "course_created", {"fields": ["status"]}),
        ("never", "course_changed", {"did": "filed"}),
        ("never", "course_changed", None),
        ("gone", "course_changed", {"fields": ["status"]}),
    ]
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0043"))
        for name in ("given", "never"):
            await tx.execute(insert(courses).values({"id": name, **of_course}))
        for hours, (course, event, details) in enumerate(noted):
            entry = {"id": f"{hours:04}", "at": noon + timedelta(hours=hours), "event": event}
            await tx.execute(insert(audit_log).values(**entry, subject=f"course:{course}", details=details))
    await database.migrate()
    async with database.read() as tx:
        found = {name: await status_since(tx, name) for name in ("given", "never")}
    assert found == {"given": noon + timedelta(hours=1), "never": None}
    await database.close()


@pytest.mark.both_databases
async def test_students_by_right_have_a_place_after_the_upgrade(empty_database_url: str) -> None:
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    at = datetime.now(UTC)
    given_at = at + timedelta(days=1)
    times = {"created_at": at, "updated_at": at}
    of_course: dict[str, Any] = dict.fromkeys(("code", "name", "description", "department", "semester"), "x")
    of_course |= {"year": 2026, "listed": True, "self_enrolment": True, "waiting_list": True, "version": 1}
    of_course |= {"lesson_opens_minutes": 1, "lesson_grace_minutes": 1, "mail_lessons": True, **times}
    of_course |= {"record_lessons": "by_hand", "publish_rule": "at_once", "status": "active", "students": 4}
    # Of each: as what they are enrolled, the status of that, and what they were given.
    people: dict[str, tuple[str, str, str]] = {
        "enrolled": ("student", "active", ""),
        "helps": ("student", "active", "assistant"),
        "holds": ("student", "active", ""),
        "waits": ("student", "waiting", ""),
        "passed": ("student", "waiting", "student"),
        "given": ("", "", "student"),
        "watches": ("", "", "viewer"),
        "admin": ("", "", "student"),
        "was-staff": ("teacher", "active", "student"),
    }
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0045"))
        for name in people:
            account = {"id": name, "email": f"{name}@school.example", "full_name": name, "password_hash": "x"}
            role = "admin" if name == "admin" else "student"
            await tx.execute(insert(users).values(**account, role=role, watch_only=False, **times))
        await tx.execute(insert(courses).values(id="physics", instructor_id="holds", **of_course))
        for name, (role, status, given) in people.items():
            where = {"course_id": "physics", "user_id": name}
            if role:
                since = {"created_at": at, "enrolled_at": at if status == "active" else None}
                row = {"id": f"of-{name}", "role": role, "status": status, "source": "staff", **since}
                await tx.execute(insert(course_enrollments).values(**where, **row))
            if given:
                watches = given == "viewer"
                right: dict[str, Any] = {"role": "student" if watches else given, "watch_only": watches}
                right |= {"word": given, "granted_at": given_at}
                await tx.execute(insert(course_permissions).values(**where, **right))
    await database.migrate()
    async with database.read() as tx:
        c = course_enrollments.c
        placed = (await tx.execute(select(c.user_id, c.enrolled_at).where(IS_STUDENT))).all()
        assert {row.user_id: row.enrolled_at for row in placed} == {
            "enrolled": at,
            "passed": given_at,
            "given": None,
            "admin": None,
            "was-staff": at,
        }
        waiting = select(c.user_id).where(c.status == "waiting")
        assert list((await tx.execute(waiting)).scalars()) == ["waits"]
        assert [one async for one in differing_students(tx)] == []
        assert (await tx.execute(select(courses.c.students))).scalar_one() == 5
    await database.close()
