"""People of each role in one room, as tests of what happens in a class have them."""

from __future__ import annotations

from typing import Any

from tests.api.socket_clients import VIDEO, Client, School
from vtp.ids import new_id

SOUND = {
    "mid": "1",
    "codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}],
    "encodings": [{"ssrc": 2222}],
    "rtcp": {"cname": "somebody"},
}
ROOM = "algebra"


async def enter(school: School, role: str) -> Client:
    """Somebody new of a role in the room; a `guest` comes by a link."""
    who = await invite(school) if role == "guest" else await school.api.person(role, f"{new_id()}@x.example")
    client = await school.connect(who)
    await client.join(ROOM)
    return client


async def invite(school: School, **more: Any) -> str:
    """The token of a new link."""
    admin = await school.api.person("admin", f"{new_id()}@x.example")
    answer = await school.api.call("POST", f"/api/v1/rooms/{ROOM}/links", {"publish": True, **more}, by=admin)
    assert answer.status == 201, answer
    return str(answer.body["token"])


async def open_class(school: School, *roles: str, **settings: Any) -> list[Client]:
    """A room with one person of each role."""
    await school.room(await school.api.person("admin", "owner@x.example"), ROOM, **settings)
    return [await enter(school, role) for role in roles]


def id_of(client: Client) -> str:
    return str(client.joined["participant_id"])


async def refused(client: Client, event: str, payload: Any = None) -> str:
    """The word of a call that must fail."""
    answer = await client.call(event, payload)
    assert answer["ok"] is False, answer
    return str(answer["code"])


async def send(client: Client, kind: str = "video", mid: str = "0", ssrc: int = 1111) -> str:
    """Sends something; gives the producer's id."""
    base = VIDEO if kind == "video" else SOUND
    parameters = {**base, "mid": f"{kind}{mid}", "encodings": [{"ssrc": ssrc + (kind == "audio")}]}
    return str((await client.ok("produce", {"kind": kind, "rtpParameters": parameters}))["id"])


def has_been_told(client: Client, event: str) -> bool:
    """Whether such a push has come that was not asked for yet."""
    return any(name == event for name, _ in client.pushed)
