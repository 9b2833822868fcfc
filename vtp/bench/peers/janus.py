"""Janus, Debian's package, with its videoroom plugin, run with a configuration folder of ours.

Two variants: `as_shipped` has a thread for each handle, `event_loops_2` two threads for all, which is
Janus's best on two cores. Rooms have no bitrate cap and take our codecs; NACK with RTX, transport-wide
numbering and feedback and receiver reports are on, as everywhere in the benchmark. Nothing else differs
from Janus's defaults (`janus_config`). The SRTP profile is of the client's choice, as Janus takes AES-GCM
where it is offered.
"""

import contextlib
from pathlib import Path

import aiohttp

from vtp.bench.driver import ClientDriver
from vtp.bench.namespace import ADDRESS
from vtp.bench.peers import debian
from vtp.bench.peers.janus_config import SIGNALLING_PORT, write_config
from vtp.bench.peers.janus_session import JanusSession
from vtp.bench.peers.janus_videoroom import Videoroom
from vtp.bench.peers.process import PeerProcess
from vtp.bench.peers.server import PeerServer

PACKAGE = "janus"


class Janus(PeerServer):
    """One Janus process with one session for all."""

    name = "janus"
    _port = SIGNALLING_PORT

    def __init__(self, variant: str, *, event_loops: int = 0, address: str = ADDRESS) -> None:
        """`event_loops` 0 is Janus's default, a thread per handle."""
        super().__init__(variant, address=address)
        self._event_loops = event_loops

    async def prepare(self) -> str:
        return await debian.install(PACKAGE)

    def _server(self, folder: Path) -> PeerProcess:
        write_config(folder, self._address, event_loops=self._event_loops)
        return PeerProcess(["janus", "--configs-folder", str(folder)], folder / "janus.log")

    async def _signal(self, stack: contextlib.AsyncExitStack, driver: ClientDriver) -> Videoroom:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        session = await JanusSession.connect(http, f"ws://{self._address}:{SIGNALLING_PORT}/")
        stack.push_async_callback(session.close)
        return Videoroom(session, driver)
