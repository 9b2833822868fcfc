"""Many people on Socket.IO, each by a WebSocket that does nothing but stay: what a server keeps for them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from vtp.bench.peers.connect import PeerError
from vtp.bench.socket_line import ACK, CLOSED, CONNECT, DISCONNECT, EVENT, PATH, next_packet
from vtp.bench.vtp_server import VtpServer

AT_ONCE = 25
ANSWER_LIMIT_S = 20.0


@contextlib.asynccontextmanager
async def crowd(server: VtpServer, people: int, rooms: list[str]) -> AsyncIterator[None]:
    """So many people, dealt out to the rooms, who have joined and stay as long as the block runs."""
    limit = asyncio.Semaphore(AT_ONCE)
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as staying:

        async def join(number: int) -> aiohttp.ClientWebSocketResponse:
            async with limit:
                line = await stack.enter_async_context(server.websocket(PATH))
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
    await line.send_str(CONNECT + "{}")
    await _heard(line, CONNECT)
    await line.send_str(f"{EVENT}0" + json.dumps(["join-room", {"roomId": room, "full_name": name}]))
    answer: Any = json.loads((await _heard(line, f"{ACK}0")).removeprefix(f"{ACK}0"))
    if not answer or not answer[0].get("success"):
        raise PeerError(f"vtp let nobody into {room}: {str(answer)[:200]}")


async def _heard(line: aiohttp.ClientWebSocketResponse, prefix: str) -> str:
    """The next packet that begins so. Raises PeerError when the server closes, or keeps silent."""
    try:
        async with asyncio.timeout(ANSWER_LIMIT_S):
            heard = await next_packet(line, prefix)
    except TimeoutError:
        raise PeerError(f"vtp did not answer on Socket.IO within {ANSWER_LIMIT_S:.0f} s.") from None
    if heard is None:
        raise PeerError(CLOSED)
    return heard


async def _stay(line: aiohttp.ClientWebSocketResponse) -> None:
    while await next_packet(line, DISCONNECT):
        pass
