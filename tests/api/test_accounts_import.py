"""Importing a school's people over HTTP."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest
from sqlalchemy import func, select

from tests.serving import Answer, Api, Person
from vtp.accounts import user_import
from vtp.accounts.tables import audit_log, users
from vtp.accounts.user_import import UserImport
from vtp.errors import Unavailable
from vtp.mail.tables import mails

IMPORT = "/api/v1/users/import"
LIST = (
    b"E-Mail;Name;Role\r\n"
    b"ada@school.example;Ada Lovelace;teacher\r\n"
    b"student@school.example;Somebody;student\r\n"
    b"nobody;;king\r\n"
    b"ada@school.example;Again;\r\n"
    b"bob@school.example;Bob;viewer\r\n"
)
OUTCOMES = ["created", "exists", "invalid", "invalid", "created"]


async def send(api: Api, by: Person, data: bytes, *, dry: bool = False, kind: str = "text/csv") -> Answer:
    path = f"{IMPORT}?dry_run={str(dry).lower()}"
    return await api.call("POST", path, by=by, data=data, headers={"Content-Type": kind})


async def emails(api: Api) -> list[str]:
    async with api.server.services.database.read() as tx:
        return sorted((await tx.execute(select(users.c.email))).scalars())


async def notes(api: Api, event: str) -> list[Any]:
    async with api.server.services.database.read() as tx:
        found = select(audit_log).where(audit_log.c.event == event).order_by(audit_log.c.id)
        return list((await tx.execute(found)).mappings())


async def test_a_dry_run_reports_what_the_real_one_does_and_writes_nothing(api: Api) -> None:
    admin = await api.person("admin")
    await api.person("student")
    before = await emails(api)
    dry = await send(api, admin, LIST, dry=True)
    assert (dry.status, dry.body["dry_run"]) == (200, True)
    assert await emails(api) == before
    assert await notes(api, "users_imported") == []
    real = await send(api, admin, LIST)
    assert {**real.body, "dry_run": True} == dry.body
    assert [line["outcome"] for line in real.body["lines"]] == OUTCOMES
    assert [line["line"] for line in real.body["lines"]] == [2, 3, 4, 5, 6]
    counts = [real.body[name] for name in ("total", "created", "skipped", "failed")]
    assert counts == [5, 2, 1, 2]
    told = [error["column"] for error in real.body["lines"][2]["errors"]]
    assert told == ["E-Mail", "Name", "Role"]
    assert await emails(api) == sorted([*before, "ada@school.example", "bob@school.example"])
    async with api.server.services.database.read() as tx:
        invited = sorted((await tx.execute(select(mails.c.to_address))).scalars())
    assert invited == ["ada@school.example", "bob@school.example"]


async def test_the_look_beforehand_says_who_would_be_what_and_which_columns_are_not_read(api: Api) -> None:
    admin = await api.person("admin")
    table = b"email,name,role,Rolle\nada@school.example,Ada,admin,x\nbob@school.example,Bob,,admin\nx,,,\n"
    table += b"eve@school.example,Eve,Viewer,\n"
    dry = await send(api, admin, table, dry=True)
    assert dry.body["ignored"] == ["Rolle"]
    read = [(one["full_name"], one["role"], one["outcome"]) for one in dry.body["lines"]]
    assert read == [
        ("Ada", "admin", "created"),
        ("Bob", "student", "created"),
        (None, None, "invalid"),
        ("Eve", "viewer", "created"),
    ]
    real = await send(api, admin, table)
    assert {**real.body, "dry_run": True} == dry.body


async def test_a_repeated_import_changes_nothing_and_the_log_knows_of_both(api: Api) -> None:
    admin = await api.person("admin")
    await send(api, admin, LIST)
    before = await emails(api)
    again = await send(api, admin, LIST)
    assert [line["outcome"] for line in again.body["lines"]] == [
        "exists", "exists", "invalid", "invalid", "exists"
    ]  # fmt: skip
    assert await emails(api) == before
    details = [one["details"] for one in await notes(api, "users_imported")]
    assert details == [{"created": 3, "exists": 0, "invalid": 2}, {"created": 0, "exists": 3, "invalid": 2}]
    made = [one for one in await notes(api, "user_created") if one["actor_id"] == admin.user_id]
    assert len(made) == 3


async def test_a_form_brings_the_same_file(api: Api) -> None:
    admin = await api.person("admin")
    form = aiohttp.FormData()
    form.add_field("note", "this year's")
    form.add_field("file", LIST, filename="people.csv", content_type="text/csv")
    body = form()
    kind = body.headers["Content-Type"]
    data = b"".join([piece async for piece in _pieces(body)])
    answer = await send(api, admin, data, dry=True, kind=kind)
    assert answer.body["lines"][0]["outcome"] == "created"
    assert (await send(api, admin, b"--x--", dry=True, kind="multipart/form-data; boundary=x")).status == 400
    assert (await send(api, admin, b"--x--", dry=True, kind="multipart/form-data")).status == 400


async def test_what_is_no_list_is_refused_by_its_line(api: Api) -> None:
    admin = await api.person("admin")
    refused = await send(api, admin, b"email,name\nada@school.example,J\xf6rg\n")
    assert (refused.status, refused.body["code"]) == (422, "csv_unreadable")
    assert refused.body["detail"].startswith("Line 2: this is not UTF-8")
    assert (await send(api, admin, b"{}", kind="application/json")).status == 415
    assert (await send(api, admin, b"email,name\n" + b"x" * 5_100_000)).status == 413
    assert (await api.call("POST", f"{IMPORT}?dry_run=perhaps", by=admin)).status == 422


async def test_thousands_of_people_hold_nobody_up(api: Api) -> None:
    """The fixture fails when one step on the loop takes long; requests are answered meanwhile."""
    admin = await api.person("admin")
    seed = 6
    draw = random.Random(seed)
    roles = ["student", "teacher", "assistant", "king"]
    lines = [f"p{number}@school.example,Person {number},{draw.choice(roles)}" for number in range(3000)]
    data = ("email,name,role\n" + "\n".join(lines)).encode()
    running = asyncio.ensure_future(send(api, admin, data, dry=True))
    answered = 0
    while not running.done():
        assert (await api.call("GET", "/api/v1/auth/profile", by=admin)).status == 200
        answered += 1
    kings = sum(line.endswith("king") for line in lines)
    assert (running.result().body["created"], running.result().body["failed"]) == (3000 - kings, kings)
    assert answered > 1


async def test_an_import_that_failed_midway_is_taken_up_by_the_next(api: Api) -> None:
    admin = await api.person("admin")
    data = b"email,name\n" + b"".join(b"p%d@school.example,P\n" % number for number in range(30))
    began, run = 0, UserImport._import

    async def failing(self: UserImport, *args: Any, **options: Any) -> Any:
        nonlocal began
        began += 1
        if began == 3:
            raise Unavailable("The database does not answer.")
        return await run(self, *args, **options)

    with patch.object(user_import, "CHUNK", 10), patch.object(UserImport, "_import", failing):
        assert (await send(api, admin, data)).status == 503
    assert len(await emails(api)) == 21
    again = await send(api, admin, data)
    assert (again.body["created"], again.body["skipped"]) == (10, 20)


@pytest.mark.both_databases
async def test_two_imports_at_once_are_one_after_the_other(api: Api) -> None:
    admin = await api.person("admin")
    answers = await asyncio.gather(*(send(api, admin, LIST) for _ in range(3)))
    assert {one.status for one in answers} <= {200, 409}
    assert sum(one.body["created"] for one in answers if one.status == 200) == 3
    async with api.server.services.database.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(users))).scalar_one() == 4


async def _pieces(body: Any) -> Any:
    class Writer:
        def __init__(self) -> None:
            self.data = b""

        async def write(self, chunk: bytes) -> None:
            self.data += chunk

    writer = Writer()
    await body.write(writer)
    yield writer.data
