"""versitygw, a real S3 server over a folder, as a process; and what stands between it and its clients."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from scripts.build_versitygw import PACKAGE, VERSION
from tests.free_ports import free_ports
from vtp.bench.go_program import built
from vtp.settings import StorageSettings

BUCKET = "school"
START_LIMIT_S = 30.0


def why_not() -> str:
    """Why there is no S3 server; empty when there is."""
    return (
        ""
        if built(PACKAGE, VERSION)
        else "no S3 server: `make test-long PART=store` builds versitygw and runs these"
    )


@dataclass
class S3Server:
    """One bucket below `folder`; what is in it is looked at there."""

    folder: Path
    port: int
    keys: tuple[str, str] = ("first-key", "first-secret")
    process: asyncio.subprocess.Process | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def objects(self) -> dict[str, Path]:
        """Every object of the bucket by its key."""
        root = self.folder / BUCKET
        found = [path for path in root.rglob("*") if path.is_file() and ".sgwtmp" not in path.parts]
        return {path.relative_to(root).as_posix(): path for path in found}

    def settings(self, **more: object) -> StorageSettings:
        """How vtp uses it."""
        wish = {"url": f"s3://{BUCKET}/vtp", "endpoint": self.endpoint}
        if "credentials_file" not in more:
            wish |= {"access_key_id": self.keys[0], "secret_access_key": self.keys[1]}
        return StorageSettings.model_validate({**wish, **more})

    async def start(self) -> None:
        program = built(PACKAGE, VERSION)
        assert program is not None
        (self.folder / BUCKET).mkdir(parents=True, exist_ok=True)
        with self.folder.with_suffix(".log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                program,
                *("--access", self.keys[0], "--secret", self.keys[1]),
                *("--port", f"127.0.0.1:{self.port}", "posix", str(self.folder)),
                stdout=log,
                stderr=log,
                env={**os.environ, "GOMAXPROCS": "1"},
            )
        async with asyncio.timeout(START_LIMIT_S):
            while not await _answers(self.port):
                assert self.process.returncode is None, self.folder.with_suffix(".log").read_text()
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


@asynccontextmanager
async def s3_server(folder: Path) -> AsyncIterator[S3Server]:
    """Runs one until the context ends."""
    server = S3Server(folder, free_ports(1)[0])
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


@dataclass
class Request:
    """What a client wants of the store."""

    method: str
    key: str
    number: int
    """Of this method since the start, from 1."""


Rule = Callable[[Request], Awaitable[str]]
PASS, CUT, BUSY = "pass", "cut", "busy"


async def pass_all(_: Request) -> str:
    return PASS


@dataclass
class Between:
    """Passes requests on to an S3 server as its `rule` says: `cut` sends half of a body and drops both ends,
    `busy` is answered 503 in the server's place.
    """

    upstream: S3Server
    rule: Rule = pass_all
    passed: list[tuple[str, str]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    answered_bytes: int = 0
    port: int = 0
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    def settings(self, **more: object) -> StorageSettings:
        return self.upstream.settings(endpoint=f"http://127.0.0.1:{self.port}", **more)

    def puts(self) -> list[str]:
        """Keys of the objects that were sent whole, in order."""
        return [key for method, key in self.passed if method == "PUT"]

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self.connections.add(task)
        task.add_done_callback(self.connections.discard)

    async def close(self) -> None:
        for task in list(self.connections):
            task.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request: the server closes it after its answer."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ", 2)
            self.counts[method] = self.counts.get(method, 0) + 1
            key = target.partition("?")[0].removeprefix(f"/{BUCKET}/")
            verdict = await self.rule(Request(method, key, self.counts[method]))
            body = await reader.readexactly(_length(head))
            if verdict == BUSY:
                writer.write(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            else:
                await self._relay(head, body, writer, cut=verdict == CUT)
                if verdict == PASS:
                    self.passed.append((method, key))
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _relay(self, head: bytes, body: bytes, writer: asyncio.StreamWriter, *, cut: bool) -> None:
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream.port)
        try:
            up_writer.write(head + (body[: len(body) // 2] if cut else body))
            await up_writer.drain()
            if cut:
                writer.transport.abort()
                up_writer.transport.abort()
                return
            while data := await up_reader.read(65536):
                self.answered_bytes += len(data)
                writer.write(data)
                await writer.drain()
        finally:
            up_writer.close()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


@asynccontextmanager
async def between(upstream: S3Server) -> AsyncIterator[Between]:
    """Stands in between until the context ends."""
    one = Between(upstream)
    server = await asyncio.start_server(one.accept, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        await one.close()
