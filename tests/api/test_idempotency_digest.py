"""What is kept of a keyed call's body: nothing by which a password in it could be guessed."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import select

from tests.serving import PASSWORD, Api
from vtp.db.tables import idempotency_keys

REGISTER = "/api/v1/auth/register"


async def test_the_digest_of_a_body_is_made_with_the_servers_key(api: Api) -> None:
    wish = {"email": "ada@school.example", "password": PASSWORD, "full_name": "Ada"}
    body = json.dumps(wish).encode()
    keyed = {"Idempotency-Key": "one"}
    first = await api.call("POST", REGISTER, data=body, headers=keyed)
    assert first.status == 201
    again = await api.call("POST", REGISTER, data=body, headers=keyed)
    assert (again.status, again.body) == (201, first.body)
    assert (await api.call("POST", REGISTER, data=body + b" ", headers=keyed)).status == 422
    async with api.server.services.database.read() as tx:
        [kept] = (await tx.execute(select(idempotency_keys.c.body_hash))).scalars()
    assert kept != hashlib.sha256(REGISTER.encode() + b"\n" + body).hexdigest() and len(kept) == 64
