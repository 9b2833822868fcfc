"""A class with somebody of every role in it, and for every call a payload that is right at the moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.api.socket_clients import DTLS, VIDEO, Client, School
from vtp.ids import new_id
from vtp.signalling.peers import MAX_TRANSPORTS

ROOM = "algebra"
ROLES = ("admin", "teacher", "assistant", "student", "guest")
Payload = dict[str, Any]


@dataclass
class Classroom:
    """Everybody is in the room; `others` come and go as calls need them."""

    school: School
    people: dict[str, Client] = field(default_factory=dict)
    link: str = ""
    _transports: Counter[Client] = field(default_factory=Counter)
    _lobby_is_open: bool = False
    _newcomers: list[Client] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    async def open(cls, school: School) -> Classroom:
        """Somebody of each role enters; the guest by a link that lets them publish."""
        room = cls(school)
        owner = await school.api.person("admin")
        await school.room(owner, ROOM)
        made = await school.api.call("POST", f"/api/v1/rooms/{ROOM}/links", {"publish": True}, by=owner)
        assert made.status == 201, made
        room.link = made.body["token"]
        room.people["admin"] = await school.connect(owner)
        for role in ROLES[1:]:
            room.people[role] = await room.newcomer(role)
        room._newcomers.clear()
        for client in room.people.values():
            await client.join(ROOM)
        return room

    async def newcomer(self, role: str) -> Client:
        """Somebody who is connected and in no room."""
        who = (
            self.link if role == "guest" else await self.school.api.person(role, f"{new_id()}@school.example")
        )
        client = await self.school.connect(who)
        self._newcomers.append(client)
        return client

    async def see_off(self) -> None:
        """Newcomers go: what happens is told to everybody in a room, and takes longer the more they are."""
        for client in self._newcomers:
            if client.io.connected:
                await client.call("leave-room", {})
                await client.io.disconnect()
        self._newcomers.clear()

    async def student(self) -> Client:
        """One more student, in the room."""
        await self.close_lobby()
        client = await self.newcomer("student")
        await client.join(ROOM)
        return client

    @property
    def teacher(self) -> Client:
        """Who prepares what calls are about."""
        return self.people["admin"]

    # Media

    def _parameters(self, *, sound: bool) -> Payload:
        number = next(self._numbers)
        same = {"mid": f"m{number}", "encodings": [{"ssrc": 10_000 + number}]}
        if not sound:
            return {**VIDEO, **same}
        codec = {"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}
        return {**same, "codecs": [codec], "rtcp": {"cname": "somebody"}}

    async def transport(self, by: Client, direction: str, *, data: bool = False) -> str:
        """A new transport; a peer has only so many, so they come anew before there are too many."""
        if self._transports[by] >= MAX_TRANSPORTS - 2:  # calls make some themselves
            await by.ok("leave-room")
            await by.join(ROOM)
            self._transports[by] = 0
        self._transports[by] += 1
        made = await by.ok("create-transport", {"direction": direction, "enableSctp": data})
        return str(made["id"])

    async def produce(self, by: Client, *, sound: bool = True) -> Payload:
        """A payload of `produce`."""
        transport = await self.transport(by, "send")
        kind = "audio" if sound else "video"
        return {"transportId": transport, "kind": kind, "rtpParameters": self._parameters(sound=sound)}

    async def producer(self, by: Client, *, sound: bool = True) -> Payload:
        """A payload that names a producer of theirs."""
        made = await by.ok("produce", await self.produce(by, sound=sound))
        return {"producerId": made["id"]}

    async def consume(self, by: Client, *, sound: bool = True) -> Payload:
        """A payload of `consume`."""
        producer = await self.producer(await self.student(), sound=sound)
        transport = await self.transport(by, "recv")
        capabilities = by.joined["mediasoup"]["rtpCapabilities"]
        return {"transportId": transport, **producer, "rtpCapabilities": capabilities}

    async def consumer(self, by: Client, *, sound: bool = True) -> Payload:
        """A payload that names a consumer of theirs."""
        made = await by.ok("consume", await self.consume(by, sound=sound))
        return {"consumerId": made["id"]}

    async def produce_data(self, by: Client) -> Payload:
        """A payload of `produce-data`."""
        transport = await self.transport(by, "send", data=True)
        return {"transportId": transport, "sctpStreamParameters": {"streamId": 1, "ordered": True}}

    async def data_producer(self, by: Client) -> Payload:
        """A payload that names a data producer of theirs."""
        made = await by.ok("produce-data", await self.produce_data(by))
        return {"dataProducerId": made["id"]}

    async def consume_data(self, by: Client) -> Payload:
        """A payload of `consume-data`."""
        producer = await self.data_producer(await self.student())
        return {"transportId": await self.transport(by, "recv", data=True), **producer}

    async def data_consumer(self, by: Client) -> Payload:
        """A payload that names a data consumer of theirs."""
        made = await by.ok("consume-data", await self.consume_data(by))
        return {"dataConsumerId": made["id"]}

    # What staff do things to

    async def somebody(self, by: Client) -> Payload:
        """A payload that names a student."""
        return {"participantId": (await self.student()).joined["participant_id"]}

    async def banned(self, by: Client) -> Payload:
        """A payload that names a ban."""
        await self.teacher.ok("remove", {**await self.somebody(by), "ban": True})
        return {"banId": (await self.teacher.ok("get-bans"))["bans"][0]["banId"]}

    async def waiting(self, by: Client) -> Payload:
        """A payload that names somebody in the lobby."""
        await self.teacher.ok("change-settings", {"settings": {"lobby": True}})
        self._lobby_is_open = True
        client = await self.newcomer("student")
        waits = await client.ok("join-room", {"room_id": ROOM})
        assert waits["waiting"] is True
        return {"participantId": waits["participant_id"]}

    async def close_lobby(self) -> None:
        """Nobody waits any more."""
        if self._lobby_is_open:
            await self.teacher.ok("change-settings", {"settings": {"lobby": False}})
            self._lobby_is_open = False

    async def raised(self, by: Client) -> Payload:
        """A payload that names somebody else's hand."""
        other = await self.student()
        await other.ok("raise-hand")
        return {"participantId": other.joined["participant_id"]}

    async def poll(self, by: Client) -> Payload:
        """A payload that names an open poll, the only one."""
        await self.new_poll(by)
        made = await self.teacher.ok("create-poll", POLL)
        return {"pollId": made["poll"]["pollId"]}

    async def new_poll(self, by: Client) -> Payload:
        """A payload of `create-poll`, while none is open: there may be only so many."""
        for poll in (await self.teacher.ok("get-polls"))["polls"]:
            if poll["status"] == "open":
                await self.teacher.ok("close-poll", {"pollId": poll["pollId"]})
        return dict(POLL)

    async def closed_poll(self, by: Client) -> Payload:
        """A payload that names a poll that has ended."""
        named = await self.poll(by)
        await self.teacher.ok("close-poll", named)
        return named

    async def message(self, by: Client) -> Payload:
        """A payload that names a message of theirs."""
        return {"messageId": (await by.ok("send-chat", {"text": "Hello"}))["message"]["id"]}

    async def message_of_another(self, by: Client) -> Payload:
        """A payload that names a message of somebody else."""
        return await self.message(await self.student())

    async def breakouts(self, by: Client, *, choose: bool = True) -> str:
        """The id of one of two breakout rooms."""
        await self.teacher.call("close-breakouts")
        wish: list[Payload] = [{"name": name, "participantIds": []} for name in ("One", "Two")]
        opened = await self.teacher.ok("open-breakouts", {"groups": wish, "choose": choose})
        return str(opened["groups"][0]["groupId"])

    async def no_breakouts(self) -> None:
        """Everybody is back."""
        await self.teacher.call("close-breakouts")


