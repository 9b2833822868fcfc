"""DTLS over aiortc: the one file that touches aiortc's private names.

aiortc does the handshake over an object with `_recv`, `_send` and `role`; we take the keys out at
`_setup_srtp` and give them to the packet path. Media never passes through here. What is ours: one SSL
context per certificate, the order of ciphers, whole records in datagrams of at most 1,200 bytes, the
resending of a lost flight, limits in time and memory, and an end that is always told, with its reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol, cast

from cryptography.hazmat.primitives import hashes
from OpenSSL import SSL

from vtp.media.aiortc_parts import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    RTCIceTransport,
    aiortc_dtls,
)
from vtp.media.dtls_flight import (
    MAX_DATAGRAM_BYTES,
    HandshakeProgress,
    LastFlight,
    pack_datagrams,
    split_records,
)
from vtp.media.dtls_pipe import MAX_QUEUED_DATA_DATAGRAMS, Pipe
from vtp.media.parameters import DtlsFingerprint, DtlsParameters
from vtp.media.system_openssl import SystemConnection, SystemContext, load_library

HANDSHAKE_LIMIT_S = 10.0
_MAX_DEBT_S = 0.002
_MAX_REST_S = 1.0
_MAX_RECORD_BYTES = 2048  # a record comes within one datagram, and no larger one passes the packet path
_DRAIN_BYTES = 4096
_EXPORTER_LABEL = b"EXTRACTOR-dtls_srtp"  # RFC 5764 section 4.2

# As server we choose: GCM first, since it costs a tenth of AES-CM with HMAC-SHA1 (media.md, "DTLS").
SRTP_PROFILES = (
    aiortc_dtls.SRTP_AEAD_AES_128_GCM,
    aiortc_dtls.SRTP_AEAD_AES_256_GCM,
    aiortc_dtls.SRTP_AES128_CM_SHA1_80,
)
# Forward secret and authenticated ones alone: aiortc's list has two with CBC and SHA-1 too. The first is the
# one that RFC 8827 section 6.5 makes everybody know.
CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha-256": hashes.SHA256(),
    "sha-384": hashes.SHA384(),
    "sha-512": hashes.SHA512(),
}
# IANA "DTLS-SRTP Protection Profiles", as `vtp._rtp_fast` names them.
_IANA_PROFILES = {
    b"SRTP_AES128_CM_SHA1_80": 1,
    b"SRTP_AEAD_AES_128_GCM": 7,
    b"SRTP_AEAD_AES_256_GCM": 8,
}


class DtlsRole(enum.StrEnum):
    """Our side of the handshake."""

    CLIENT = "client"
    SERVER = "server"


class DtlsState(enum.StrEnum):
    """mediasoup's states of a DTLS transport."""

    NEW = "new"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"
    CLOSED = "closed"


@dataclass(frozen=True, repr=False)
class SrtpKeys:
    """Keys and salts of both directions, for `vtp._rtp_fast.Worker.set_srtp`; `profile` is IANA's number."""

    profile: int
    receive_key: bytes
    receive_salt: bytes
    send_key: bytes
    send_salt: bytes


class DtlsCertificate(RTCCertificate):
    """A certificate with its one SSL context for the whole process.

    One context instead of one per connection halves the handshake's CPU; released buffers and no session
    cache bring a connection from 108 KB to 41 KB.
    """

    _context: SSL.Context | None = None
    _system_context: SystemContext | None = None

    @cached_property
    def fingerprint(self) -> DtlsFingerprint:
        """The SHA-256 fingerprint that signalling carries, RFC 8122."""
        sha256 = next(f for f in self.getFingerprints() if f.algorithm == "sha-256")
        return DtlsFingerprint(algorithm="sha-256", value=sha256.value)

    @cached_property
    def parameters(self) -> Mapping[DtlsRole | None, DtlsParameters]:
        """What signalling says of transports with it, by our role; None: not settled yet. Shared by all."""
        roles: dict[DtlsRole | None, Literal["auto", "client", "server"]] = {
            None: "auto",
            DtlsRole.CLIENT: "client",
            DtlsRole.SERVER: "server",
        }
        return {
            role: DtlsParameters(role=name, fingerprints=[self.fingerprint]) for role, name in roles.items()
        }

    def _create_ssl_context(self, srtp_profiles: list[aiortc_dtls.SRTPProtectionProfile]) -> SSL.Context:
        if self._context is None:
            context = super()._create_ssl_context(srtp_profiles)
            context.set_cipher_list(CIPHERS)
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            context.set_mode(SSL.MODE_RELEASE_BUFFERS)
            context.set_options(SSL.OP_NO_QUERY_MTU)  # else OpenSSL forgets the limit at the first message
            self._context = context
        return self._context

    def open_client(self) -> SystemConnection | None:
        """A connection for the client's role by the system's OpenSSL; None where the system has none."""
        if self._system_context is None:
            library = load_library()
            if library is None:
                return None
            profiles = b":".join(profile.openssl_profile for profile in SRTP_PROFILES)
            self._system_context = SystemContext(library, self._key, self._cert, profiles)
        return SystemConnection(self._system_context)


