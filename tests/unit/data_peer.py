"""A browser's part in memory: aiortc's own DTLS, SCTP and data channels against one of our transports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from struct import pack
from typing import Literal, TypeVar

from aiortc import rtcsctptransport
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcsctptransport import (
    Chunk,
    CookieEchoChunk,
    DataChunk,
    InitChunk,
    RTCSctpCapabilities,
    RTCSctpTransport,
)
from google_crc32c import value as crc32c

from vtp.media.parameters import DtlsFingerprint, DtlsParameters
from vtp.media.sctp import SctpAssociation, SctpState
from vtp.media.transport import WebRtcTransport
from vtp.media.turns import Turns
from vtp.media.worker import WorkerEvent

AnyChunk = TypeVar("AnyChunk", bound=Chunk)

CERTIFICATE = RTCCertificate.generateCertificate()


class _Pipe:
    """What aiortc takes for an ICE transport, with our transport at the other end; may lose datagrams."""

    role = "controlling"

    def __init__(self, transport: WebRtcTransport) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: WebRtcTransport | None = transport
        self.lose: Callable[[bytes], bool] = lambda datagram: False

    async def _recv(self) -> bytes:
        await asyncio.sleep(0)  # aiortc reads on and on while there is something, and a network never is so
        return await self.queue.get()

    async def _send(self, data: bytes) -> None:
        if self.transport is not None and not self.lose(data):
            self.transport.connection.receive_event(WorkerEvent.DTLS, data)

    def deliver(self, datagram: bytes) -> bool:
        if not self.lose(datagram):
            self.queue.put_nowait(datagram)
        return True


class DataPeer:
    """One peer; `connect()` does the handshake and begins SCTP."""

    def __init__(self, transport: WebRtcTransport) -> None:
        self.transport = transport
        self.pipe = _Pipe(transport)
        self.dtls = RTCDtlsTransport(self.pipe, [CERTIFICATE])  # type: ignore[arg-type]
        self.sctp = RTCSctpTransport(self.dtls)
        pipe = transport.connection.dtls._pipe
        assert pipe is not None
        pipe.send = self.pipe.deliver

    async def connect(self, *, sctp: bool = True, role: Literal["client", "server"] = "client") -> None:
        self.dtls._set_role(role)
        told = CERTIFICATE.getFingerprints()[0]
        ours = self.transport.dtls_parameters.fingerprints[0]
        self.transport.connect(
            DtlsParameters(role=role, fingerprints=[DtlsFingerprint(algorithm="sha-256", value=told.value)])
        )
        self.transport.connection.receive_event(WorkerEvent.ICE_CONNECTED, ("192.0.2.9", 5000))
        async with asyncio.timeout(20):
            await self.dtls.start(
                RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint(ours.algorithm, ours.value)])
            )
            if sctp:
                await self.start_sctp()

    async def start_sctp(self) -> None:
        await self.sctp.start(RTCSctpCapabilities(maxMessageSize=1 << 30), 5000)
        await until(lambda: self.sctp.state == "connected")

    def channel(self, stream_id: int, **more: object) -> RTCDataChannel:
        """An agreed channel, as mediasoup-client makes them."""
        return RTCDataChannel(
            self.sctp,
            RTCDataChannelParameters(negotiated=True, id=stream_id, **more),  # type: ignore[arg-type]
        )

    def listen(self, stream_id: int) -> list[str | bytes]:
        """An agreed channel that only receives; what it gets, in order."""
        got: list[str | bytes] = []
        self.channel(stream_id).on("message", got.append)
        return got

    async def close(self) -> None:
        await self.sctp.stop()
        await self.dtls.stop()
        self.pipe.transport = None
        await asyncio.sleep(0)


async def until(done: Callable[[], bool], timeout_s: float = 5.0) -> None:
    """Waits for what has no event here."""
    async with asyncio.timeout(timeout_s):
        while not done():  # noqa: ASYNC110
            await asyncio.sleep(0.002)


class RawPeer:
    """The calling side of an association, chunk by chunk; `sent` is what ours has sent."""

    def __init__(self) -> None:
        self.owner = Heard()
        self.sent: list[Chunk] = []
        self.association = SctpAssociation(self._take, self.owner, Turns())
        self.tsn = 1000
        self.tag = 0

    def _take(self, packet: bytes) -> bool:
        self.sent += rtcsctptransport.parse_packet(packet)[3]
        return True

    def connect(self, *, partial_reliability: bool = True) -> None:
        """INIT and COOKIE ECHO, RFC 9260 section 5.1."""
        init = self.init()
        if not partial_reliability:
            init.params = []
        self.receive(init)
        answer = self.last(rtcsctptransport.InitAckChunk)
        self.tag = answer.initiate_tag
        self.receive(CookieEchoChunk(body=dict(answer.params)[rtcsctptransport.SCTP_STATE_COOKIE]))
        assert self.association.is_connected

    def init(self) -> InitChunk:
        chunk = InitChunk()
        chunk.initiate_tag, chunk.initial_tsn, chunk.advertised_rwnd = 77, self.tsn, 1 << 20
        chunk.outbound_streams = chunk.inbound_streams = 1024
        chunk.params = [(rtcsctptransport.SCTP_PRSCTP_SUPPORTED, b"")]
        return chunk

    def data(self, payload: bytes = b"x", *, ahead: int = 0, **more: int) -> DataChunk:
        """The next DATA chunk, or one `ahead` of it, which leaves the number to the next; whole, ordered."""
        chunk = DataChunk(flags=more.pop("flags", 3))
        chunk.tsn, chunk.protocol, chunk.user_data = (self.tsn + ahead) % 2**32, 51, payload
        for name, value in more.items():
            setattr(chunk, name, value)
        if not ahead:
            self.tsn = (self.tsn + 1) % 2**32
        return chunk

    def receive(self, *chunks: Chunk) -> None:
        self.association.receive(packet_of(*chunks, tag=self.tag))

    def last(self, kind: type[AnyChunk]) -> AnyChunk:
        """The newest chunk of a kind that was sent to this peer."""
        return next(chunk for chunk in reversed(self.sent) if isinstance(chunk, kind))


class Heard:
    """Owns an association and notes what it is told."""

    def __init__(self) -> None:
        self.connected = 0
        self.messages: list[tuple[int, int, bytes]] = []
        self.reset: list[int] = []
        self.ended: list[tuple[SctpState, str]] = []

    def sctp_connected(self) -> None:
        self.connected += 1

    def sctp_received(self, stream_id: int, ppid: int, payload: bytes) -> None:
        self.messages.append((stream_id, ppid, payload))

    def sctp_stream_reset(self, stream_id: int) -> None:
        self.reset.append(stream_id)

    def sctp_ended(self, state: SctpState, reason: str) -> None:
        self.ended.append((state, reason))


def packet_of(*chunks: Chunk, tag: int) -> bytes:
    """An SCTP packet of several chunks, with a right checksum; aiortc sends one chunk in each."""
    return checksummed(pack("!HHLL", 5000, 5000, tag, 0) + b"".join(map(bytes, chunks)))


def checksummed(packet: bytes) -> bytes:
    """The packet with the checksum that it should have."""
    return packet[:8] + pack("<L", crc32c(packet[:8] + bytes(4) + packet[12:])) + packet[12:]
