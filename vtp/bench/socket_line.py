"""Engine.IO and Socket.IO by a WebSocket, as far as load clients speak it."""

from __future__ import annotations

import aiohttp

PATH = "/socket.io/?EIO=4&transport=websocket"
CONNECT, DISCONNECT, EVENT, ACK = "40", "41", "42", "43"
CLOSED = "vtp closed a connection of Socket.IO."
_PING, _PONG = "2", "3"


async def next_packet(line: aiohttp.ClientWebSocketResponse, kind: str) -> str | None:
    """The next packet that begins so; pings meanwhile are answered. None when the server has closed."""
    async for message in line:
        text = str(message.data)
        if text.startswith(kind):
            return text
        if text == _PING:
            await line.send_str(_PONG)
    return None
