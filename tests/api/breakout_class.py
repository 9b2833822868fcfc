"""A class that is divided into breakout rooms: people with transports both ways, and what each is told."""

from __future__ import annotations

from typing import Any

from tests.api.socket_clients import VIDEO, Client, School
from tests.serving import Person
from vtp.ids import new_id
from vtp.rooms.breakouts import Breakout, Breakouts
from vtp.rooms.live import PARTICIPANT_ID, LiveRoom
from vtp.rooms.participants import participant_of


class Pupil:
    """Somebody in the room, with transports both ways and what they send and get."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.camera = ""

    @property
    def id(self) -> str:
        return str(self.client.joined["participant_id"])

    async def send(self) -> str:
        self.camera = (await self.client.ok("produce", {"kind": "video", "rtpParameters": VIDEO}))["id"]
        return self.camera

    def wish(self, producer_id: str) -> dict[str, Any]:
        capabilities = self.client.joined["mediasoup"]["rtpCapabilities"]
        return {"producerId": producer_id, "rtpCapabilities": capabilities}

    async def watch(self, other: Pupil) -> str:
        return str((await self.client.ok("consume", self.wish(other.camera)))["id"])

    async def refused(self, event: str, payload: Any = None) -> str:
        answer = await self.client.call(event, payload)
        assert answer["ok"] is False, answer
        return str(answer["code"])

    async def told(self, event: str) -> Any:
        return await self.client.pushes(event)

    async def names(self) -> list[str]:
        """The events that were pushed until now and not asked for yet."""
        now = await self.client.ok("join-room", {"room_id": "algebra"})
        await self.client.until(now["seq"])
        return [name for name, _ in self.client.pushed]

    async def forget(self) -> None:
        """Asks for none of the events that were pushed until now."""
        await self.names()
        self.client.pushed.clear()

    async def seen(self) -> set[str]:
        """The producers that they are told of in the room as it is."""
        peers = (await self.client.ok("get-room-info"))["peers"]
        assert all(one["producerCount"] == len(one["producers"]) for one in peers)
        return {made["producerId"] for one in peers for made in one["producers"]}


class Class:
    """An open room, and people who enter it."""

    def __init__(self, school: School, live: LiveRoom, owner: Person) -> None:
        self.school = school
        self.live = live
        self.owner = owner

    async def enter(self, role: str = "student", *, who: Person | str = "", **auth: Any) -> Pupil:
        who = who or await self.school.api.person(role, f"{new_id()}@school.example")
        client = await self.school.connect(who, **auth)
        await client.join("algebra")
        for direction in ("send", "recv"):
            await client.ok("create-transport", {"direction": direction, "enableSctp": True})
        return Pupil(client)

    async def guest(self, name: str) -> Pupil:
        link = await self.school.api.call(
            "POST", "/api/v1/rooms/algebra/links", {"name": name, "publish": True}, by=self.owner
        )
        return await self.enter(who=link.body["token"])

    def across(self) -> list[str]:
        """The consumers that cross a border; there must be none."""
        found = []
        for transport in self.live.router.transports.values():
            owner = participant_of(transport)
            assert owner is not None
            for consumer in transport.consumers.values():
                assert consumer.producer is not None
                sender = str(consumer.producer.app_data[PARTICIPANT_ID])
                if not self.live.groups.are_together(owner.participant_id, sender):
                    found.append(consumer.id)
        return found


async def divided_class(school: School) -> Class:
    owner = await school.api.person("admin")
    await school.room(owner)
    return Class(school, await school.api.open_room("algebra"), owner)


def groups(*pupils: list[Pupil]) -> dict[str, Any]:
    named = enumerate(pupils, 1)
    return {"groups": [{"name": f"Group {at}", "participantIds": [p.id for p in g]} for at, g in named]}


def breakouts(lesson: Class) -> list[Breakout]:
    return lesson.live.part(Breakouts).groups
