"""vtp itself as a server under test: a real `vtp serve --open-rooms` with a data folder of its own.

It is asked over WHIP and WHEP, as anybody would, and for meetings by the service under `/sfu`. Its settings
are the defaults but for ports, the address of the benchmark's network, `/sfu`, which is on and open to this
machine, and limits: one caller makes all requests here, so none applies to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp

from vtp.bench.accounting import vtp_version, with_children
from vtp.bench.client_sdp import OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.peers.connect import PeerError, sent_media
from vtp.bench.peers.process import PeerProcess, PeerProcessError
from vtp.bench.sfu import BOTH_KINDS, Leg, View
from vtp.bench.sfu_meeting import SfuMeeting
from vtp.bench.watcher import viewer_media
from vtp.bench.whip_client import HTTP_TIMEOUT_S, MediaClient, WhipHttp

START_LIMIT_S = 30.0
_LIMITS = (
    "sign_in_failures_per_account",
    "sign_in_failures_per_address_per_minute",
    "registrations_per_address_per_hour",
    "refreshes_per_account_per_5_minutes",
    "requests_per_account_per_minute",
    "requests_per_address_per_minute",
    "media_per_token_per_minute",
    "sfu_calls_per_10_seconds",
    "signalling_connections_per_account",
    "signalling_connections_per_address",
)
OPEN = "VTP_ROOMS__OPEN"


class VtpServer:
    """One `vtp serve` process; what `vtp.bench.sfu.Sfu` asks for, and its API besides."""

    name = "vtp"
    variant = ""

    def __init__(self, address: str, settings: Mapping[str, str] | None = None) -> None:
        """`address` is the one that media listens on; `settings` are further VTP_* variables."""
        self._address = address
        self._settings = dict(settings or {})
        self.more_settings: dict[str, str] = {}
        """Of one point of a benchmark, for the next start; they rank above the others."""
        self._driver: ClientDriver | None = None
        self._process: PeerProcess | None = None
        self._command: list[str] = []
        self._variables: dict[str, str] = {}
        self._open = contextlib.AsyncExitStack()
        self.http: aiohttp.ClientSession | None = None
        self.url = ""
        self.started_s = 0.0
        """time.monotonic() when it was ready."""
        self.start_ms = 0.0
        """How long that took from the start of the process."""

    def beside(self) -> VtpServer:
        """Another process with the same settings, which are to name a database for both; not started yet."""
        return VtpServer(self._address, {**self._settings, **self.more_settings})

    async def prepare(self) -> str:
        """vtp's version and commit."""
        return await asyncio.to_thread(vtp_version)

    async def start(self, driver: ClientDriver) -> None:
        """Starts the process and waits until it is ready. Raises PeerProcessError."""
        self._driver = driver
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vtp-bench-")))
            self.http = await stack.enter_async_context(_http_session())
            self._command = ["env", "-C", str(folder), sys.executable, "-m", "vtp"]
            self._variables = self._environment(folder / "data")
            is_open = self._variables.get(OPEN) != "false"
            serve = [*self._command, "serve", *(["--open-rooms"] if is_open else [])]
            process = PeerProcess(serve, folder / "vtp.log", self._variables)
            stack.push_async_callback(process.stop)
            begun_s = time.monotonic()
            await process.start()
            self.url = await _until_ready(self.http, process, folder / "data")
            self.started_s = time.monotonic()
            self.start_ms = 1000 * (self.started_s - begun_s)
            self._process = process
            self._open = stack.pop_all()

    @property
    def pids(self) -> list[int]:
        """The server and what it has started; none while it does not run."""
        return [one for pid in (self._process.pids if self._process else []) for one in with_children(pid)]

    def check(self) -> None:
        """Raises PeerProcessError when the process has ended by itself."""
        if self._process is not None:
            self._process.check()

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Raises RefusedError, ConnectError, PeerError."""
        leg = await self._join(f"/whip/{room}", media)
        answer = leg.handle.answer
        leg.media = sent_media(media, answer)
        return leg

    async def subscribe(self, room: str, publisher: Leg, *, kinds: frozenset[str] = BOTH_KINDS) -> Leg:
        """Raises RefusedError, ConnectError."""
        return await self._join(f"/whep/{room}", [line for line in viewer_media() if line.kind in kinds])

    async def attend(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """A peer of the service under `/sfu`, sending. Raises PeerError, ConnectError."""
        return await self._meeting(room).attend(media)

    async def receive(self, room: str, participant: Leg, views: Sequence[View]) -> Leg:
        """The same peer's one transport for all it sees and hears. Raises PeerError, ConnectError."""
        return await self._meeting(room).receive(participant, views)

    async def leave(self, leg: Leg) -> None:
        """DELETEs the session, or ends the transport."""
        await leg.handle.close()

    async def stop(self) -> None:
        """Ends the process; its folder goes too."""
        self._process = None
        await self._open.aclose()

    async def call(self, method: str, path: str, body: object = None, *, token: str = "") -> Any:
        """One call of the API; gives the answer's JSON. Raises PeerError with what the server said."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        ask = self._session().request(method, self.url + path, json=body, headers=headers)
        try:
            async with ask as response:
                status, text = response.status, await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PeerError(
                f"vtp did not answer {method} {path}: {str(error) or 'it took too long'}."
            ) from error
        if status >= 400:
            raise PeerError(f"vtp answered {status} to {method} {path}: {text[:200]}")
        return json.loads(text) if text else None

    async def status(self, method: str, path: str, *, token: str) -> int:
        """What a call is answered, whatever that is. Raises PeerError when nothing is."""
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session().request(method, self.url + path, headers=headers) as response:
                return response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PeerError(f"vtp did not answer {method} {path}: {error}.") from error

    @property
    def database_url(self) -> str:
        """Where its rows are, for what is put there behind its back. Only while it runs."""
        data_dir = self._variables["VTP_DATA_DIR"]
        return self._variables.get("VTP_DATABASE__URL") or f"sqlite:///{data_dir}/vtp.sqlite3"

    async def add_account(self, email: str, role: str, password: str) -> None:
        """Makes one that is verified at once, as an admin does beside the server. Raises PeerError."""
        words = ["admin", "create-user", "--email", email, "--role", role, "--password-stdin"]
        process = await asyncio.create_subprocess_exec(
            *self._command, *words, env=self._variables,
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        _, said = await process.communicate(password.encode() + b"\n")
        if process.returncode:
            raise PeerError(f"vtp made no account: {said.decode(errors='replace').strip()[-200:]}")

    async def text(self, path: str) -> str:
        """What a player fetches, with the cookies it was given; "" when it is not there."""
        async with self._session().get(self.url + path) as response:
            return await response.text() if response.status == 200 else ""

    async def drain(self, path: str, *, first_byte: bool = False, token: str = "") -> int:
        """Reads what is at a path to its end, or until it begins; gives how many bytes that were. Raises
        PeerError when it is not there."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with self._session().get(self.url + path, headers=headers) as response:
            if response.status != 200:
                raise PeerError(f"vtp answered {response.status} to GET {path}.")
            return len(await (response.content.readany() if first_byte else response.read()))

    async def admitted(self, path: str) -> str:
        """The Cookie field that opens what is at a path to a player of its own; "" while nothing is there."""
        async with (
            aiohttp.ClientSession(timeout=self._session().timeout) as player,
            player.get(self.url + path) as response,
        ):
            found = response.cookies.values() if response.status == 200 else ()
            return "; ".join(f"{cookie.key}={cookie.value}" for cookie in found)

    def act_as(self, token: str) -> None:
        """Whoever calls without a token of their own does so with this one; who publishes and watches too."""
        self._session().headers["Authorization"] = f"Bearer {token}"

    def websocket(self, path: str) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """A WebSocket to the server, without pings of its own; it offers compression, as browsers do."""
        return self._session().ws_connect(self.url + path, max_msg_size=0, compress=15)

    def whip(self) -> WhipHttp:
        """For a publisher of its own making."""
        return WhipHttp(self._session())

    async def _join(self, path: str, media: Sequence[OfferedMedia]) -> Leg:
        if self._driver is None or self._process is None:
            raise PeerError("vtp is not running: start it first.")
        self._process.check()
        client = MediaClient(self._driver, WhipHttp(self._session()), self.url + path)
        posted_ns = time.time_ns()
        await client.open(media, add_streams=lambda *_: None)
        answered = client.answer.media if client.answer else []
        return Leg(client.client, answered, posted_ns, time.time_ns(), client)

    def _meeting(self, room: str) -> SfuMeeting:
        if self._driver is None or self._process is None:
            raise PeerError("vtp is not running: start it first.")
        self._process.check()
        return SfuMeeting(self._driver, self.call, room)

    def _session(self) -> aiohttp.ClientSession:
        if self.http is None:
            raise PeerError("vtp is not running: start it first.")
        return self.http

    def _environment(self, data_dir: Path) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("VTP_")}
        root = str(Path(__file__).resolve().parents[2])
        return {
            **clean,
            "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", "")))),
            "VTP_DATA_DIR": str(data_dir),
            "VTP_HTTP__PORT": "0",
            "VTP_HTTP__TLS": "off",
            "VTP_MEDIA__HOST": self._address,
            "VTP_MEDIA__UDP_PORT": "0",
            "VTP_LOG__LEVEL": "warning",
            "VTP_SFU__ENABLED": "true",
            "VTP_SFU__TRUSTED_ADDRESSES": '["127.0.0.1"]',
            **{f"VTP_LIMITS__{name.upper()}": "0" for name in _LIMITS},
            **self._settings,
            **self.more_settings,
        }


def _http_session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S),
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
    )


async def _until_ready(http: aiohttp.ClientSession, process: PeerProcess, data_dir: Path) -> str:
    """The server's URL, once it says that it is ready. Raises PeerProcessError."""
    facts_file = data_dir / "run" / "server.json"
    try:
        async with asyncio.timeout(START_LIMIT_S):
            while True:
                process.check()
                with contextlib.suppress(OSError, ValueError, aiohttp.ClientError):
                    url = f"http://127.0.0.1:{json.loads(facts_file.read_text())['http_port']}"
                    async with http.get(f"{url}/ready") as response:
                        if response.status == 200:
                            return url
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise PeerProcessError(f"vtp was not ready within {START_LIMIT_S:.0f} s.") from error
