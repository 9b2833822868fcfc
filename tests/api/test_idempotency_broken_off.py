"""A keyed call whose process dies before it is answered is done once, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.api.course_material import BASE, WISH
from tests.serving import Answer, Api, Person
from vtp.db.carried import carrying
from vtp.db.tables import idempotency_keys
from vtp.errors import Conflict, Unavailable
from vtp.http.idempotency import IN_FLIGHT, Claim, IdempotencyStore, ticket_of

KEY = {"Idempotency-Key": "one-course"}
pytestmark = pytest.mark.both_databases


async def make(api: Api, by: Person) -> Answer:
    return await api.call("POST", BASE, WISH, by=by, headers=KEY)


async def how_many(api: Api, by: Person) -> int:
    return len((await api.call("GET", BASE, by=by)).body["items"])


async def grow_old(api: Api) -> None:
    """As if the first call had been made so long ago that it is not under way any more."""
    long_ago = datetime.now(UTC) - IN_FLIGHT - timedelta(seconds=1)
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(idempotency_keys).values(created_at=long_ago))


async def test_what_was_stored_before_the_process_died_is_not_made_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = await api.person("teacher")

    async def die(*_: Any) -> None:
        raise Unavailable("as when nobody is there to keep the answer")

    with monkeypatch.context() as patched:
        patched.setattr(IdempotencyStore, "finish", die)
        assert (await make(api, teacher)).status == 201
    soon = await make(api, teacher)
    assert (soon.status, soon.body["code"]) == (409, "idempotency_in_flight")
    await grow_old(api)
    later = await make(api, teacher)
    assert (later.status, later.body["code"]) == (409, "idempotency_answer_lost")
    assert await how_many(api, teacher) == 1


async def test_what_was_not_stored_is_done_by_who_asks_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = await api.person("teacher")

    async def die(*_: Any) -> None:
        raise RuntimeError("as in the transaction that makes it")

    with monkeypatch.context() as patched:
        patched.setattr(Claim, "carry", die)
        patched.setattr(IdempotencyStore, "abandon", lambda *_, **__: die())
        assert (await make(api, teacher)).status == 500
    assert await how_many(api, teacher) == 0
    await grow_old(api)
    assert (await make(api, teacher)).status == 201
    assert await how_many(api, teacher) == 1


async def test_a_call_whose_key_is_anothers_by_now_stores_nothing(api: Api) -> None:
    services, teacher = api.server.services, await api.person("teacher")
    store = IdempotencyStore(services.database, services.accounts.sealer)
    ticket = ticket_of("slow", teacher.user_id, "POST /x", "/x", b"")
    slow = await store.begin(ticket)
    assert isinstance(slow, Claim)
    await grow_old(api)
    second = await store.begin(ticket)
    assert isinstance(second, Claim)
    with pytest.raises(Conflict) as refused, carrying(slow.carry):
        async with services.database.transaction() as tx:
            await tx.execute(idempotency_keys.insert().values(**_other(ticket.body_hash)))
    assert refused.value.code == "idempotency_key_lost"
    async with services.database.read() as tx:
        assert list((await tx.execute(select(idempotency_keys.c.key))).scalars()) == ["slow"]
    await store.abandon(slow)
    with carrying(second.carry):
        async with services.database.transaction() as tx:
            await tx.execute(idempotency_keys.insert().values(**_other(ticket.body_hash)))
    async with services.database.read() as tx:
        assert sorted((await tx.execute(select(idempotency_keys.c.key))).scalars()) == ["other", "slow"]


def _other(body_hash: str) -> dict[str, Any]:
    """A row that stands for what a call makes."""
    names = {"key": "other", "principal": "nobody", "route": "POST /y", "body_hash": body_hash}
    return {**names, "created_at": datetime.now(UTC)}


async def test_who_takes_long_keeps_a_key_that_nobody_asks_for(api: Api) -> None:
    now = [datetime.now(UTC)]
    services = api.server.services
    store = IdempotencyStore(services.database, services.accounts.sealer, lambda: now[0])
    slow = await store.begin(ticket_of("slow", "somebody", "POST /x", "/x", b""))
    assert isinstance(slow, Claim)
    now[0] += IN_FLIGHT * 2
    other = await store.begin(ticket_of("other", "another", "POST /y", "/y", b""))
    assert isinstance(other, Claim)
    async with services.database.transaction() as tx:
        await slow.carry(tx)
