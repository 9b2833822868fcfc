"""Janus's API over a WebSocket (subprotocol janus-protocol): one session, its handles, requests and events.

A request carries a transaction of ours. The core answers `success`, `ack` or `error` with it at once; what a
plugin does later comes as an `event` with the same transaction.
"""

import asyncio
import contextlib
import json
import secrets
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import aiohttp

from vtp.bench.peers.connect import PeerError

ANSWER_LIMIT_S = 10.0
KEEP_ALIVE_S = 20.0  # Janus ends a session after 60 s without a word
PLUGIN = "janus.plugin.videoroom"
Message = dict[str, Any]


@dataclass
class _Waiting:
    future: asyncio.Future[Message]
    takes_ack: bool


class JanusSession:
    """One Janus session. Open it with `connect`; `close` ends it and with it every handle."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting: dict[str, _Waiting] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._id = 0
        self._closed = False
        self._up: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    @classmethod
    async def connect(cls, http: aiohttp.ClientSession, url: str) -> "JanusSession":
        """Raises PeerError."""
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                socket = await http.ws_connect(url, protocols=["janus-protocol"])
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PeerError(f"Janus does not answer at {url}: {error}.") from error
        session = cls(socket)
        session._tasks.append(asyncio.create_task(session._read(), name="janus-read"))
        session._id = (await session._request({"janus": "create"}))["data"]["id"]
        session._tasks.append(asyncio.create_task(session._keep_alive(), name="janus-keep-alive"))
        return session

    async def attach(self) -> int:
        """A new handle of the videoroom plugin. Raises PeerError, as all that follow."""
        answer = await self._request({"janus": "attach", "plugin": PLUGIN})
        return int(answer["data"]["id"])

    async def detach(self, handle: int) -> None:
        """Ends a handle and its PeerConnection."""
        self._up.pop(handle, None)
        await self._request({"janus": "detach", "handle_id": handle})

    async def ask(self, handle: int, body: Message, *, jsep: Message | None = None) -> Message:
        """Sends a request to the plugin; its answer, with the plugin's own words and maybe a `jsep`.

        Raises PeerError with the plugin's words when it refuses.
        """
        message: Message = {"janus": "message", "handle_id": handle, "body": body}
        if jsep is not None:
            message["jsep"] = jsep
        answer = await self._request(message)
        words = answer.get("plugindata", {}).get("data", {})
        if "error" in words:
            raise PeerError(f"Janus refuses {body['request']}: {words['error']}.")
        return {**words, "jsep": answer.get("jsep")}

    async def no_more_candidates(self, handle: int) -> None:
        """Tells Janus that our description had all; it finds our address by our checks."""
        await self._request(
            {"janus": "trickle", "handle_id": handle, "candidate": {"completed": True}}, takes_ack=True
        )

    async def until_up(self, handle: int) -> None:
        """Waits until Janus too calls the handle's PeerConnection up: before that a feed cannot be had."""
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await self._up[handle].wait()
        except TimeoutError as error:
            raise PeerError("Janus does not call the connection up.") from error

    async def close(self) -> None:
        """Ends the session and the connection; a Janus that is gone needs no telling."""
        with contextlib.suppress(PeerError):
            await self._request({"janus": "destroy"})
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()

    async def _request(self, message: Message, *, takes_ack: bool = False) -> Message:
        transaction = secrets.token_hex(8)
        waiting = _Waiting(asyncio.get_running_loop().create_future(), takes_ack)
        self._waiting[transaction] = waiting
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                await self._send({**message, "transaction": transaction})
                return await waiting.future
        except TimeoutError as error:
            raise PeerError(f"Janus does not answer {message['janus']}.") from error
        finally:
            del self._waiting[transaction]

    async def _send(self, message: Message) -> None:
        if self._closed:
            raise PeerError("Janus has closed the connection.")
        if self._id:
            message["session_id"] = self._id
        try:
            await self._socket.send_json(message)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise PeerError("Janus has closed the connection.") from error

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.TEXT:
                self._take(json.loads(frame.data))
        self._closed = True
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(PeerError("Janus has closed the connection."))

    def _take(self, message: Message) -> None:
        """Hands an answer to who waits for it; what nobody asked for (media, slowlink) is let go."""
        waiting = self._waiting.get(message.get("transaction", ""))
        kind = message["janus"]
        if kind == "webrtcup":
            self._up[message["sender"]].set()
        if waiting is None or waiting.future.done() or (kind == "ack" and not waiting.takes_ack):
            return
        if kind == "error":
            waiting.future.set_exception(PeerError(f"Janus says: {message['error']['reason']}."))
        else:
            waiting.future.set_result(message)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEP_ALIVE_S)
            with contextlib.suppress(PeerError):
                await self._request({"janus": "keepalive"}, takes_ack=True)
