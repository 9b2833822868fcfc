"""Erasing a person: nothing in any table says who they were, and others keep what is theirs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.api.course_material import enrol, make_course
from tests.api.personal_material import ADA, Life, everything, leave_traces, zipped
from tests.serving import PASSWORD, Api, Person
from vtp.accounts.tables import audit_log, sessions, users
from vtp.accounts.users import lock_admins
from vtp.courses.store import lock_course
from vtp.db import Database
from vtp.db.tables import idempotency_keys
from vtp.errors import Unavailable
from vtp.own_data.holding import Deleted, Subject
from vtp.personal import erasure
from vtp.personal.erasure import RETENTION, Erasure
from vtp.personal.holdings import HOLDINGS
from vtp.rooms.tables import chat_messages, poll_votes, rooms

PROFILE = "/api/v1/auth/profile"


@dataclass(frozen=True)
class Erased:
    """A class in which Ada was, and is no more."""

    admin: Person
    life: Life


async def erase(api: Api, by: Person, whom: str) -> int:
    return (await api.call("DELETE", f"/api/v1/users/{whom}", by=by)).status


@pytest.fixture
async def erased(api: Api) -> Erased:
    admin = await api.person("admin")
    life = await leave_traces(api, admin)
    assert await erase(api, admin, life.ada.user_id) == 204
    return Erased(admin, life)


async def test_no_table_says_who_an_erased_person_was(api: Api, erased: Erased) -> None:
    """Looks for every name, address, number and word of theirs in every column of the database."""
    told = [
        f"{table}: {row}"
        for table, rows in (await everything(api)).items()
        for row in rows
        for mark in ADA.marks
        if mark.casefold() in str(row).casefold()
    ]
    assert told == []


async def test_only_the_empty_account_its_sessions_and_the_log_know_the_id(api: Api, erased: Erased) -> None:
    ada = erased.life.ada.user_id
    found = {table for table, rows in (await everything(api)).items() for row in rows if ada in str(row)}
    assert found == {"users", "sessions", "audit_log"}


async def test_what_is_others_stays_without_the_name(api: Api, erased: Erased) -> None:
    async with api.server.services.database.read() as tx:
        messages = list((await tx.execute(select(chat_messages).order_by(chat_messages.c.id))).mappings())
        votes = list((await tx.execute(select(poll_votes))).mappings())
        room = (await tx.execute(select(rooms).where(rooms.c.id == erased.life.room_id))).one()
    written, answer, private = messages
    assert (written["from_name"], written["text"]) == ("Erased person", "")
    assert written["deleted_at"] is not None
    assert (answer["from_name"], answer["text"], answer["reply_to"]) == ("Bob", "I agree", written["id"])
    assert (private["from_name"], private["text"], private["to_name"]) == (
        "Bob",
        "Just for you",
        "Erased person",
    )
    assert private["to_person"] is not None, "a private message without its reader would be everybody's"
    assert [(one["full_name"], one["choices"]) for one in votes] == [("Erased person", [1])]
    assert (room.owner_id, room.deleted_at) == (None, None)
    recording = await api.call("GET", f"/api/v1/recordings/{erased.life.recording_id}", by=erased.admin)
    assert (recording.status, recording.body["started_by"]) == (200, None)


async def test_every_way_in_is_closed_at_once_and_the_address_is_free(api: Api, erased: Erased) -> None:
    ada = erased.life.ada
    assert (await api.call("GET", PROFILE, by=ada)).body["code"] == "session_ended"
    renewed = await api.call("POST", "/api/v1/auth/refresh", {"refresh_token": ada.refresh_token})
    assert renewed.status == 401
    tried = {"email": ADA.email, "password": PASSWORD}
    assert (await api.call("POST", "/api/v1/auth/login", tried)).body["code"] == "wrong_credentials"
    at = f"/api/v1/users/{ada.user_id}"
    for method, path in (
        ("GET", at),
        ("PATCH", at),
        ("DELETE", at),
        ("GET", f"{at}/picture"),
        ("GET", f"{at}/export"),
    ):
        body = {"full_name": "Back"} if method == "PATCH" else None
        assert (await api.call(method, path, body, by=erased.admin)).status == 404, (method, path)
    listed = await api.call("GET", "/api/v1/users", by=erased.admin)
    assert ada.user_id not in str(listed.body)
    again = {"email": ADA.email, "full_name": "Ada Again"}
    assert (await api.call("POST", "/api/v1/users", again, by=erased.admin)).status == 201


async def test_a_restart_does_not_let_an_erased_persons_token_in_again(api: Api, erased: Erased) -> None:
    accounts = api.server.services.accounts
    accounts.changes._ended.clear()
    accounts.changes._rights.clear()
    await accounts.service.start()
    assert (await api.call("GET", PROFILE, by=erased.life.ada)).body["code"] == "session_ended"


async def test_what_was_on_its_way_is_erased_by_the_next_sweep(api: Api, erased: Erased) -> None:
    ada = erased.life.ada.user_id
    late = {
        "poll_id": erased.life.poll_id,
        "voter_key": f"u:{ada}",
        "user_id": ada,
        "full_name": ADA.full_name,
    }
    async with api.server.services.database.transaction() as tx:
        await tx.execute(insert(poll_votes).values(**late, choices=[0]))
    assert await api.server.services.personal.erasure.sweep() == 1
    async with api.server.services.database.read() as tx:
        names = list((await tx.execute(select(poll_votes.c.full_name))).scalars())
    assert names == ["Erased person"] * 2


async def test_after_a_month_the_empty_account_and_its_network_addresses_go(api: Api, erased: Erased) -> None:
    ada, services = erased.life.ada.user_id, api.server.services
    assert await services.personal.erasure.purge() == 0
    long_ago = datetime.now(UTC) - RETENTION - timedelta(hours=1)
    async with services.database.transaction() as tx:
        await tx.execute(update(users).where(users.c.id == ada).values(erased_at=long_ago))
    assert await services.personal.erasure.purge() == 1
    async with services.database.read() as tx:
        assert (await tx.execute(select(users).where(users.c.id == ada))).first() is None
        assert (await tx.execute(select(sessions).where(sessions.c.user_id == ada))).first() is None
        found = select(audit_log).where(audit_log.c.actor_id == ada)
        entries = list((await tx.execute(found)).mappings())
    assert entries, "what was done stays in the log"
    assert {(one["ip"], one["user_agent"]) for one in entries} == {(None, None)}


async def test_an_erasure_that_fails_midway_has_erased_nothing(api: Api) -> None:
    admin = await api.person("admin")
    life = await leave_traces(api, admin)
    before = await everything(api)
    erasure = api.server.services.personal.erasure

    class Breaking:
        async def record(self, *_: object, **__: object) -> None:
            raise Unavailable("The disk is full.")

    broken = Erasure(type(erasure._parts)(**_fields(erasure._parts) | {"audit": Breaking()}))
    principal = api.server.services.accounts.authenticator.read(admin.access_token)
    with pytest.raises(Unavailable):
        await broken.erase(principal, life.ada.user_id, _nowhere())
    assert await everything(api) == before
    assert await erase(api, admin, life.ada.user_id) == 204


async def test_every_row_that_is_to_go_is_gone(api: Api) -> None:
    """By its key: a holding that finds its rows by those of another must come before that one."""
    admin = await api.person("admin")
    life = await leave_traces(api, admin)
    subject = Subject(life.ada.user_id, ADA.email, ADA.full_name, "alias", mailbox=ADA.email)
    deleted = [
        one for one in HOLDINGS if isinstance(one.erasure, Deleted) and one.table is not idempotency_keys
    ]
    database, before = api.server.services.database, {}
    async with database.read() as tx:
        for holding in deleted:
            keys = list(holding.table.primary_key.columns)
            before[holding.name] = set((await tx.execute(select(*keys).where(holding.theirs(subject)))).all())
    assert all(before.values()), [name for name, rows in before.items() if not rows]
    assert await erase(api, admin, life.ada.user_id) == 204
    async with database.read() as tx:
        for holding in deleted:
            keys = list(holding.table.primary_key.columns)
            left = set((await tx.execute(select(*keys))).all())
            assert not left & before[holding.name], holding.name


async def test_people_erase_themselves_with_their_password(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    at = "/api/v1/auth/delete-account"
    wrong = await api.call("POST", at, {"password": "another one"}, by=ada)
    assert (wrong.status, wrong.body["code"]) == (401, "wrong_password")
    assert (await api.call("GET", PROFILE, by=ada)).status == 200
    done = await api.call("POST", at, {"password": PASSWORD}, by=ada)
    assert done.status == 200
    assert "Max-Age=0" in done.headers["Set-Cookie"]
    assert (await api.call("GET", PROFILE, by=ada)).status == 401
    last = await api.call("POST", at, {"password": PASSWORD}, by=admin)
    assert (last.status, last.body["code"]) == (409, "last_admin")
    assert (await api.call("GET", PROFILE, by=admin)).status == 200


@pytest.mark.both_databases
async def test_of_two_who_erase_the_same_person_one_finds_nobody(api: Api) -> None:
    admin, ada = await api.person("admin"), await api.person("teacher")
    both = await asyncio.gather(*(erase(api, admin, ada.user_id) for _ in range(2)))
    assert sorted(both) == [204, 404]


async def test_an_export_tells_of_every_table_that_holds_something(api: Api) -> None:
    admin = await api.person("admin")
    life = await leave_traces(api, admin)
    answer = await api.call("GET", f"/api/v1/users/{life.ada.user_id}/export", by=admin)
    data, files = zipped(answer.body)
    empty = [holding.name for holding in HOLDINGS if not data[holding.name]]
    assert empty == []
    assert files == ["data.json", "picture.jpg"]


def _fields(parts: Any) -> dict[str, Any]:
    return {name: getattr(parts, name) for name in type(parts).__slots__}


def _nowhere() -> Any:
    from vtp.accounts.audit import Origin

    return Origin()


async def test_who_has_a_second_factor_erases_themselves_with_a_code_of_it_too(api: Api) -> None:
    await api.person("admin")
    ada = await api.person("teacher")
    made = await api.call("POST", "/api/v1/auth/2fa/setup", {"password": PASSWORD}, by=ada)
    app = pyotp.TOTP(made.body["secret"])
    enabled = await api.call("POST", "/api/v1/auth/2fa/enable", {"code": app.now()}, by=ada)
    at, body = "/api/v1/auth/delete-account", {"password": PASSWORD}
    without = await api.call("POST", at, body, by=ada)
    assert (without.status, without.body["code"]) == (401, "totp_required")
    wrong = await api.call("POST", at, {**body, "totp": "000000"}, by=ada)
    assert (wrong.status, wrong.body["code"]) == (401, "totp_wrong")
    done = await api.call("POST", at, {**body, "totp": enabled.body["backup_codes"][0]}, by=ada)
    assert done.status == 200


async def test_no_kept_answer_names_an_erased_person(api: Api) -> None:
    """Answers to others, kept sealed for calls that are repeated: by id, and by the address alone."""
    admin, services = await api.person("admin"), api.server.services
    invited = {"email": ADA.email, "role": "student"}
    new = {"email": ADA.email.upper(), "full_name": ADA.full_name}
    other = {"email": "other@school.example", "full_name": "Other"}
    calls = (("invitations", invited), ("users", new), ("users", other))
    for number, (path, body) in enumerate(calls):
        key = {"Idempotency-Key": f"key-{number}"}
        made = await api.call("POST", f"/api/v1/{path}", body, by=admin, headers=key)
        assert made.status == 201
        if body is new:
            ada = made.body["user_id"]
    assert await erase(api, admin, ada) == 204
    async with services.database.read() as tx:
        kept = list((await tx.execute(select(idempotency_keys.c.response))).scalars())
    [left] = [services.accounts.sealer.unseal(one) for one in kept]
    assert "other@school.example" in left


async def test_answers_kept_by_a_version_that_did_not_mark_whom_they_name_go_with_the_first_erasure(
    api: Api,
) -> None:
    admin, database = await api.person("admin"), api.server.services.database
    for path, body in (
        ("invitations", {"email": ADA.email, "role": "student"}),
        ("users", {"email": ADA.email, "full_name": ADA.full_name}),
    ):
        key = {"Idempotency-Key": path}
        made = await api.call("POST", f"/api/v1/{path}", body, by=admin, headers=key)
        assert made.status == 201
    async with database.transaction() as tx:
        await tx.execute(update(idempotency_keys).values(people=None))
        now = datetime.now(UTC)
        under_way = {"key": "k", "principal": "p", "route": "r", "body_hash": "h", "created_at": now}
        await tx.execute(insert(idempotency_keys).values(under_way))
    assert await erase(api, admin, made.body["user_id"]) == 204
    async with database.read() as tx:
        assert list((await tx.execute(select(idempotency_keys.c.key))).scalars()) == ["k"], "no answer yet"


async def test_who_is_erased_and_who_has_a_course_locked_wait_for_each_other_in_one_order(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written of a course refers to accounts: to administrators, and to who is in it or waits."""
    admin, ada = await api.person("admin"), await api.person("student")
    course = await make_course(api, admin, max_students=1, waiting_list=True)
    await enrol(api, course, await api.person("student", "first@school.example"))
    await enrol(api, course, ada)
    database, tries = api.server.services.database, 0

    async def lock_and_count(tx: AsyncConnection) -> None:
        nonlocal tries
        tries += 1
        await lock_admins(tx)

    monkeypatch.setattr(erasure, "lock_admins", lock_and_count)
    async with database.transaction() as tx:
        await lock_course(tx, course)
        erasing = asyncio.create_task(erase(api, admin, ada.user_id))
        if tx.dialect.name == "postgresql":
            async with asyncio.timeout(60):
                while not await waiting_for_a_lock(database):  # noqa: ASYNC110  nobody would say so
                    await asyncio.sleep(0.01)
        referred = select(users.c.id).where(users.c.id.in_([admin.user_id, ada.user_id]))
        await tx.execute(referred.with_for_update(read=True, key_share=True))  # as a foreign key does
    assert await erasing == 204
    assert tries == 1


async def waiting_for_a_lock(database: Database) -> bool:
    here = "datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as tx:
        found = await tx.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {here}"))
        return bool(found.scalar_one())
