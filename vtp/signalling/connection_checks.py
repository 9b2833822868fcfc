"""Connection checks: short-lived transports by which people try, before a class, whether media would come.

Such a transport takes part in nothing: it has a data channel whose messages come back (loss, round trip), and
one that takes and gives a bounded amount (throughput). It ends with the peer, or after `LIFETIME_S`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextvars import Context

from vtp.errors import Unavailable
from vtp.media.data_producer import PPID_BINARY, PPID_STRING, DataMessage, DataProducer
from vtp.media.media_transport import TransportClosed, TransportEvent
from vtp.media.parameters import DtlsParameters, SctpStreamParameters
from vtp.media.plane import MediaPlane
from vtp.media.router import Router
from vtp.media.transport import WebRtcTransport
from vtp.media.worker import MediaWorker

LIFETIME_S = 20.0
WITHOUT_DTLS_S = 6.0
"""Of a check that wants connectivity checks answered and no more."""
RETRY_AFTER_S = 4.0
MAX_ECHO_BYTES = 1200
MAX_ECHOES = 1000
MAX_UPLOAD_BYTES = 500_000
MAX_DOWNLOAD_BYTES = 400_000
BLOCK_BYTES = 1100
REPORT_INTERVAL_S = 0.15
ECHO_IN, ECHO_OUT, BULK_IN, BULK_OUT = range(4)


class Echo:
    """Sends back what comes, as lossy as it came: at most `MAX_ECHOES` messages of `MAX_ECHO_BYTES`."""

    def __init__(self, outlet: DataProducer) -> None:
        self._outlet = outlet
        self._left = MAX_ECHOES

    def deliver(self, message: DataMessage) -> None:
        """Takes one message of the peer."""
        if self._left > 0 and len(message.payload) <= MAX_ECHO_BYTES:
            self._left -= 1
            self._outlet.receive(message)


class Bulk:
    """Counts what is sent to it and tells how much came when; gives as much on the word `send`."""

    def __init__(self, outlet: DataProducer, end: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._outlet = outlet
        self._end = end
        self._clock = clock
        self._begun_s = self._told_s = 0.0
        self._received = 0
        self._given = False

    def deliver(self, message: DataMessage) -> None:
        """Takes one message of the peer."""
        if message.ppid == PPID_STRING:
            self._take_word(message.payload)
            return
        now_s = self._clock()
        self._begun_s = self._begun_s or now_s
        self._received += len(message.payload)
        if self._received > MAX_UPLOAD_BYTES:
            self._end("More was sent than a connection check takes.")
        elif now_s - self._told_s >= REPORT_INTERVAL_S or self._received == MAX_UPLOAD_BYTES:
            self._told_s = now_s
            self._tell()

    def _take_word(self, word: bytes) -> None:
        if word == b"report":
            self._tell()
        elif word == b"send" and not self._given:
            self._given = True
            block = DataMessage(PPID_BINARY, bytes(BLOCK_BYTES))
            for _ in range(MAX_DOWNLOAD_BYTES // BLOCK_BYTES):
                self._outlet.receive(block)

    def _tell(self) -> None:
        elapsed_ms = round(1000 * (self._clock() - self._begun_s)) if self._begun_s else 0
        report = json.dumps({"received_bytes": self._received, "elapsed_ms": elapsed_ms})
        self._outlet.receive(DataMessage(PPID_STRING, report.encode()))


class ConnectionChecks:
    """All checks of this server; at most `at_a_time` (0: any number) of them are open."""

    def __init__(self, media: MediaPlane, at_a_time: int) -> None:
        self._media = media
        self._at_a_time = at_a_time
        self._open: set[WebRtcTransport] = set()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, remote: DtlsParameters | None) -> WebRtcTransport:
        """A transport to check with; it connects to the peer with `remote`, or only answers checks without.

        Raises Unavailable when as many are open as may be.
        """
        if self._at_a_time and len(self._open) >= self._at_a_time:
            raise Unavailable(
                "Many people check their connection at this moment; try again in a few seconds.",
                retry_after_s=RETRY_AFTER_S,
                code="checks_busy",
            )
        try:
            router = self._media.create_router()
        except RuntimeError as error:
            raise Unavailable("The packet path has stopped; restart the server.") from error
        return self._begin(router, remote)

    def open_on(self, worker: MediaWorker) -> WebRtcTransport:
        """For the operator: one on this worker, which answers connectivity checks; not limited in number."""
        return self._begin(self._media.create_router(worker), None)

    def _begin(self, router: Router, remote: DtlsParameters | None) -> WebRtcTransport:
        transport = router.create_transport(publishes=True, enable_sctp=remote is not None)
        self._open.add(transport)
        loop = asyncio.get_running_loop()
        limit_s = LIFETIME_S if remote is not None else WITHOUT_DTLS_S
        timer = loop.call_later(
            limit_s, transport.close, "A connection check takes no longer.", context=Context()
        )

        def forget(event: TransportEvent) -> None:
            if isinstance(event, TransportClosed):
                timer.cancel()
                self._open.discard(transport)
                router.close("Its connection check is over.")

        transport.add_listener(forget)
        if remote is not None:
            try:
                _open_channels(transport, loop.time)
                transport.connect(remote)
            except BaseException:
                transport.close("Its connection check could not begin.")
                raise
        return transport


def _open_channels(transport: WebRtcTransport, clock: Callable[[], float]) -> None:
    echo_in = transport.produce_data(_unreliable(ECHO_IN))
    echo_out = DataProducer(_unreliable(ECHO_OUT), "", "")
    transport.consume_data(echo_out)
    bulk_in = transport.produce_data(SctpStreamParameters(stream_id=BULK_IN))
    bulk_out = DataProducer(SctpStreamParameters(stream_id=BULK_OUT), "", "")
    transport.consume_data(bulk_out)
    echo_in.add_sink(Echo(echo_out))
    bulk_in.add_sink(Bulk(bulk_out, transport.close, clock))


def _unreliable(stream_id: int) -> SctpStreamParameters:
    return SctpStreamParameters(stream_id=stream_id, ordered=False, max_retransmits=0)
