"""SCTP over aiortc: the one file that touches the private names of aiortc's association.

aiortc's `RTCSctpTransport` numbers, acknowledges, repeats and reassembles; its data channels are not used,
since stream ids are agreed by signalling. What is ours: where packets come from and go to, checks and limits
before its code sees a chunk, the queue of what waits to be sent, and an end that is always told, with its
reason. Its coroutines never wait for anything once sending does not, so they are run to their end at once.

The peer begins: an INIT of ours would meet nobody until the page makes its first channel. RFC 9260 is SCTP,
RFC 3758 partial reliability, RFC 6525 the resetting of streams, RFC 8831 their use for data channels.
"""

from __future__ import annotations

import enum
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from vtp.media.aiortc_parts import RTCDtlsTransport, RTCSctpTransport, aiortc_sctp
from vtp.media.sctp_packets import check_acknowledged, check_packet
from vtp.media.turns import Turns

logger = logging.getLogger(__name__)

PORT = 5000
MAX_STREAMS = 1024
"""Stream ids are below it; mediasoup's `MIS`, and what Chromium can have."""
RECEIVE_WINDOW_BYTES = 1_048_576
MAX_MESSAGE_BYTES = 262_144
MAX_AHEAD = 2048
"""Of TSNs after the first missing one; what is beyond counts as lost."""
MAX_HELD_CHUNKS = 1024
"""For reassembly and order; more than a full receive window has, unless they are small."""
MAX_IN_FLIGHT = 2048
"""Of chunks; aiortc walks through all of them for each SACK with gaps."""
MAX_WINDOW_BYTES = 524_288
"""Of the congestion window: aiortc minds no receive window, and no browser has a smaller one."""
_MESSAGES_PER_TURN = 16
_MAX_GAPS = 128  # of our SACKs, which fit a datagram then
_TSN_MODULO = 2**32

State = RTCSctpTransport.State


class SctpState(enum.StrEnum):
    """mediasoup's states of an association. FAILED: by the peer's fault or silence."""

    NEW = "new"
    CONNECTED = "connected"
    FAILED = "failed"
    CLOSED = "closed"


class SctpOwner(Protocol):
    """Who hears of an association; called on the event loop."""

    def sctp_connected(self) -> None:
        """Messages may flow."""

    def sctp_received(self, stream_id: int, ppid: int, payload: bytes) -> None:
        """A whole message; `payload` is as it came, one byte for an empty message (RFC 8831 section 6.6)."""

    def sctp_stream_reset(self, stream_id: int) -> None:
        """The peer closed its side of this stream."""

    def sctp_ended(self, state: SctpState, reason: str) -> None:
        """FAILED or CLOSED, once, with a sentence; not called after the owner's own `close()`."""


class _Nobody:
    """Owns an association that has ended."""

    def sctp_connected(self) -> None:
        """Nobody hears it."""

    def sctp_received(self, stream_id: int, ppid: int, payload: bytes) -> None:
        """Nobody hears it."""

    def sctp_stream_reset(self, stream_id: int) -> None:
        """Nobody hears it."""

    def sctp_ended(self, state: SctpState, reason: str) -> None:
        """Nobody hears it."""


_NOBODY = _Nobody()


@dataclass(slots=True, eq=False)
class OutgoingStream:
    """A stream that we send on, and how; `waiting` counts what SCTP has not taken yet."""

    id: int
    ordered: bool = True
    lifetime_ms: int | None = None
    max_retransmits: int | None = None
    waiting_messages: int = 0
    waiting_bytes: int = 0
    dropped: bool = False  # since it fell behind, or the peer was gone

    @property
    def is_reliable(self) -> bool:
        """Whether every message must arrive."""
        return self.lifetime_ms is None and self.max_retransmits is None


@dataclass(slots=True)
class _Waiting:
    """A message that SCTP has not taken yet. `expiry_s` is `time.time()`'s, as aiortc compares it."""

    stream: OutgoingStream
    ppid: int
    payload: bytes
    expiry_s: float | None = field(default=None)


class _Carrier:
    """What aiortc takes for a DTLS transport: a function that sends, until the association ends."""

    __slots__ = ("send",)
    state = "connected"

    def __init__(self, send: Callable[[bytes], bool]) -> None:
        self.send: Callable[[bytes], bool] | None = send

    async def _send_data(self, packet: bytes) -> None:
        if self.send is not None:
            self.send(packet)


