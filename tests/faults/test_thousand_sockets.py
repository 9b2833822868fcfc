"""A thousand people by Socket.IO at once: what they cost in memory, and that each is told of the others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.server_process import Running, running_server

SOCKETS = 1000
PER_ROOM = 25
LIMIT_MB = 250
EVENT_PACKET = "42"  # engine.io message, Socket.IO event
ACK_PACKET = "43"
CONNECTED_PACKET = "40"


class Socket:
    """One connection, spoken to in packets: a thousand of a library's clients would weigh more."""

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse) -> None:
        self._websocket = websocket

    async def join(self, room: str) -> None:
        """Connects by Socket.IO and joins a room."""
        await self._next("0")
        await self._websocket.send_str(CONNECTED_PACKET + json.dumps({"answers": "ack"}))
        await self._next(CONNECTED_PACKET)
        await self._websocket.send_str(f'{EVENT_PACKET}1["join-room",{json.dumps({"room_id": room})}]')
        answer = await self._next(ACK_PACKET)
        assert json.loads(answer.removeprefix(f"{ACK_PACKET}1"))[0]["ok"] is True, answer

    async def count_joined(self, others: int) -> None:
        """Reads until so many others were announced."""
        for _ in range(others):
            packet = await self._next(EVENT_PACKET)
            assert json.loads(packet.removeprefix(EVENT_PACKET))[0] == "participant-joined", packet

    async def _next(self, kind: str) -> str:
        async with asyncio.timeout(30):
            while True:
                packet = await self._websocket.receive_str()
                if packet.startswith(kind):
                    return packet


@asynccontextmanager
async def sockets(server: Running) -> AsyncIterator[list[Socket]]:
    url = server.url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        made = []
        for number in range(SOCKETS):
            socket = Socket(await session.ws_connect(url, max_msg_size=0))
            await socket.join(f"room-{number // PER_ROOM}")
            made.append(socket)
        yield made


def resident_mb(server: Running) -> float:
    """Memory of the server's process and of those that it started, in MB (proc(5), VmRSS)."""
    processes = [server.process.pid, *children(server.process.pid)]
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in processes]
    return sum(int(text.partition("VmRSS:")[2].split()[0]) for text in texts) / 1024


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]


async def test_a_thousand_sockets_take_less_than_a_quarter_of_a_gigabyte(tmp_path: Path) -> None:
    settings = {"VTP_LIMITS__REQUESTS_PER_ADDRESS_PER_MINUTE": "0"}
    with running_server(tmp_path / "data", "--open-rooms", settings=settings) as server:
        before_mb = resident_mb(server)
        async with sockets(server) as everybody:
            for number, socket in enumerate(everybody):
                await socket.count_joined(PER_ROOM - 1 - number % PER_ROOM)
            after_mb = resident_mb(server)
            print(f"{before_mb:.0f} MB before, {after_mb:.0f} MB with {SOCKETS} sockets")
            assert after_mb <= LIMIT_MB
