"""A way in from the emulated network to a server with open rooms, which is for its own machine only.

It listens on 127.0.0.1 and answers as localhost alone: `door` hands on what comes by the network, and
`Localhost` lets clients call it by that name.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp.abc import AbstractResolver, ResolveResult

_CHUNK = 65_536


class Localhost(AbstractResolver):
    """Finds every name at one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._family = socket.AF_INET6 if ":" in address else socket.AF_INET

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = ResolveResult(
            hostname=host, host=self._address, port=port, family=self._family, proto=0, flags=0
        )
        return [found]

    async def close(self) -> None:
        """Holds nothing."""


@contextlib.asynccontextmanager
async def door(address: str, port: int) -> AsyncIterator[int]:
    """Hands TCP connections to `address` on to `port` of 127.0.0.1; gives the port of the way in.

    Both ends are in the namespace of the calling thread.
    """
    inside: set[asyncio.Task[None]] = set()

    async def enter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            inside.add(task)
            task.add_done_callback(inside.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            further, answer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_hand_on(reader, answer), _hand_on(further, writer))

    server = await asyncio.start_server(enter, address, 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in inside:
            task.cancel()
        await asyncio.gather(*inside, return_exceptions=True)
        await server.wait_closed()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the end of one side, which is then told to the other."""
    try:
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