def _run(coro: Coroutine[Any, Any, object]) -> None:
    """Runs what never waits. Raises RuntimeError when it does, and whatever it raises."""
    try:
        coro.send(None)
    except StopIteration:
        return
    coro.close()
    raise RuntimeError("aiortc's SCTP waited for something; it must not.")


class SctpAssociation(RTCSctpTransport):
    """One association, as the side that is called. `receive()` takes packets; nothing raises out of it.

    A malformed packet ends the association, and only that.
    """

    def __init__(self, send: Callable[[bytes], bool], owner: SctpOwner, turns: Turns) -> None:
        super().__init__(cast(RTCDtlsTransport, _Carrier(send)), PORT)
        self._owner: SctpOwner = owner
        self._over = False
        self._if_it_ends = (SctpState.FAILED, "The SCTP association ended: the peer answers no more.")
        self._inbound_streams_max = MAX_STREAMS
        self._outbound_streams_count = MAX_STREAMS
        self._advertised_rwnd = RECEIVE_WINDOW_BYTES
        self._held_bytes = self._held_chunks = 0
        self._messages: deque[_Waiting] = deque()
        self._closing: dict[int, OutgoingStream] = {}
        self._half_closed: set[int] = set()
        self._answering: int | None = None
        self._turns = turns
        self._turn_comes = False
        self.waiting_bytes = 0

    @property
    def is_connected(self) -> bool:
        return bool(self._association_state == State.ESTABLISHED)

    # The end

    def close(self) -> None:
        """Says ABORT to the peer, when it is there; the owner is not told."""
        self._owner = _NOBODY
        self._end(SctpState.CLOSED, "It was closed on this side.")

    def _fail(self, reason: str) -> None:
        self._end(SctpState.FAILED, reason)

    def _end(self, state: SctpState, reason: str) -> None:
        if self._over:
            return
        self._over = True
        if self._association_state != State.CLOSED:
            _run(self._abort())
        owner, self._owner = self._owner, _NOBODY
        cast(_Carrier, self.transport).send = None
        # Else aiortc's timers would start again for what is in flight.
        for kept in (self._messages, self._closing, self._outbound_queue, self._sent_queue):
            kept.clear()
        self._inbound_streams.clear()
        self._forward_tsn_chunk = None
        self._set_state(State.CLOSED)
        owner.sctp_ended(state, reason)

    def _set_state(self, state: Any) -> None:
        before = self._association_state
        super()._set_state(state)
        if state == State.ESTABLISHED and before != state:
            self._owner.sctp_connected()
        elif state == State.CLOSED:
            self._end(*self._if_it_ends)

    # Packets in

    def receive(self, packet: bytes) -> None:
        """Takes one SCTP packet."""
        if not self._over:
            self._step(self._take_packet(packet))

    async def _take_packet(self, packet: bytes) -> None:
        self._remote_port = check_packet(packet)
        await self._handle_data(packet)

    def _step(self, coro: Coroutine[Any, Any, object]) -> None:
        """Runs aiortc's code; what it raises ends the association."""
        try:
            _run(coro)
        except ValueError as error:
            self._fail(f"The peer's SCTP was not understood: {error}")
        except Exception:  # whatever aiortc's code trips over must end this association only
            logger.warning("An SCTP packet was not understood.", exc_info=True)
            self._fail("The peer's SCTP was not understood.")

    async def _receive_chunk(self, chunk: aiortc_sctp.Chunk) -> None:
        if self._over:
            return
        state = self._association_state
        if isinstance(chunk, aiortc_sctp.InitChunk | aiortc_sctp.CookieEchoChunk):
            # A restart is not taken: DTLS would have begun anew too. Only a cookie may come twice.
            again = state == State.ESTABLISHED and isinstance(chunk, aiortc_sctp.CookieEchoChunk)
            if state == State.CLOSED or again:
                await super()._receive_chunk(chunk)
        elif isinstance(chunk, aiortc_sctp.AbortChunk):
            self._association_state = State.CLOSED
            self._end(SctpState.CLOSED, "The peer ended the SCTP association.")
        elif isinstance(chunk, aiortc_sctp.ShutdownChunk) and self.is_connected:
            self._if_it_ends = (SctpState.CLOSED, "The peer ended the SCTP association.")
            await super()._receive_chunk(chunk)
        elif self.is_connected or not isinstance(chunk, _OF_CONNECTED):
            await super()._receive_chunk(chunk)

    async def _receive_data_chunk(self, chunk: aiortc_sctp.DataChunk) -> None:
        self._sack_needed = True
        ahead = (chunk.tsn - self._last_received_tsn) % _TSN_MODULO
        if ahead < _TSN_MODULO // 2 and not self._has_room(ahead, len(chunk.user_data)):
            return
        if self._mark_received(chunk.tsn) or chunk.stream_id >= MAX_STREAMS:
            return
        stream = self._get_inbound_stream(chunk.stream_id)
        held = len(stream.reassembly)
        stream.add_chunk(chunk)
        self._held_bytes += len(chunk.user_data)
        for message in stream.pop_messages():
            self._held_bytes -= len(message[2])
            await self._receive(*message)
        self._held_chunks += len(stream.reassembly) - held
        self._bound_held()
        await self._reset_deferred_streams()

    def _has_room(self, ahead: int, size: int) -> bool:
        """Whether a chunk may be held; the first missing one always is, since it may free the others."""
        return ahead <= 1 or (
            ahead <= MAX_AHEAD
            and self._held_chunks < MAX_HELD_CHUNKS
            and self._held_bytes + size <= RECEIVE_WINDOW_BYTES
        )

    def _count_held(self) -> None:
        """Counts anew what waits for reassembly, when streams have lost some of it."""
        held = [stream.reassembly for stream in self._inbound_streams.values()]
        self._held_chunks = sum(map(len, held))
        self._held_bytes = sum(len(chunk.user_data) for chunks in held for chunk in chunks)
        self._bound_held()

    def _bound_held(self) -> None:
        """Tells the peer what room is left. Raises ValueError when one message is more than all may be."""
        self._advertised_rwnd = max(0, RECEIVE_WINDOW_BYTES - self._held_bytes)
        too_many = self._held_chunks > 2 * MAX_HELD_CHUNKS
        if too_many or self._held_bytes > RECEIVE_WINDOW_BYTES + MAX_MESSAGE_BYTES:
            raise ValueError("A message is larger than the receive window.")

    def _mark_received(self, tsn: int) -> bool:
        """As aiortc's, without its walk through all that came out of order."""
        last = cast(int, self._last_received_tsn)
        ahead = (tsn - last) % _TSN_MODULO
        if ahead == 0 or ahead >= _TSN_MODULO // 2 or tsn in self._sack_misordered:
            self._sack_duplicates.append(tsn)
            return True
        self._sack_misordered.add(tsn)
        while (following := (last + 1) % _TSN_MODULO) in self._sack_misordered:
            self._sack_misordered.discard(following)
            self._last_received_tsn = last = following
        return False

    async def _receive_forward_tsn_chunk(self, chunk: aiortc_sctp.ForwardTsnChunk) -> None:
        chunk.streams = [(stream_id, seq) for stream_id, seq in chunk.streams if stream_id < MAX_STREAMS]
        await super()._receive_forward_tsn_chunk(chunk)
        self._count_held()

    async def _receive_sack_chunk(self, chunk: aiortc_sctp.SackChunk) -> None:
        check_acknowledged(chunk.cumulative_tsn, chunk.gaps, self._local_tsn)
        await super()._receive_sack_chunk(chunk)
        self._cwnd = min(self._cwnd, MAX_WINDOW_BYTES)

    async def _send_chunk(self, chunk: aiortc_sctp.Chunk) -> None:
        if isinstance(chunk, aiortc_sctp.SackChunk):
            chunk.gaps, chunk.duplicates = chunk.gaps[:_MAX_GAPS], chunk.duplicates[:_MAX_GAPS]
        await super()._send_chunk(chunk)

    async def _receive(self, stream_id: int, pp_id: int, data: bytes) -> None:
        self._owner.sctp_received(stream_id, pp_id, data)

    # Resetting streams

    async def _reset_deferred_streams(self) -> None:
        """As aiortc's; then the owner hears of it, and our side of the streams is closed too."""
        request = self._reconfig_deferred
        await super()._reset_deferred_streams()
        if request is None or self._reconfig_deferred is not None:
            return
        self._count_held()
        for stream_id in request.streams:
            if stream_id in self._half_closed:
                self._half_closed.discard(stream_id)
            elif stream_id < MAX_STREAMS:
                self._answering = stream_id
                self._owner.sctp_stream_reset(stream_id)
                self._answering = None

    def open_stream(self, stream_id: int) -> None:
        """Tells that a stream is used anew: what the peer resets from now on is this use."""
        self._half_closed.discard(stream_id)

    def close_stream(self, stream: OutgoingStream, *, drop: bool = False) -> None:
        """Resets our side of a stream once all that waits on it has left; at once with `drop`."""
        if self._over or stream.id in self._closing:
            return
        answers = stream.id == self._answering
        if drop or answers or not self.is_connected:
            self._drop_waiting(stream)
        if self.is_connected:
            self._closing[stream.id] = stream
            if not answers:
                self._half_closed.add(stream.id)
            self._reset_if_sent(stream)

    def is_closing(self, stream_id: int) -> bool:
        """Whether the peer has not confirmed yet that this stream was reset."""
        return stream_id in self._closing

    def _drop_waiting(self, stream: OutgoingStream) -> None:
        stream.dropped = True
        self._messages = deque(message for message in self._messages if message.stream is not stream)
        self.waiting_bytes -= stream.waiting_bytes
        stream.waiting_messages = stream.waiting_bytes = 0

    def _reset_if_sent(self, stream: OutgoingStream) -> None:
        if stream.waiting_messages == 0 and self._closing.get(stream.id) is stream:
            self._reconfig_queue.append(stream.id)
            self._step(self._transmit_reconfig())

    def _data_channel_reset(self, stream_id: int) -> None:
        """Called by aiortc when the peer has confirmed a reset."""
        self._data_channel_closed(stream_id)

    def _data_channel_closed(self, stream_id: int) -> None:
        self._data_channel_outbound_reset.discard(stream_id)
        self._closing.pop(stream_id, None)

    # Messages out

    def send(self, stream: OutgoingStream, ppid: int, payload: bytes) -> None:
        """Queues one message; `payload` is one byte for an empty one. The owner sees to the limits."""
        if self._over or stream.dropped:
            return
        lifetime_ms = stream.lifetime_ms
        expiry_s = None if lifetime_ms is None else time.time() + lifetime_ms / 1000
        self._messages.append(_Waiting(stream, ppid, payload, expiry_s))
        stream.waiting_messages += 1
        stream.waiting_bytes += len(payload)
        self.waiting_bytes += len(payload)
        self._ask_for_turn()

    def _ask_for_turn(self) -> None:
        if self.is_connected and not self._turn_comes:
            self._turn_comes = True
            self._turns.soon(self._flush)

    def _flush(self) -> None:
        self._turn_comes = False
        self._step(self._data_channel_flush())

    async def _data_channel_flush(self) -> None:
        """Called by aiortc when there may be room: gives it messages that wait, one at a time."""
        for _ in range(_MESSAGES_PER_TURN):
            if not self._may_send:
                return
            message = self._messages.popleft()
            stream = message.stream
            stream.waiting_messages -= 1
            stream.waiting_bytes -= len(message.payload)
            self.waiting_bytes -= len(message.payload)
            await self._send_message(message)
            self._reset_if_sent(stream)
        if self._may_send:
            self._ask_for_turn()

    @property
    def _may_send(self) -> bool:
        """Whether there is a message, and aiortc has sent what it was given before."""
        return (
            bool(self._messages)
            and self.is_connected
            and not self._outbound_queue
            and len(self._sent_queue) < MAX_IN_FLIGHT
        )

    async def _send_message(self, message: _Waiting) -> None:
        if message.expiry_s is not None and message.expiry_s < time.time():
            return
        stream = message.stream
        partial = self._remote_partial_reliability
        await self._send(
            stream.id,
            message.ppid,
            message.payload,
            expiry=message.expiry_s if partial else None,
            max_retransmits=stream.max_retransmits if partial else None,
            ordered=stream.ordered,
        )


_OF_CONNECTED = (
    aiortc_sctp.DataChunk,
    aiortc_sctp.SackChunk,
    aiortc_sctp.ForwardTsnChunk,
    aiortc_sctp.ReconfigChunk,
    aiortc_sctp.ShutdownChunk,
)
"""Chunks that mean nothing before the association is there."""
