"""Columns sealed again with a new key while the server runs: second factors, mails, kept answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from tests.api.test_accounts_cli import run
from tests.api.test_accounts_second_factor import log_in, standing_clock, turn_on
from tests.serving import Api
from vtp.accounts.tables import audit_log, users
from vtp.db import metadata
from vtp.mail.tables import mails
from vtp.resealing import SEALED, TURN, reseal
from vtp.sealing import add_key, open_sealer

ROOM, WISH = "/api/v1/signalling/room/create", {"room_id": "physics", "room_name": "Physics"}
__all__ = ["standing_clock"]  # a fixture of every test here


async def sealed_values(api: Api) -> list[str]:
    """Whatever of the whole database looks sealed, whether or not it is known to be."""
    found = []
    async with api.server.services.database.read() as tx:
        for table in metadata.tables.values():
            for row in await tx.execute(select(table)):
                found += [one for one in row if isinstance(one, str) and re.match(r"v[12]:", one)]
    return found


async def test_everything_sealed_is_sealed_with_the_new_key_and_the_server_goes_on(api: Api) -> None:
    person = await api.person("teacher")
    app, _ = await turn_on(api, person)
    key = {"Idempotency-Key": "once"}
    room = await api.call("POST", ROOM, WISH, by=person, headers=key)
    assert room.status == 201
    before = await sealed_values(api)
    assert len(before) >= 3 and all(one.startswith("v1:") for one in before)
    folder, database = api.server.services.settings.secrets_folder(), api.server.services.database
    add_key(folder)
    done, lost = await reseal(database, open_sealer(folder))
    after = await sealed_values(api)
    assert (done, lost) == (len(before), 0) and len(after) == len(before)
    assert all(one.startswith("v2:2:") for one in after)
    assert await reseal(database, open_sealer(folder)) == (0, 0)
    again = await api.call("POST", ROOM, WISH, by=person, headers=key)
    assert again.status == 201 and again.body["room_id"] == room.body["room_id"], "the kept answer is read"
    assert (await log_in(api, person, app.code(1))).status == 200


async def test_what_no_key_opens_stays_and_is_counted(api: Api) -> None:
    """More rows than one transaction takes."""
    person = await api.person("teacher")
    folder, database = api.server.services.settings.secrets_folder(), api.server.services.database
    old, now = open_sealer(folder), datetime.now(UTC)
    rows = [
        {
            "id": f"01890a5d-ac96-774b-bcce-{number:012x}",
            "kind": "reset",
            "to_address": person.email,
            "subject": "s",
            "body": old.seal(f"link {number}"),
            "created_at": now,
            "expires_at": now + timedelta(hours=1),
            "attempts": 0,
        }
        for number in range(TURN + 5)
    ]
    async with database.transaction() as tx:
        await tx.execute(mails.insert(), rows)
        await tx.execute(update(users).where(users.c.id == person.user_id).values(totp_secret="v1:AAAA"))
    add_key(folder)
    sealer = open_sealer(folder)
    done, lost = await reseal(database, sealer)
    assert done >= TURN + 5 and lost == 1
    async with database.read() as tx:
        bodies = (await tx.execute(select(mails.c.body).where(mails.c.subject == "s"))).scalars().all()
        kept = (
            await tx.execute(select(users.c.totp_secret).where(users.c.id == person.user_id))
        ).scalar_one()
    assert {sealer.unseal(one or "") for one in bodies} == {f"link {number}" for number in range(TURN + 5)}
    assert kept == "v1:AAAA"


def test_every_column_that_is_said_to_be_sealed_is_known() -> None:
    said = {
        column
        for table in metadata.tables.values()
        for column in table.columns
        if "sealed" in (column.comment or "")
    }
    assert said and said <= set(SEALED), "vtp.resealing does not know them"


async def test_the_command_says_what_it_did(api: Api) -> None:
    await turn_on(api, await api.person("teacher"))
    settings = api.server.services.settings
    where, url = settings.data_dir, settings.database.url
    code, said, _ = await run(where, "reseal", "--same-key", database_url=url)
    assert (code, said) == (0, "0 values are sealed with key 1 now.\n")
    code, said, _ = await run(where, "reseal", database_url=url)
    assert code == 0 and re.fullmatch(r"[1-9]\d* values are sealed with key 2 now\.\n", said), said
    async with api.server.services.database.read() as tx:
        events = (await tx.execute(select(audit_log.c.event))).scalars().all()
    assert events.count("sys_columns_resealed") == 2
