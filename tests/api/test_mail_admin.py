"""Mails as administrators see them, with an SMTP server and without."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.serving import Api, Person, serving
from tests.smtp_server import PATIENCE_S, mail_settings, smtp_server
from vtp.accounts.tables import audit_log
from vtp.errors import StartupError
from vtp.faces import build_tables
from vtp.mail.letters import test as letter_of_test
from vtp.settings_loading import load_settings

MAILS = "/api/v1/mails"
LETTER = replace(letter_of_test("ada@school.example", None), text="A link: https://x.example/#token=1\n")
ADMIN = of("         401 403 403 403 403 403 403 200 403 403")
ADMIN_MISSING = of(" 401 403 403 403 403 403 403 404 403 403")
ADMIN_CONFLICT = of("401 403 403 403 403 403 403 409 403 403")
ENDPOINTS = [
    Endpoint("GET", MAILS, ADMIN),
    Endpoint("GET", f"{MAILS}/{MISSING}", ADMIN_MISSING, MAILS + "/{mail_id}"),
    Endpoint("POST", f"{MAILS}/{MISSING}/retry", ADMIN_CONFLICT, MAILS + "/{mail_id}/retry"),
    Endpoint("POST", f"{MAILS}/test", ADMIN_CONFLICT, body={"to": "ada@school.example"}),
]


async def put(api: Api) -> str:
    async with api.server.services.database.transaction() as tx:
        return await api.server.services.accounts.mails.put(tx, LETTER)


async def until(api: Api, path: str, admin: Person, field: str) -> Any:
    """A mail once the sender has noted this of it."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            mail = (await api.call("GET", path, by=admin)).body
            if mail[field]:
                return mail
            await asyncio.sleep(0.01)


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    await assert_statuses(api, ENDPOINTS, await everybody(api))
    [table] = [table for table in build_tables(api.server.services) if table.tag == "mails"]
    assert {(route.method, route.path) for route in table.routes} == {one.declared for one in ENDPOINTS}


async def test_without_smtp_the_admin_reads_the_link_and_the_log_does_not_have_it(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    admin = await api.person("admin")
    with caplog.at_level(logging.INFO, "vtp"):
        mail_id = await put(api)
    assert "A mail (test) to a***@school.example waits" in caplog.text
    assert "token" not in caplog.text
    [item] = (await api.call("GET", MAILS, by=admin)).body["items"]
    assert (item["mail_id"], item["to"], item["has_body"]) == (mail_id, LETTER.to, True)
    assert "body" not in item
    read = await api.call("GET", f"{MAILS}/{mail_id}", by=admin)
    assert read.body["body"] == LETTER.text
    assert read.headers["Cache-Control"] == "no-store"
    async with api.server.services.database.read() as tx:
        statement = select(audit_log).where(audit_log.c.event == "sensitive_read")
        entry = (await tx.execute(statement)).mappings().one()
    assert (entry["actor_id"], entry["subject"]) == (admin.user_id, f"mail:{mail_id}")


@pytest.mark.both_databases
async def test_mails_are_listed_in_pages_newest_first(api: Api) -> None:
    admin = await api.person("admin")
    made = [await put(api) for _ in range(5)]
    first = (await api.call("GET", f"{MAILS}?limit=3", by=admin)).body
    rest = (await api.call("GET", f"{MAILS}?limit=3&cursor={first['next_cursor']}", by=admin)).body
    assert [item["mail_id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


async def test_a_test_mail_arrives_or_the_server_says_why_not(tmp_path: Path, database_url: str) -> None:
    async with smtp_server() as mailbox:
        settings = mail_settings(mailbox)
        async with serving(tmp_path / "data", database_url, mail=settings) as api:
            admin = await api.person("admin")
            wish = {"to": "ada@school.example"}
            assert (await api.call("POST", f"{MAILS}/test", wish, by=admin)).status == 200
            await mailbox.next_to("ada@school.example", "A test")
            mailbox.refusal = "550 Relaying denied"
            refused = await api.call("POST", f"{MAILS}/test", wish, by=admin)
            assert (refused.status, refused.body["code"]) == (502, "smtp_failed")
            assert "550 Relaying denied" in refused.body["detail"]
            log = (await api.call("GET", "/api/v1/audit?event=mail_tested", by=admin)).body["items"]
            noted = [(one["actor_id"], one["details"]) for one in log]
            assert noted == [(admin.user_id, {"to": "a***@school.example"})] * 2


async def test_a_refused_mail_can_be_sent_again(tmp_path: Path, database_url: str) -> None:
    async with smtp_server() as mailbox:
        mailbox.refusal = "550 No such user"
        settings = mail_settings(mailbox)
        async with serving(tmp_path / "data", database_url, mail=settings) as api:
            admin = await api.person("admin")
            path = f"{MAILS}/{await put(api)}"
            await until(api, path, admin, "failed_at")
            mailbox.refusal = ""
            retried = await api.call("POST", f"{path}/retry", by=admin)
            assert (retried.status, retried.body["failed_at"]) == (200, None)
            await mailbox.next_to(LETTER.to)
            read = await until(api, path, admin, "sent_at")
            assert (read["body"], read["has_body"]) == (None, False)
            assert (await api.call("POST", f"{path}/retry", by=admin)).status == 410
            log = (await api.call("GET", "/api/v1/audit?event=mail_retried", by=admin)).body["items"]
            assert [(one["actor_id"], one["subject"]) for one in log] == [
                (admin.user_id, f"mail:{path.removeprefix(MAILS + '/')}")
            ]


WRONG_SETTINGS = [
    ({"VTP_MAIL__HOST": "mail.example"}, "needs mail.sender"),
    ({"VTP_MAIL__SENDER": "school"}, "write an address such as"),
    ({"VTP_MAIL__SENDER": "a@b.example\nBcc: c@d.example"}, "write an address such as"),
    ({"VTP_MAIL__USERNAME": "vtp"}, "go together"),
    (
        {
            "VTP_MAIL__HOST": "mail.example",
            "VTP_MAIL__SENDER": "a@b.example",
            "VTP_MAIL__USERNAME": "vtp",
            "VTP_MAIL__PASSWORD": "secret",
            "VTP_MAIL__SECURITY": "none",
        },
        "in the clear",
    ),
]


def test_settings_that_cannot_be_are_refused_with_a_sentence() -> None:
    for environ, words in WRONG_SETTINGS:
        with pytest.raises(StartupError, match=words) as caught:
            load_settings(environ)
        assert "secret" not in str(caught.value)