class DtlsOwner(Protocol):
    """Who is told what becomes of a session; called on the event loop."""

    def dtls_connected(self, keys: SrtpKeys) -> None:
        """The peer's certificate is the announced one and the keys are agreed."""

    def dtls_ended(self, state: DtlsState, reason: str) -> None:
        """FAILED or CLOSED, once, with a sentence; not called after the owner's own `close()`."""


class _Nobody:
    """Owns a session that has ended: who was told the last of it need not be kept by it."""

    def dtls_connected(self, keys: SrtpKeys) -> None:
        """Nobody hears it."""

    def dtls_ended(self, state: DtlsState, reason: str) -> None:
        """Nobody hears it."""


_NOBODY = _Nobody()


class _DataReceiver:
    """Passes on what comes over a session whose peer is known to be the announced one.

    Who costs the event loop more than 2 ms in a row is not read from for as long: its datagrams wait, then
    are dropped, and it slows down as on a slow network.
    """

    __slots__ = ("_debt_s", "_receive", "_seam")

    def __init__(self, seam: _Seam, receive: Callable[[bytes], float]) -> None:
        self._seam: Callable[[], _Seam | None] = weakref.ref(seam)
        self._receive = receive
        self._debt_s = 0.0

    async def _handle_data(self, data: bytes) -> None:
        seam = self._seam()
        if seam is None or not seam.is_connected:
            return
        del seam
        self._debt_s += self._receive(data)
        if self._debt_s > _MAX_DEBT_S:
            rest_s, self._debt_s = min(self._debt_s, _MAX_REST_S), 0.0
            await asyncio.sleep(rest_s)


