"""Runs the compiled engine from an event loop: ICE and DTLS are awaited here, media never comes by."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vtp.bench import _client
from vtp.bench.client_dtls import Fingerprint, Handshake, HandshakeError, Identity, Role
from vtp.bench.client_sdp import IceCredentials
from vtp.local_routes import has_route

CONNECT_TIMEOUT_S = 10.0


class ConnectError(Exception):
    """No media connection came about; the text says why."""


@dataclass(frozen=True)
class Remote:
    """The other side of a connection, from its SDP."""

    candidates: list[tuple[str, int]]
    """May be empty: more come with `ClientDriver.add_candidate`, or from the peer's own checks."""
    ice: IceCredentials
    fingerprints: list[Fingerprint]
    role: Role
    """Our own DTLS role towards it."""
    controlling: bool = True
    """Our own ICE role towards it: false when it was the one to offer."""


@dataclass
class _Client:
    connected: asyncio.Future[None]
    keyed: asyncio.Future[None]
    handshake: Handshake | None = None
    waiting: list[bytes] = field(default_factory=list)
    on_event: Callable[[int, Any], None] | None = None
    srtp_profile: int = 0


class ClientDriver:
    """Owns an Engine and the handshakes of its clients. Use it as an async context manager."""

    def __init__(
        self,
        identity: Identity | None = None,
        *,
        socket_buffer_bytes: int = 1 << 20,
        gro: bool = False,
        rest_us: int = 0,
        cpu: int | None = None,
        real_time: bool = False,
        reroute: Callable[[list[tuple[str, int]]], list[tuple[str, int]]] = lambda candidates: candidates,
    ) -> None:
        """`reroute` may put other addresses in place of a peer's candidates: those of a relay towards it.

        `cpu` is the processor that the engine's thread stays on; `gro`, `rest_us` and `real_time`
        are the Engine's.
        """
        self.reroute = reroute
        self.identity = identity or Identity()
        self.engine = _client.Engine(
            socket_buffer_bytes=socket_buffer_bytes, gro=gro, rest_us=rest_us, cpu=cpu, real_time=real_time
        )
        self._clients: dict[int, _Client] = {}

    async def __aenter__(self) -> "ClientDriver":
        asyncio.get_running_loop().add_reader(self.engine.event_fd, self._take_events)
        self.engine.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self.engine.event_fd)
        self.engine.close()

    def add_client(
        self,
        remote: Remote,
        local: IceCredentials,
        *,
        cname: str = "vtp",
        bind: tuple[str, int] | None = None,
        on_event: Callable[[int, Any], None] | None = None,
    ) -> int:
        """A client that starts its checks at once; `on_event(EVENT_*, value)` hears of what follows.

        It is of one family: that of the first of `remote.candidates` that this machine has a route to.

        Raises ValueError for candidates that are none, OSError when the system gives no socket.
        """
        client = self.engine.add_client(
            _with_route_first(remote.candidates),
            local_ufrag=local.ufrag,
            local_password=local.password,
            remote_ufrag=remote.ice.ufrag,
            remote_password=remote.ice.password,
            cname=cname,
            bind=bind,
            controlling=remote.controlling,
        )
        loop = asyncio.get_running_loop()
        self._clients[client] = _Client(loop.create_future(), loop.create_future(), on_event=on_event)
        return client

    def add_candidate(self, client: int, ip: str, port: int) -> None:
        """A candidate that came later (trickle), checked at once. Raises ValueError for no address."""
        for rerouted_ip, rerouted_port in self.reroute([(ip, port)]):
            self.engine.add_candidate(client, rerouted_ip, rerouted_port)

    async def connect(self, client: int, remote: Remote, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        """Waits for ICE, makes the DTLS handshake and hands the keys to the engine. Raises ConnectError."""
        state = self._clients[client]
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(state.connected)
                await self._shake_hands(client, state, remote)
        except TimeoutError as error:
            raise ConnectError(_why(state, remote)) from error
        except HandshakeError as error:
            raise ConnectError(str(error)) from error

    async def restart_ice(
        self,
        client: int,
        local: IceCredentials,
        remote: IceCredentials,
        timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        """Checks anew with these credentials and waits for an answer. Raises ConnectError."""
        state = self._clients[client]
        state.connected = asyncio.get_running_loop().create_future()
        self.engine.restart_ice(
            client,
            local_ufrag=local.ufrag,
            local_password=local.password,
            remote_ufrag=remote.ufrag,
            remote_password=remote.password,
        )
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(state.connected)
        except TimeoutError as error:
            raise ConnectError("The server did not answer after the ICE restart.") from error

    def remove_client(self, client: int) -> None:
        """Closes one client; what it still waits for is cancelled."""
        state = self._clients.pop(client)
        state.connected.cancel()
        state.keyed.cancel()
        self.engine.remove_client(client)

    def srtp_profile(self, client: int) -> int:
        """The SRTP profile that the handshake agreed on (IANA's number: 7 is AES-128-GCM); 0 before."""
        return self._clients[client].srtp_profile

    async def _shake_hands(self, client: int, state: _Client, remote: Remote) -> None:
        state.handshake = Handshake(self.identity, remote.role, remote.fingerprints)
        if remote.role is Role.CLIENT:
            self._send(client, state.handshake.start())
        for datagram in state.waiting:
            self._receive_dtls(client, state, datagram)
        state.waiting.clear()
        while not state.keyed.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(state.handshake.timeout_s() or 1.0):
                    await asyncio.shield(state.keyed)
            if not state.keyed.done():
                self._send(client, state.handshake.handle_timeout())
        state.keyed.result()
        if remote.role is Role.CLIENT:
            state.handshake = None  # a server keeps it to repeat its last flight

    def _send(self, client: int, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.engine.send_dtls(client, datagram)

    def _take_events(self) -> None:
        for kind, client, value in self.engine.poll_events():
            state = self._clients.get(client)
            if state is None:
                continue
            if kind == _client.EVENT_DTLS:
                self._receive_dtls(client, state, value)
            elif kind == _client.EVENT_CONNECTED and not state.connected.done():
                state.connected.set_result(None)
            if state.on_event is not None and kind != _client.EVENT_DTLS:
                state.on_event(kind, value)

    def _receive_dtls(self, client: int, state: _Client, datagram: bytes) -> None:
        if state.handshake is None:
            if not state.keyed.done() and len(state.waiting) < 16:
                state.waiting.append(datagram)
            return
        try:
            self._send(client, state.handshake.receive(datagram))
        except HandshakeError as error:
            if not state.keyed.done():
                state.keyed.set_exception(error)
            return
        keys = state.handshake.keys
        if keys is not None and not state.keyed.done():
            self.engine.set_srtp(
                client, keys.profile, keys.receive_key, keys.receive_salt, keys.send_key, keys.send_salt
            )
            state.srtp_profile = keys.profile
            state.keyed.set_result(None)


def _with_route_first(candidates: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """Where there are both families, those that this machine has a route to before the others. No traffic."""
    if len({":" in ip for ip, _ in candidates}) < 2:
        return list(candidates)
    return sorted(candidates, key=lambda one: not has_route(one))


def _why(state: _Client, remote: Remote) -> str:
    if not state.connected.done() or state.connected.cancelled():
        if not remote.candidates:
            return "The server gave no candidate, and checked none of ours."
        where = ", ".join(f"{ip}:{port}" for ip, port in remote.candidates)
        return f"No answer from {where} by UDP: is the port open and the address reachable from here?"
    return "The server answered by UDP but did not finish the DTLS handshake in time."
