"""Janus, Debian's package, with its videoroom plugin, run with a configuration folder of ours.

Two variants: `as_shipped` has a thread for each handle, `event_loops_2` two threads for all, which is
Janus's best on two cores. Rooms have no bitrate cap and take our codecs; NACK with RTX, transport-wide
numbering and feedback and receiver reports are on, as everywhere in the benchmark. Nothing else differs
from Janus's defaults (`janus_config`). The SRTP profile is of the client's choice, as Janus takes AES-GCM
where it is offered.
"""

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from vtp.bench.client_sdp import OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.namespace import ADDRESS
from vtp.bench.peers import debian
from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.janus_config import SIGNALLING_PORT, write_config
from vtp.bench.peers.janus_session import JanusSession
from vtp.bench.peers.janus_videoroom import Videoroom
from vtp.bench.peers.process import PeerProcess
from vtp.bench.sfu import BOTH_KINDS, Leg

PACKAGE = "janus"


class Janus:
    """One Janus process; what `vtp.bench.sfu.Sfu` asks for."""

    name = "janus"

    def __init__(self, variant: str, *, event_loops: int = 0, address: str = ADDRESS) -> None:
        """`event_loops` 0 is Janus's default, a thread per handle; `address` is the namespace's."""
        self.variant = variant
        self._event_loops = event_loops
        self._address = address
        self._process: PeerProcess | None = None
        self._rooms: Videoroom | None = None
        self._open = contextlib.AsyncExitStack()

    async def prepare(self) -> str:
        """Installs the package where it is missing; its version. Raises Unavailable."""
        return await debian.install(PACKAGE)

    async def start(self, driver: ClientDriver) -> None:
        """Starts the process and a session with it. Raises PeerProcessError, PeerError."""
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vtp-janus-")))
            write_config(folder, self._address, event_loops=self._event_loops)
            process = PeerProcess(["janus", "--configs-folder", str(folder)], folder / "janus.log")
            stack.push_async_callback(process.stop)
            await process.start()
            await process.until_listening(self._address, SIGNALLING_PORT)
            http = await stack.enter_async_context(aiohttp.ClientSession())
            session = await JanusSession.connect(http, f"ws://{self._address}:{SIGNALLING_PORT}/")
            stack.push_async_callback(session.close)
            self._process, self._rooms = process, Videoroom(session, driver)
            self._open = stack.pop_all()

    @property
    def pids(self) -> list[int]:
        """Janus is one process."""
        return self._process.pids if self._process is not None else []

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Raises PeerError, ConnectError."""
        return await self._running().publish(room, media)

    async def subscribe(self, room: str, publisher: Leg, *, kinds: frozenset[str] = BOTH_KINDS) -> Leg:
        """Raises PeerError, ConnectError."""
        return await self._running().subscribe(room, publisher, kinds)

    async def leave(self, leg: Leg) -> None:
        """Raises PeerError."""
        await self._running().leave(leg)

    async def stop(self) -> None:
        """Ends the session and the process."""
        self._rooms = None
        await self._open.aclose()
        self._process = None

    def _running(self) -> Videoroom:
        if self._rooms is None or self._process is None:
            raise PeerError("Janus is not running: start it first.")
        self._process.check()
        return self._rooms