class _Seam(RTCDtlsTransport):
    """aiortc's DTLS transport with our reading, writing and key handling."""

    def __init__(self, pipe: Pipe, certificate: DtlsCertificate, now_ms: Callable[[], int]) -> None:
        super().__init__(cast(RTCIceTransport, pipe), [certificate])
        self._pipe = pipe
        self._certificate = certificate
        self._srtp_profiles = list(SRTP_PROFILES)
        self._progress = HandshakeProgress()
        self._flight = LastFlight()
        self._repeated = False
        self._now_ms = now_ms
        self.keys: SrtpKeys | None = None
        self.reason = ""

    @property
    def pump(self) -> asyncio.Future[None] | None:
        """What reads datagrams after the handshake."""
        return self._task

    @property
    def ssl(self) -> SSL.Connection:
        """OpenSSL's object. Raises ConnectionError when it was dropped."""
        if self._ssl is None:
            raise ConnectionError("The DTLS session was ended on this side.")
        return self._ssl

    @property
    def is_connected(self) -> bool:
        return bool(self._state == aiortc_dtls.State.CONNECTED)

    @property
    def carries_data(self) -> bool:
        return self._data_receiver is not None

    def let_go(self) -> None:
        """Stops reading and frees OpenSSL's object; the keys stay in use."""
        if self._task is not None:
            self._task.cancel()
        self.drop_pump()
        self._ssl = None

    def drop_pump(self) -> None:
        """Parts with the pump, whose error keeps its frames, and these keep all of this: a cycle else."""
        self._task = None

    def _fail(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._set_state(aiortc_dtls.State.FAILED)

    async def _do_handshake(self) -> None:
        if self._role == DtlsRole.CLIENT and (connection := self._certificate.open_client()):
            self._ssl = cast(SSL.Connection, connection)
        self.ssl.set_ciphertext_mtu(MAX_DATAGRAM_BYTES)
        try:
            while not self._step():
                await self._take_datagram()
            ended = await self._read_ssl()  # what the peer sent in one datagram with its last flight
        except SSL.Error as error:
            self.flush()  # the alert that tells the peer
            return self._fail(f"The DTLS handshake failed: {_openssl_reason(error)}.")
        except ConnectionError as error:
            return self._fail(str(error))
        return self._fail(ended) if ended else None

    def _step(self) -> bool:
        """Lets OpenSSL act on what came; tells whether the handshake is done. Raises SSL.Error."""
        try:
            self.ssl.do_handshake()
            self.encrypted = True
        except SSL.WantReadError:
            pass
        wrote = self.flush()
        if self._repeated and not wrote:
            self._send_datagrams(self._flight.again(self._now_ms()))
        self._repeated = False
        return self.encrypted

    async def _take_datagram(self) -> bool:
        """Gives OpenSSL one datagram, or lets its timer act and gives False. Raises ConnectionError."""
        datagram = await self._pipe.receive(self.ssl.DTLSv1_get_timeout())
        if datagram is None:
            self.ssl.DTLSv1_handle_timeout()
            self.flush()
            return False
        if not self.is_connected:
            self._repeated = self._progress.receive(datagram)
        self.ssl.bio_write(datagram)
        return True

    def _validate_peer_identity(self, remoteParameters: RTCDtlsParameters) -> None:  # noqa: N803
        """Fails unless there are fingerprints that we can compute, and all of these are right (RFC 8122)."""
        certificate = self.ssl.get_peer_certificate(as_cryptography=True)
        if certificate is None:
            return self._fail("The peer sent no DTLS certificate.")
        told = [(_HASHES.get(f.algorithm.lower()), f.value.upper()) for f in remoteParameters.fingerprints]
        right = [certificate.fingerprint(used).hex(":").upper() == value for used, value in told if used]
        if right and all(right):
            return None
        return self._fail(
            "The peer's DTLS certificate does not have the fingerprint that signalling announced."
        )

    def _setup_srtp(self) -> None:
        name = self.ssl.get_selected_srtp_profile()
        profile = next((p for p in self._srtp_profiles if p.openssl_profile == name), None)
        if profile is None:
            return self._fail("The peer knows none of our SRTP protection profiles.")
        key, salt = profile.key_length, profile.salt_length
        material = self.ssl.export_keying_material(_EXPORTER_LABEL, 2 * (key + salt))
        client = (material[:key], material[2 * key : 2 * key + salt])
        server = (material[key : 2 * key], material[2 * key + salt :])
        receive, send = (client, server) if self._role == DtlsRole.SERVER else (server, client)
        self.keys = SrtpKeys(_IANA_PROFILES[name], *receive, *send)
        return None

    async def _recv_next(self) -> None:
        """For the pump: one datagram is read. Raises ConnectionError at the session's end."""
        if not await self._take_datagram():
            return
        ended = await self._read_ssl()
        self.flush()
        if ended:
            self.reason = ended
            raise ConnectionError(ended)

    async def _read_ssl(self) -> str:
        """Reads until OpenSSL wants more; gives the reason when the session is over, else an empty string."""
        while True:
            try:
                data = self.ssl.recv(_MAX_RECORD_BYTES)
            except SSL.WantReadError:
                return ""
            except SSL.ZeroReturnError:
                return "The peer closed the DTLS session."
            except SSL.Error as error:
                return f"The DTLS session failed: {_openssl_reason(error)}."
            if self._data_receiver is not None:
                await self._data_receiver._handle_data(data)

    async def _write_ssl(self) -> None:
        self.flush()

    def flush(self) -> bool:
        """Sends all that OpenSSL wrote, in whole records; False when there was nothing."""
        written = self._drain()
        if not written:
            return False
        self._flight.sent(written, self._now_ms())
        if len(written) <= MAX_DATAGRAM_BYTES:
            self._pipe.send(written)
        else:
            self._send_datagrams(pack_datagrams(list(split_records(written))))
        return True

    def _drain(self) -> bytes:
        """All that OpenSSL wrote: whole records, for it writes each at once."""
        written = b""
        with contextlib.suppress(SSL.Error):
            while chunk := self.ssl.bio_read(_DRAIN_BYTES):
                written += chunk
                if len(chunk) < _DRAIN_BYTES:
                    break
        return written

    def send_data(self, data: bytes) -> bool:
        """Sends one record; False when the session is not there."""
        if not self.is_connected or self._ssl is None:
            return False
        try:
            self._ssl.send(data)
        except SSL.Error:
            return False
        return self._pipe.send(self._drain())

    def shut_down(self) -> None:
        """Sends close_notify when the handshake is far enough for it, and frees OpenSSL's object."""
        if self._ssl is not None:
            with contextlib.suppress(SSL.Error):
                self._ssl.shutdown()
            self.flush()
            self._ssl = None

    def _send_datagrams(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self._pipe.send(datagram)


class DtlsSession:
    """One DTLS session: `run()` does the handshake and then reads until the end; `receive()` feeds it.

    All that the handshake needs is dropped with its end, or with `release()`: most of a viewer's memory.
    """

    __slots__ = ("_dropped", "_limit_s", "_owner", "_pipe", "_seam", "state")

    def __init__(
        self,
        certificate: DtlsCertificate,
        send: Callable[[bytes], bool],
        owner: DtlsOwner,
        now_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        limit_s: float = HANDSHAKE_LIMIT_S,
    ) -> None:
        self._pipe: Pipe | None = Pipe(send)
        self._seam: _Seam | None = _Seam(self._pipe, certificate, now_ms)
        self._owner: DtlsOwner = owner
        self._limit_s = limit_s
        self._dropped = 0
        self.state = DtlsState.NEW

    def carry_data(self, receive: Callable[[bytes], float]) -> None:
        """Keeps the session for SCTP: `release()` does nothing, and what records carry goes to `receive`.

        It gives what the packet has cost the event loop, in seconds. To be called once.
        """
        if self._seam is not None and self._pipe is not None:
            self._pipe.limit = MAX_QUEUED_DATA_DATAGRAMS
            self._seam._register_data_receiver(_DataReceiver(self._seam, receive))

    def send_data(self, data: bytes) -> bool:
        """Sends up to 1,189 bytes as one record; False when the session is not connected."""
        return self._seam is not None and self._seam.send_data(data)

    @property
    def dropped_datagrams(self) -> int:
        """Datagrams that found the queue full, or came when nobody read any more."""
        return self._dropped + (self._pipe.dropped if self._pipe is not None else 0)

    @property
    def holds_ssl(self) -> bool:
        """False when OpenSSL's object has been dropped, or never made."""
        return self._seam is not None and self._seam._ssl is not None

    def receive(self, datagram: bytes) -> None:
        """Takes one datagram from a validated tuple; drops it when 16 wait (with data: 512) or none reads."""
        if self._pipe is not None:
            self._pipe.put(datagram)
        else:
            self._dropped += 1

    async def run(self, role: DtlsRole, remote: DtlsParameters) -> None:
        """Does the handshake within `limit_s` and reads until the session ends. To be run as a task, once.

        Whatever happens, the owner is told, except when the task is cancelled.
        """
        seam = self._seam
        if seam is None:
            return None
        self.state = DtlsState.CONNECTING
        seam._set_role(role.value)
        fingerprints = [RTCDtlsFingerprint(f.algorithm, f.value) for f in remote.fingerprints]
        try:
            async with asyncio.timeout(self._limit_s):
                await seam.start(RTCDtlsParameters(fingerprints=fingerprints))
        except TimeoutError:
            limit = f"{self._limit_s:g} seconds"
            return self._end(DtlsState.FAILED, f"The DTLS handshake did not end within {limit}.")
        except (SSL.Error, ConnectionError, ValueError) as error:
            return self._end(DtlsState.FAILED, f"The DTLS handshake failed: {_openssl_reason(error)}.")
        if not seam.is_connected or seam.keys is None:
            return self._end(DtlsState.FAILED, seam.reason or "The DTLS handshake failed.")
        self.state = DtlsState.CONNECTED
        self._owner.dtls_connected(seam.keys)
        return await self._watch_pump(seam)

    async def _watch_pump(self, seam: _Seam) -> None:
        pump = seam.pump
        if pump is None:
            return
        try:
            await asyncio.wait([pump])
        finally:
            if not pump.done():
                pump.cancel()
                await asyncio.wait([pump])
            seam.drop_pump()
        if not pump.cancelled():
            error = pump.exception()
            self._end(DtlsState.CLOSED, seam.reason or f"The DTLS session failed: {error!r}.")

    def _end(self, state: DtlsState, reason: str) -> None:
        if self.state not in (DtlsState.FAILED, DtlsState.CLOSED):
            self.state = state
            if self._seam is not None:
                self._seam.shut_down()
            self._forget()
            owner, self._owner = self._owner, _NOBODY
            owner.dtls_ended(state, reason)

    def _forget(self) -> None:
        self._dropped = self.dropped_datagrams
        self._pipe = self._seam = None

    def release(self) -> None:
        """Drops OpenSSL's object and the reading task; the keys stay in use (media.md, "DTLS").

        From now on the peer's end is seen through consent, not through close_notify. A session that carries
        data stays as it is.
        """
        if self.state is DtlsState.CONNECTED and self._seam is not None and not self._seam.carries_data:
            self._seam.let_go()
            self._forget()

    def close(self) -> None:
        """Says close_notify when there is somebody to say it to; the owner is not told.

        The task that runs `run()` is the owner's to cancel.
        """
        if self.state in (DtlsState.FAILED, DtlsState.CLOSED):
            return
        self.state = DtlsState.CLOSED
        self._owner = _NOBODY
        if self._seam is not None:
            self._seam.shut_down()
            self._seam.let_go()
            self._forget()


def _openssl_reason(error: BaseException) -> str:
    """The last words of OpenSSL's error queue, such as `sslv3 alert bad certificate`."""
    queue = error.args[0] if error.args else None
    if isinstance(queue, list) and queue:
        return str(queue[-1][-1])
    return str(error) or type(error).__name__
