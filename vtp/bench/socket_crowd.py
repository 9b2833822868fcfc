"""Many people on Socket.IO, each by a WebSocket that does nothing but stay: what a server keeps for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from vtp.bench.peers.connect import PeerError
from vtp.bench.vtp_server import VtpServer

AT_ONCE = 25
ANSWER_LIMIT_S = 20.0
_PATH = "/socket.io/?EIO=4&transport=websocket"
_PING, _PONG, _CONNECT, _CONNECTED, _EVENT, _ACK = "2", "3", "40", "40", "42", "43"


@contextlib.asynccontextmanager
async def crowd(server: VtpServer, people: int, rooms: list[str]) -> AsyncIterator[None]:
    """So many people, dealt out to the rooms, who have joined and stay as long as the block runs."""
    limit = asyncio.Semaphore(AT_ONCE)
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as staying:

        async def join(number: int) -> aiohttp.ClientWebSocketResponse:
            async with limit:
                line = await stack.enter_async_context(server.websocket(_PATH))
                await _join(line, rooms[number % len(rooms)], f"Person {number}")
                return line

        async with asyncio.TaskGroup() as joining:
            joins = [joining.create_task(join(number)) for number in range(people)]
        tasks = [staying.create_task(_stay(one.result())) for one in joins]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _join(line: aiohttp.ClientWebSocketResponse, room: str, name: str) -> None:
    await line.send_str(_CONNECT + "{}")
    await _heard(line, _CONNECTED)
    await line.send_str(f"{_EVENT}0" + json.dumps(["join-room", {"roomId": room, "full_name": name}]))
    answer: Any = json.loads((await _heard(line, f"{_ACK}0")).removeprefix(f"{_ACK}0"))
    if not answer or not answer[0].get("success"):
        raise PeerError(f"vtp let nobody into {room}: {str(answer)[:200]}")


async def _heard(line: aiohttp.ClientWebSocketResponse, prefix: str) -> str:
    """The next packet that begins so. Raises PeerError when the server closes, or keeps silent."""
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            async for message in line:
                text = str(message.data)
                if text.startswith(prefix):
                    return text
                await _answer(line, text)
    except TimeoutError:
        raise PeerError(f"vtp did not answer on Socket.IO within {ANSWER_LIMIT_S:.0f} s.") from None
    raise PeerError("vtp closed a connection of Socket.IO.")


async def _stay(line: aiohttp.ClientWebSocketResponse) -> None:
    async for message in line:
        await _answer(line, str(message.data))


async def _answer(line: aiohttp.ClientWebSocketResponse, text: str) -> None:
    if text == _PING:
        await line.send_str(_PONG)