POLL: Payload = {"question": "What now?", "options": ["Go on", "Again"], "results": "live"}
Builder = Callable[[Classroom, Client], Awaitable[Payload]]


def fixed(payload: Payload) -> Builder:
    """The same payload always."""

    async def build(room: Classroom, by: Client) -> Payload:
        return dict(payload)

    return build


def joined_with(build: Builder, payload: Payload) -> Builder:
    """What a builder gives, and this."""

    async def built(room: Classroom, by: Client) -> Payload:
        return {**await build(room, by), **payload}

    return built


async def connect_transport(room: Classroom, by: Client) -> Payload:
    return {"transportId": await room.transport(by, "recv"), "dtlsParameters": DTLS}


async def names_transport(room: Classroom, by: Client) -> Payload:
    return {"transportId": await room.transport(by, "recv")}


async def video_consumer(room: Classroom, by: Client) -> Payload:
    return {**await room.consumer(by, sound=False), "spatialLayer": 0}


async def vote(room: Classroom, by: Client) -> Payload:
    return {**await room.poll(by), "choices": [1]}


async def pin(room: Classroom, by: Client) -> Payload:
    return await room.producer(await room.student(), sound=False)


async def open_breakouts(room: Classroom, by: Client) -> Payload:
    await room.no_breakouts()
    return {"groups": [{"name": "One", "participantIds": []}, {"name": "Two", "participantIds": []}]}


async def join_breakout(room: Classroom, by: Client) -> Payload:
    return {"groupId": await room.breakouts(by)}


async def assign_breakout(room: Classroom, by: Client) -> Payload:
    somebody = await room.somebody(by)
    return {"groupId": await room.breakouts(by), **somebody}


async def broadcast(room: Classroom, by: Client) -> Payload:
    await room.breakouts(by)
    return {"text": "Five minutes"}


async def close_breakouts(room: Classroom, by: Client) -> Payload:
    await room.breakouts(by)
    return {}


async def to_somebody(room: Classroom, by: Client) -> Payload:
    return {"to": (await room.somebody(by))["participantId"]}
