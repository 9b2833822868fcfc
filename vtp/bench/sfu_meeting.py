"""Meetings on vtp as a server-side program makes them by `/sfu`: one transport to send, another to receive.

docs/sfu.md has the calls. Who receives is the same peer as who sends, as in a page.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vtp.bench.client_ortc import (
    Json,
    read_parameters,
    read_transport,
    receivable,
    write_dtls,
    write_parameters,
)
from vtp.bench.client_sdp import AnsweredMedia, OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.peers.connect import Caller, PeerError, connect
from vtp.bench.sfu import Leg, View


class Calls(Protocol):
    """The HTTP half: a call of the server's API, which gives the answer's JSON or raises PeerError."""

    async def __call__(self, method: str, path: str, body: object = None) -> Any: ...


@dataclass(eq=False)
class Attendee:
    """What a Leg of a meeting is on vtp: its peer, its transport there, and what it sends by kind."""

    meeting: SfuMeeting
    peer: str
    capabilities: Json
    transport: str = ""
    client: int = -1
    producers: dict[str, str] = field(default_factory=dict)

    async def close(self) -> None:
        """Ends the transport on both sides. Raises PeerError."""
        await self.meeting.close(self)


class SfuMeeting:
    """One room, which is made by its first participant."""

    def __init__(self, driver: ClientDriver, call: Calls, room: str) -> None:
        self._driver = driver
        self._call = call
        self._room = room

    async def attend(self, media: Sequence[OfferedMedia]) -> Leg:
        """A new peer with a transport to send by, and a producer for each line. PeerError, ConnectError."""
        peer, caller, posted_ns = secrets.token_hex(8), Caller(), time.time_ns()
        joined = await self._post("peers", {"peerId": peer, "fullName": peer, "role": "teacher"})
        seat = Attendee(self, peer, joined["rtpCapabilities"])
        told = await self._transport(seat, "send")
        lines = []
        for line in media:
            parameters = write_parameters(line, seat.capabilities, caller.cname)
            wanted = {"peerId": peer, "transportId": seat.transport, "kind": line.kind}
            made = await self._post("producers", {**wanted, "rtpParameters": parameters})
            seat.producers[line.kind] = made["id"]
            lines.append(read_parameters(line.kind, parameters))
        await self._connect(seat, told, caller)
        return Leg(seat.client, lines, posted_ns, time.time_ns(), seat)

    async def receive(self, participant: Leg, views: Sequence[View]) -> Leg:
        """A transport of the participant's peer, with a consumer for all it sees and hears. PeerError,
        ConnectError."""
        sender: Attendee = participant.handle
        seat = Attendee(self, sender.peer, sender.capabilities)
        caller, posted_ns = Caller(), time.time_ns()
        told = await self._transport(seat, "recv")
        wanted = {
            "peerId": seat.peer,
            "transportId": seat.transport,
            "rtpCapabilities": receivable(seat.capabilities),
        }
        media, origins = [], []
        for view in views:
            for kind, producer in view.publisher.handle.producers.items():
                if kind in view.kinds:
                    made = await self._post("consumers", {**wanted, "producerId": producer})
                    media.append(_line(kind, made["rtpParameters"]))
                    origins.append(view.publisher)
        await self._connect(seat, told, caller)
        return Leg(seat.client, media, posted_ns, time.time_ns(), seat, origins)

    async def close(self, seat: Attendee) -> None:
        """Ends an attendee's transport. Raises PeerError."""
        self._driver.remove_client(seat.client)
        await self._post(f"transports/{seat.transport}/close", {"peerId": seat.peer})

    async def _transport(self, seat: Attendee, direction: str) -> Json:
        told: Json = await self._post("transports", {"peerId": seat.peer, "direction": direction})
        seat.transport = told["id"]
        return told

    async def _connect(self, seat: Attendee, told: Json, caller: Caller) -> None:
        """ICE and DTLS, once the server knows our fingerprint."""
        remote = read_transport(told)
        remote = dataclasses.replace(remote, candidates=self._driver.reroute(remote.candidates))
        dtls = write_dtls(self._driver.identity.fingerprint)
        try:
            seat.client = self._driver.add_client(remote, caller.ice, cname=caller.cname)
        except (ValueError, OSError) as error:
            raise PeerError(f"vtp's transport cannot be used: {error}") from error
        told_fingerprint = self._post(f"transports/{seat.transport}/connect", {"dtlsParameters": dtls})
        await connect(self._driver, seat.client, remote, told_fingerprint)

    async def _post(self, path: str, body: Json) -> Any:
        return await self._call("POST", f"/sfu/rooms/{self._room}/{path}", body)


def _line(kind: str, parameters: Json) -> AnsweredMedia:
    try:
        return read_parameters(kind, parameters)
    except ValueError as error:
        raise PeerError(str(error)) from error
