"""Foreign clients of Socket.IO, and a school with rooms where they meet."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import socketio

from tests.serving import Api, Person

VIDEO = {
    "mid": "0",
    "codecs": [
        {
            "mimeType": "video/VP8",
            "payloadType": 96,
            "clockRate": 90000,
            "parameters": {},
            "rtcpFeedback": [{"type": "nack"}, {"type": "nack", "parameter": "pli"}],
        }
    ],
    "headerExtensions": [],
    "encodings": [{"ssrc": 1111}],
    "rtcp": {"cname": "teacher"},
}
DTLS = {
    "role": "client",
    "fingerprints": [{"algorithm": "sha-256", "value": ":".join(["AB"] * 32)}],
}


class Client:
    """A socket.io client that keeps what it is pushed."""

    def __init__(self) -> None:
        self.io = socketio.AsyncClient(reconnection=False)
        self.pushed: list[tuple[str, Any]] = []
        self.seq = 0
        self._news = asyncio.Event()
        self.gone = asyncio.Event()
        self.joined: dict[str, Any] = {}
        self.io.on("*", self._note)
        self.io.on("disconnect", self._end)

    async def _note(self, event: str, data: Any = None) -> None:
        self.pushed.append((event, data))
        if isinstance(data, dict):
            self.seq = max(self.seq, data.get("seq", 0))
        self._news.set()

    async def _end(self, reason: str = "") -> None:
        self.gone.set()

    async def call(self, event: str, payload: Any = None) -> dict[str, Any]:
        answer: dict[str, Any] = await self.io.call(event, {} if payload is None else payload, timeout=30)
        return answer

    async def ok(self, event: str, payload: Any = None) -> dict[str, Any]:
        answer = await self.call(event, payload)
        assert answer["ok"] is True, answer
        return answer

    async def pushes(self, event: str) -> Any:
        """The payload of the next such event, from the first one on that was not asked for yet."""
        async with asyncio.timeout(20):
            while True:
                for at, (name, data) in enumerate(self.pushed):
                    if name == event:
                        del self.pushed[at]
                        return data
                self._news.clear()
                await self._news.wait()

    async def until(self, seq: int) -> None:
        """Waits for all pushes up to this number."""
        async with asyncio.timeout(20):
            while self.seq < seq:
                self._news.clear()
                await self._news.wait()

    async def join(self, room: str, **more: Any) -> dict[str, Any]:
        self.joined = await self.ok("join-room", {"room_id": room, **more})
        return self.joined


CONNECT_LIMIT_S = 30  # a busy machine takes longer than the second that Socket.IO's client waits


class School:
    """A server with a room, and people who connect."""

    def __init__(self, api: Api, stack: AsyncExitStack) -> None:
        self.api = api
        self._stack = stack

    async def connect(self, who: Person | str, *, answers: str = "ack", **auth: Any) -> Client:
        client = Client()
        token = who.access_token if isinstance(who, Person) else who
        said = {"token": token, "answers": answers, **auth}
        await client.io.connect(self.api.base_url, auth=said, wait_timeout=CONNECT_LIMIT_S)
        self._stack.push_async_callback(client.io.disconnect)
        return client

    async def room(self, owner: Person, slug: str = "algebra", **settings: Any) -> str:
        body = {"room_id": slug, "room_name": slug.title(), "settings": settings}
        answer = await self.api.call("POST", "/api/v1/signalling/room/create", body, by=owner)
        assert answer.status in (200, 201), answer
        return slug
