"""The connection under a transport: ICE-lite, the DTLS handshake over it, and their limits in time.

The packet path answers the checks; here are the states, when the handshake begins and what ends it all.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from contextvars import Context
from typing import Protocol

from vtp.media.dtls import DtlsCertificate, DtlsRole, DtlsSession, DtlsState, SrtpKeys
from vtp.media.ice import Address, ice_parameters, make_credentials
from vtp.media.parameters import DtlsParameters, IceParameters
from vtp.media.worker import MediaWorker, WorkerEvent
from vtp.tasks import Tasks

CONNECT_LIMIT_S = 30.0
RELEASE_DTLS_AFTER_S = 10.0


class IceState(enum.StrEnum):
    """mediasoup's states of an ICE-lite side."""

    NEW = "new"
    CONNECTED = "connected"
    COMPLETED = "completed"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


class ConnectionOwner(Protocol):
    """Who hears of a connection; called on the event loop."""

    def ice_changed(self, state: IceState) -> None:
        """A tuple was validated, nominated, fell silent for 6 s, or came back."""

    def dtls_changed(self, state: DtlsState, reason: str) -> None:
        """The handshake began, succeeded or failed, or the peer closed the session."""

    def connection_ended(self, reason: str) -> None:
        """The connection is of no use any more; the owner closes it."""

    def bandwidth_changed(self, available_bps: int) -> None:
        """The estimate of what the peer's link carries has changed by a tenth or more."""


class _Nobody:
    """Owns a connection that is closed: its transport need not be kept by it."""

    def ice_changed(self, state: IceState) -> None:
        """Nobody hears it."""

    def dtls_changed(self, state: DtlsState, reason: str) -> None:
        """Nobody hears it."""

    def connection_ended(self, reason: str) -> None:
        """Nobody hears it."""

    def bandwidth_changed(self, available_bps: int) -> None:
        """Nobody hears it."""


_NOBODY = _Nobody()


