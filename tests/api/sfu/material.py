"""A server-side program that speaks only `/sfu`, and what of a server its calls can change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.socket_clients import VIDEO
from tests.serving import Answer, Api
from vtp.accounts.tokens import service_claims
from vtp.signalling.sfu_peers import SfuPeers

AUDIO = {
    "mid": "1",
    "codecs": [{"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48000, "channels": 2}],
    "encodings": [{"ssrc": 2222}],
    "rtcp": {"cname": "teacher"},
}
SCTP = {"streamId": 1, "ordered": True}
UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057"


def service_token(
    api: Api, *, create: bool = True, ttl: timedelta = timedelta(hours=1), made: datetime | None = None
) -> str:
    now = made or datetime.now(UTC)
    claims = service_claims(name="The school's server", create=create, now=now, ttl=ttl)
    return api.server.services.accounts.tokens.sign_service(claims, now)


@dataclass
class Service:
    """A server-side program that speaks only `/sfu`."""

    api: Api
    token: str
    room: str = "algebra"

    async def call(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        return await self.api.call(method, f"/sfu{path}", body, by=self.token, **more)

    async def ok(self, method: str, path: str, body: object = None) -> Any:
        answer = await self.call(method, path, body)
        assert answer.status == 200, answer
        return answer.body

    async def post(self, path: str, body: object = None) -> Any:
        return await self.ok("POST", f"/rooms/{self.room}{path}", body)

    async def get(self, path: str = "") -> Any:
        return await self.ok("GET", f"/rooms/{self.room}{path}")

    async def join(self, peer: str, **more: Any) -> Any:
        return await self.post("/peers", {"peerId": peer, "fullName": peer.title(), **more})

    async def transport(self, peer: str, direction: str, **more: Any) -> Any:
        return await self.post("/transports", {"peerId": peer, "direction": direction, **more})

    async def produce(self, peer: str, kind: str = "video", **more: Any) -> Any:
        parameters = VIDEO if kind == "video" else AUDIO
        return await self.post(
            "/producers", {"peerId": peer, "kind": kind, "rtpParameters": parameters, **more}
        )


def state(api: Api) -> Any:
    """All that a call could have changed of rooms and media."""
    return [
        (
            live.id,
            sorted(one.participant_id for one in live.people.participants),
            sorted(
                (one.id, one.is_up, str(getattr(one, "ice_parameters", "")), str(getattr(one, "remote", "")))
                for one in live.router.transports.values()
            ),
            sorted((one.id, one.paused) for one in live.router.producers.values()),
            sorted((one.id, one.paused) for one in live.router.consumers.values()),
            sorted(live.router.data_producers),
        )
        for live in api.server.services.live_rooms.rooms
    ]


async def room_names(api: Api, service: Service) -> list[str]:
    return sorted(one["roomId"] for one in (await service.ok("GET", "/rooms"))["rooms"])


def peers_of(api: Api) -> SfuPeers:
    """The service's own list, behind the door."""
    peers = api.server.services.sfu
    assert peers is not None
    return peers.peers
