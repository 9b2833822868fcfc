"""What every peer's `Sfu` has in common: one process in a folder of its own, and its rooms while it runs."""

import contextlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from vtp.bench.client_sdp import OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.namespace import ADDRESS
from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.process import PeerProcess
from vtp.bench.sfu import BOTH_KINDS, Leg, View


class Rooms(Protocol):
    """A running peer's signalling. All of it raises PeerError, and ConnectError where media is awaited."""

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg: ...

    async def subscribe(self, room: str, views: Sequence[View]) -> Leg: ...

    async def leave(self, leg: Leg) -> None: ...


class PeerServer(ABC):
    """A peer that is one process; what `vtp.bench.sfu.Sfu` asks for."""

    name = ""

    def __init__(self, variant: str = "", *, address: str = ADDRESS) -> None:
        """`address` is that of the namespace that the peer is going to be started in."""
        self.variant = variant
        self._address = address
        self._process: PeerProcess | None = None
        self._rooms: Rooms | None = None
        self._open = contextlib.AsyncExitStack()

    @abstractmethod
    async def prepare(self) -> str:
        """Gets what is missing; the peer's version. Outside of the namespace. Raises Unavailable."""

    @abstractmethod
    def _server(self, folder: Path) -> PeerProcess:
        """The process to start, with its configuration written into the folder. Raises PeerError."""

    @abstractmethod
    async def _signal(self, stack: contextlib.AsyncExitStack, driver: ClientDriver) -> Rooms:
        """The signalling, once the process listens; what has to be closed goes to the stack. PeerError."""

    @property
    @abstractmethod
    def _port(self) -> int:
        """The TCP port of the signalling."""

    async def start(self, driver: ClientDriver) -> None:
        """Starts the process and the signalling. Raises PeerProcessError, PeerError."""
        async with contextlib.AsyncExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=f"vtp-{self.name}-"))
            process = self._server(Path(folder))
            stack.push_async_callback(process.stop)
            await process.start()
            await process.until_listening(self._address, self._port)
            self._rooms = await self._signal(stack, driver)
            self._process = process
            self._open = stack.pop_all()

    @property
    def pids(self) -> list[int]:
        """The process whose time and memory count; none while it does not run."""
        return self._process.pids if self._process is not None else []

    def check(self) -> None:
        """Raises PeerProcessError when the process has ended by itself."""
        if self._process is not None:
            self._process.check()

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Raises PeerError, ConnectError."""
        return await self._running().publish(room, media)

    async def subscribe(self, room: str, publisher: Leg, *, kinds: frozenset[str] = BOTH_KINDS) -> Leg:
        """Raises PeerError, ConnectError."""
        return await self._running().subscribe(room, [View(publisher, kinds)])

    async def attend(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Publishes: who sends and who receives are two connections here. Raises PeerError, ConnectError."""
        return await self.publish(room, media)

    async def receive(self, room: str, participant: Leg, views: Sequence[View]) -> Leg:
        """Subscribes once, to all publishers together. Raises PeerError, ConnectError."""
        return await self._running().subscribe(room, views)

    async def leave(self, leg: Leg) -> None:
        """Raises PeerError."""
        await self._running().leave(leg)

    async def stop(self) -> None:
        """Ends the signalling and the process; their folder goes too."""
        self._rooms = None
        await self._open.aclose()
        self._process = None

    def _running(self) -> Rooms:
        if self._rooms is None or self._process is None:
            raise PeerError(f"{self.name} is not running: start it first.")
        self._process.check()
        return self._rooms
