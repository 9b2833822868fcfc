"""LiveKit, built from its Go module at a pinned version, with its defaults.

Written into its configuration are only the address, a key, and that no address outside has to be found. Its
defaults: full ICE, a UDP port of its own for each connection, NACK with RTX, congestion control by REMB (it
does not number packets transport-wide towards subscribers). Subscribers ask not to be paused, so that no
estimate thins the load out.
"""

import contextlib
import json
import secrets
from pathlib import Path
from typing import Any

import aiohttp

from vtp.bench.driver import ClientDriver
from vtp.bench.go_program import build
from vtp.bench.namespace import ADDRESS
from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.livekit_rooms import Access, LiveKitRooms
from vtp.bench.peers.process import PeerProcess
from vtp.bench.peers.server import PeerServer

PACKAGE = "github.com/livekit/livekit-server/cmd/server"
VERSION = "v1.13.5"
"""The newest whose go.mod replaces no module: `go install` refuses those that do (`go help install`)."""
PORT, TCP_PORT = 7880, 7881
KEY = "benchmark"


class LiveKit(PeerServer):
    """One LiveKit process; its clients have a WebSocket each."""

    name = "livekit"
    _port = PORT

    def __init__(self, *, address: str = ADDRESS) -> None:
        super().__init__(address=address)
        self._secret = secrets.token_hex(20)
        self._program: Path | None = None

    async def prepare(self) -> str:
        self._program = await build(PACKAGE, VERSION)
        return VERSION.removeprefix("v")

    def _server(self, folder: Path) -> PeerProcess:
        if self._program is None:
            raise PeerError("LiveKit is not built: prepare it first.")
        config = folder / "livekit.yaml"  # JSON is YAML
        config.write_text(json.dumps(configuration(self._address, self._secret)))
        return PeerProcess([str(self._program), "--config", str(config)], folder / "livekit.log")

    async def _signal(self, stack: contextlib.AsyncExitStack, driver: ClientDriver) -> LiveKitRooms:
        unlimited = aiohttp.TCPConnector(limit=0)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=unlimited))
        access = Access(f"ws://{self._address}:{PORT}/rtc/v1", KEY, self._secret)
        rooms = LiveKitRooms(http, access, driver)
        stack.push_async_callback(rooms.close)
        return rooms


def configuration(address: str, secret: str) -> dict[str, Any]:
    """What the configuration file says; all else is LiveKit's default."""
    return {
        "port": PORT,
        "bind_addresses": [address],
        "rtc": {"node_ip": address, "use_external_ip": False, "tcp_port": TCP_PORT},
        "keys": {KEY: secret},
    }
