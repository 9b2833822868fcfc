"""Asking and voting, as the tests of polls do it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from tests.api.class_people import ROOM
from tests.api.socket_clients import Client
from tests.serving import Api
from vtp.rooms.tables import poll_votes

WISH = {"question": "Which?", "options": ["red", "green", "blue"], "results": "after"}
PATH = f"/api/v1/rooms/{ROOM}/polls"


async def ask(client: Client, **more: Any) -> str:
    return str((await client.ok("create-poll", {**WISH, **more}))["poll"]["pollId"])


async def vote(client: Client, poll_id: str, *choices: int) -> None:
    answer = await client.ok("vote", {"pollId": poll_id, "choices": list(choices)})
    assert answer["choices"] == sorted(choices)


async def counts_of(client: Client, poll_id: str) -> tuple[list[int], int]:
    """What staff see in the list."""
    listed = (await client.ok("get-polls"))["polls"]
    found = next(one for one in listed if one["pollId"] == poll_id)
    return found["counts"], found["votes"]


async def stored(api: Api) -> list[Any]:
    async with api.server.services.database.read() as tx:
        return list(await tx.execute(select(poll_votes)))
