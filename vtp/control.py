"""The control socket: how `vtp admin drain` speaks to the running server of the same data folder.

A Unix socket that only the owner can open. One line of JSON asks (`{"command": "drain"}`), lines of JSON
answer, and the end of the stream means that the server has ended too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from vtp.data_folder import CONTROL_SOCKET, run_folder
from vtp.errors import StartupError

MAX_LINE_BYTES = 4096
Answers = AsyncIterator[dict[str, Any]]
Commands = dict[str, Callable[[], Answers]]


class ControlServer:
    """Listens in the data folder while the server runs."""

    def __init__(self, server: asyncio.Server, path: Path) -> None:
        self._server = server
        self._path = path

    @classmethod
    async def open(cls, data_dir: Path, commands: Commands) -> ControlServer:
        """Starts to listen; the caller holds the folder's lock, so a socket file left behind is stale."""
        path = run_folder(data_dir) / CONTROL_SOCKET
        path.unlink(missing_ok=True)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _serve(commands, reader, writer)

        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        with _short_path(path) as short:
            listener.bind(short)
        path.chmod(0o600)
        server = await asyncio.start_unix_server(serve, sock=listener, limit=MAX_LINE_BYTES)
        return cls(server, path)

    async def close(self) -> None:
        """Stops to listen; connections end with the process."""
        self._server.close()
        self._path.unlink(missing_ok=True)


async def _serve(commands: Commands, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        try:
            question = json.loads(await reader.readline())
            command = commands.get(question["command"])
        except (ValueError, KeyError, TypeError):
            command = None
        if command is None:
            await _send(writer, {"error": f"Unknown command; there is: {', '.join(commands)}."})
        else:
            async for answer in command():
                await _send(writer, answer)
            await reader.read()  # until the client goes, or this process does
    writer.close()


async def _send(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()


async def ask(data_dir: Path, command: str) -> AsyncGenerator[dict[str, Any], None]:
    """Sends one command to the server of a data folder and yields its answers until it ends.

    Raises StartupError when no server runs there.
    """
    path = run_folder(data_dir.absolute()) / CONTROL_SOCKET
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short_path(path) as short:
            client.connect(short)
    except OSError as error:
        client.close()
        raise StartupError(
            f"No vtp server runs on the data folder {data_dir.absolute()}; start one, or name its folder "
            "with VTP_DATA_DIR."
        ) from error
    reader, writer = await asyncio.open_unix_connection(sock=client, limit=MAX_LINE_BYTES)
    await _send(writer, {"command": command})
    try:
        while line := await _read_line(reader):
            yield json.loads(line)
    finally:
        writer.close()


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


@contextlib.contextmanager
def _short_path(path: Path) -> Iterator[str]:
    """A name of at most 107 bytes for a socket in any folder (unix(7)): through the folder's descriptor."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
