"""What is under way when the database goes away: no code is wrong by it, no mail cut off by the end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api.test_accounts_second_factor import AT, standing_clock, turn_on  # noqa: F401
from tests.faults.test_faults_database import own_postgres  # noqa: F401
from tests.postgres import PostgresServer
from tests.serving import UNLIMITED, serving
from tests.smtp_server import mail_settings, smtp_server
from vtp.db import Database
from vtp.mail.letters import test as letter_of_test
from vtp.mail.outbox import Outbox
from vtp.mail.sender import Sender
from vtp.sealing import Sealer
from vtp.settings import MailSettings

pytestmark = pytest.mark.outage


async def test_codes_that_were_answered_503_are_not_wrong(
    own_postgres: PostgresServer,  # noqa: F811
    tmp_path: Path,
) -> None:
    limits = UNLIMITED.model_copy(update={"sign_in_failures_per_account": 1})
    async with serving(tmp_path / "data", own_postgres.create_database(), limits=limits) as api:
        person = await api.person("teacher")
        app, _ = await turn_on(api, person)
        own_postgres.stop()
        for _ in range(3):
            answer = await api.call("POST", f"{AT}/verify", {"code": app.code()}, by=person)
            assert answer.status == 503
        own_postgres.start()
        assert (await api.call("GET", "/ready")).status == 200
        answer = await api.call("POST", f"{AT}/verify", {"code": app.code()}, by=person)
        assert answer.status == 200, answer


class Watched(Sender):
    """Tells when it has met the missing database."""

    def __init__(self, database: Database, outbox: Outbox, settings: MailSettings) -> None:
        super().__init__(database, outbox, settings)
        self.turned = asyncio.Event()

    async def _turn(self) -> float:
        wait_s = await super()._turn()
        self.turned.set()
        return wait_s


async def test_a_mail_under_way_is_not_cut_off_where_the_database_is_away_at_the_end(
    own_postgres: PostgresServer,  # noqa: F811
) -> None:
    database = await Database.open(own_postgres.create_database())
    async with smtp_server() as mailbox:
        outbox = Outbox(Sealer(b"k" * 32), sends=True)
        sender = Watched(database, outbox, mail_settings(mailbox))
        running = asyncio.create_task(sender.run())
        mailbox.gate.clear()
        async with database.transaction() as tx:
            await outbox.put(tx, replace(letter_of_test("ada@school.example", None), text="Hello\n"))
        await mailbox.wait_for(lambda: mailbox.held == 1)
        own_postgres.stop()
        outbox.wake()
        await sender.turned.wait()
        closing = asyncio.create_task(sender.close())
        await running
        mailbox.gate.set()
        await closing
        assert (sender.sent, len(mailbox.messages)) == (1, 1)
    await database.close()