class Connection:
    """One peer's connection, as `handle` in the worker's packet path. Made and closed by its transport."""

    __slots__ = (
        "_certificate",
        "_handshake",
        "_limit",
        "_loop",
        "_owner",
        "_password",
        "_remote",
        "_role",
        "_tasks",
        "_ufrag",
        "dtls",
        "handle",
        "ice_state",
        "media_started",
        "selected_address",
        "worker",
    )

    def __init__(
        self, worker: MediaWorker, certificate: DtlsCertificate, tasks: Tasks, owner: ConnectionOwner
    ) -> None:
        self.worker = worker
        self.ice_state = IceState.NEW
        self.selected_address: Address | None = None
        self.media_started = False
        self._ufrag, self._password = make_credentials()
        self._certificate = certificate
        self._tasks = tasks
        self._owner: ConnectionOwner = owner
        self._loop = asyncio.get_running_loop()
        self._limit: asyncio.TimerHandle | None = None
        self._role: DtlsRole | None = None
        self._remote: DtlsParameters | None = None
        self._handshake: asyncio.Task[None] | None = None
        self.handle: int = worker.core.add_transport(self._ufrag, self._password)
        worker.transports[self.handle] = self
        self.dtls = DtlsSession(certificate, self._send_dtls, self)

    @property
    def ice_parameters(self) -> IceParameters:
        """Our credentials; they change with every ICE restart."""
        return ice_parameters(self._ufrag, self._password)

    @property
    def dtls_parameters(self) -> DtlsParameters:
        """Our fingerprint, and our role once `connect` has settled it."""
        return self._certificate.parameters[self._role]

    @property
    def closed(self) -> bool:
        return self.ice_state is IceState.CLOSED

    def connect(self, remote: DtlsParameters, role: DtlsRole | None) -> None:
        """See `WebRtcTransport.connect`."""
        if self._role is not None:
            raise ValueError("This transport is connected already.")
        self._role = role or (DtlsRole.CLIENT if remote.role == "server" else DtlsRole.SERVER)
        self._remote = remote
        if self.ice_state is IceState.NEW:
            self._after(CONNECT_LIMIT_S, self._give_up_connecting)
        else:
            self._start_handshake()

    def restart_ice(self) -> IceParameters:
        """Fresh credentials; the old stay valid until the peer uses the new. Media and DTLS go on."""
        self._ufrag, self._password = make_credentials()
        self.worker.core.set_ice(self.handle, self._ufrag, self._password)
        return self.ice_parameters

    def close(self) -> None:
        """Says close_notify and leaves the packet path; the owner is not told."""
        self.ice_state = IceState.CLOSED
        self._owner = _NOBODY
        self._stop_limit()
        self.dtls.close()
        if self._handshake is not None:
            self._handshake.cancel()
        self.worker.transports.pop(self.handle, None)
        if not self.worker.is_closed:
            self.worker.core.remove_transport(self.handle)

    # DTLS

    def dtls_connected(self, keys: SrtpKeys) -> None:
        """Called by the DTLS session: media may flow."""
        self.worker.core.set_srtp(
            self.handle, keys.profile, keys.receive_key, keys.receive_salt, keys.send_key, keys.send_salt
        )
        self._owner.dtls_changed(DtlsState.CONNECTED, "")

    def dtls_ended(self, state: DtlsState, reason: str) -> None:
        """Called by the DTLS session: it failed, or the peer closed it."""
        self._owner.dtls_changed(state, reason)
        self._owner.connection_ended(reason)

    def _start_handshake(self) -> None:
        if self._role is None or self._remote is None:
            return
        remote, self._remote = self._remote, None
        self._owner.dtls_changed(DtlsState.CONNECTING, "")
        self._handshake = self._tasks.start(self.dtls.run(self._role, remote), f"dtls {self.handle}")
        self._handshake.add_done_callback(self._handshake_ended)

    def _handshake_ended(self, task: asyncio.Task[None]) -> None:
        """The task ends with the session or when its SSL object was released; else it died of a bug."""
        self._handshake = None
        if self.dtls.state is DtlsState.CONNECTING:
            self._owner.connection_ended("The DTLS session failed unexpectedly; the log has the details.")

    def carry_data(self, receive: Callable[[bytes], float]) -> None:
        """The DTLS session stays for SCTP, whose packets go to `receive`; it gives their cost in seconds."""
        self.dtls.carry_data(receive)

    def send_data(self, packet: bytes) -> bool:
        """Sends one SCTP packet; False when that cannot be now."""
        return not self.closed and self.dtls.send_data(packet)

    def _send_dtls(self, datagram: bytes) -> bool:
        return not self.worker.is_closed and self.worker.core.send_dtls(self.handle, datagram)

    # Events of the packet path

    def receive_event(self, event: WorkerEvent, value: object) -> None:
        """Takes one event of the packet path."""
        if not self.closed:
            _EVENT_HANDLERS[event](self, value)

    def _receive_dtls(self, value: object) -> None:
        if isinstance(value, bytes):
            self.dtls.receive(value)

    def _ice_connected(self, value: object) -> None:
        self._stop_limit()
        self._select(value)
        self._set_ice_state(IceState.CONNECTED)
        self._start_handshake()

    def _ice_selected(self, value: object) -> None:
        self._select(value)
        self._set_ice_state(IceState.COMPLETED)

    def _ice_disconnected(self, value: object) -> None:
        self._set_ice_state(IceState.DISCONNECTED)

    def _ice_reconnected(self, value: object) -> None:
        self._set_ice_state(IceState.COMPLETED)

    def _ice_expired(self, value: object) -> None:
        self._owner.connection_ended("The peer was silent for 30 seconds.")

    def _start_media(self, value: object) -> None:
        self.media_started = True
        self._after(RELEASE_DTLS_AFTER_S, self._release_dtls)

    def _release_dtls(self) -> None:
        self._limit = None
        self.dtls.release()

    def _change_bandwidth(self, value: object) -> None:
        if isinstance(value, int):
            self._owner.bandwidth_changed(value)

    def _select(self, value: object) -> None:
        if isinstance(value, tuple):
            self.selected_address = (str(value[0]), int(value[1]))

    def _set_ice_state(self, state: IceState) -> None:
        if state is not self.ice_state:
            self.ice_state = state
            self._owner.ice_changed(state)

    # Time

    def _after(self, delay_s: float, call: Callable[[], None]) -> None:
        """Sets the one limit that is running, in a context of its own: a request's would stay as long."""
        self._stop_limit()
        self._limit = self._loop.call_later(delay_s, call, context=Context())

    def _stop_limit(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _give_up_connecting(self) -> None:
        if self.ice_state is IceState.NEW:
            self._owner.connection_ended(
                "No connectivity check arrived within 30 seconds; is the media port reachable?"
            )


_EVENT_HANDLERS: dict[WorkerEvent, Callable[[Connection, object], None]] = {
    WorkerEvent.DTLS: Connection._receive_dtls,
    WorkerEvent.ICE_CONNECTED: Connection._ice_connected,
    WorkerEvent.ICE_SELECTED: Connection._ice_selected,
    WorkerEvent.ICE_DISCONNECTED: Connection._ice_disconnected,
    WorkerEvent.ICE_RECONNECTED: Connection._ice_reconnected,
    WorkerEvent.ICE_EXPIRED: Connection._ice_expired,
    WorkerEvent.MEDIA_STARTED: Connection._start_media,
    WorkerEvent.BANDWIDTH: Connection._change_bandwidth,
}
