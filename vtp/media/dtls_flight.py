"""DTLS records in datagrams: packing what we send, noticing what the peer sends again. No I/O.

OpenSSL ignores repeats of handshake messages it has already consumed until its own one second timer
fires. A peer that repeats them tells us that our last flight was lost, so it is sent again at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct
from typing import NamedTuple

MAX_DATAGRAM_BYTES = 1200
RESEND_INTERVAL_MS = 50
MAX_RESENDS = 3

_RECORD_HEADER_BYTES = 13  # RFC 6347 section 4.1
_HANDSHAKE_HEADER_BYTES = 12  # RFC 6347 section 4.2.2
_CHANGE_CIPHER_SPEC = 20
_HANDSHAKE = 22
_FLIGHT_TYPES = (bytes([_CHANGE_CIPHER_SPEC]), bytes([_HANDSHAKE]))
_RECORD = Struct("!BxxHxxxxxxH")  # type, epoch, length
_MESSAGE = Struct("!xBHHBHBH")  # 24 bits of length, sequence, 24 bits of offset and of fragment length


class DtlsRecord(NamedTuple):
    """One record as it stands in a datagram: its type, epoch and bytes, header included."""

    content_type: int
    epoch: int
    data: bytes

    @property
    def is_flight(self) -> bool:
        """True for the records that OpenSSL would retransmit: handshake and change cipher spec."""
        return self.content_type in (_CHANGE_CIPHER_SPEC, _HANDSHAKE)


def split_records(data: bytes) -> Iterator[DtlsRecord]:
    """Yields the records of `data`; ends silently at the first one that is cut short.

    Only the DTLS 1.2 layout is known; bytes after another layout come as one last record.
    """
    offset = 0
    while offset + _RECORD_HEADER_BYTES <= len(data):
        if data[offset + 1] != 0xFE:
            yield DtlsRecord(data[offset], -1, data[offset:])
            return
        content_type, epoch, length = _RECORD.unpack_from(data, offset)
        end = offset + _RECORD_HEADER_BYTES + length
        if end > len(data):
            return
        yield DtlsRecord(content_type, epoch, data[offset:end])
        offset = end


def pack_datagrams(records: list[DtlsRecord], limit: int = MAX_DATAGRAM_BYTES) -> list[bytes]:
    """Joins whole records into datagrams of at most `limit` bytes (a larger record goes alone)."""
    datagrams: list[bytes] = []
    current = b""
    for record in records:
        if current and len(current) + len(record.data) > limit:
            datagrams.append(current)
            current = b""
        current += record.data
    if current:
        datagrams.append(current)
    return datagrams


@dataclass
class _Message:
    """How much of one incoming handshake message has arrived."""

    length: int
    covered: set[tuple[int, int]] = field(default_factory=set)

    def is_complete(self) -> bool:
        reached = 0
        for start, end in sorted(self.covered):
            if start > reached:
                return False
            reached = max(reached, end)
        return reached >= self.length


class HandshakeProgress:
    """Follows the peer's plain handshake messages and tells which datagrams repeat consumed ones."""

    __slots__ = ("_next_sequence", "_pending")

    def __init__(self) -> None:
        self._next_sequence = 0
        self._pending: dict[int, _Message] = {}

    def receive(self, datagram: bytes) -> bool:
        """Takes one datagram; True when it holds a message that was already complete before it."""
        consumed = self._next_sequence
        repeated = False
        for record in split_records(datagram):
            if record.content_type == _HANDSHAKE and record.epoch == 0:
                repeated = self._receive_message(record.data, consumed) or repeated
        return repeated

    def _receive_message(self, record: bytes, consumed: int) -> bool:
        if len(record) < _RECORD_HEADER_BYTES + _HANDSHAKE_HEADER_BYTES:
            return False
        length, sequence, start, size = _read_message_header(record)
        if sequence < self._next_sequence:
            return sequence < consumed
        if sequence > self._next_sequence + 16:
            return False
        if sequence == self._next_sequence and size >= length and start == 0:
            self._pending.pop(sequence, None)
            self._next_sequence += 1
        else:
            self._note_fragment(sequence, length, start, start + size)
        while (message := self._pending.get(self._next_sequence)) and message.is_complete():
            del self._pending[self._next_sequence]
            self._next_sequence += 1
        return False

    def _note_fragment(self, sequence: int, length: int, start: int, end: int) -> None:
        message = self._pending.setdefault(sequence, _Message(length))
        if len(message.covered) < 64:
            message.covered.add((start, min(end, length)))


def _read_message_header(record: bytes) -> tuple[int, int, int, int]:
    """Length and sequence of the message in a record, offset and length of its fragment (RFC 6347, 4.2.2)."""
    length_high, length, sequence, start_high, start, size_high, size = _MESSAGE.unpack_from(
        record, _RECORD_HEADER_BYTES
    )
    return length_high << 16 | length, sequence, start_high << 16 | start, size_high << 16 | size


class LastFlight:
    """Our last flight, and how often it may still be sent again."""

    __slots__ = ("_records", "_resends", "_sent_ms")

    def __init__(self) -> None:
        self._records = b""
        self._sent_ms = 0
        self._resends = 0

    def sent(self, records: bytes, now_ms: int) -> None:
        """Remembers whole records that leave now. What begins with an alert or with data is no flight."""
        if records[:1] in _FLIGHT_TYPES:
            self._records = records
            self._sent_ms = now_ms
            self._resends = 0

    def again(self, now_ms: int) -> list[bytes]:
        """The datagrams to send again after a repeat; none when too soon or too often."""
        if not self._records or self._resends >= MAX_RESENDS or now_ms - self._sent_ms < RESEND_INTERVAL_MS:
            return []
        self._resends += 1
        self._sent_ms = now_ms
        return pack_datagrams([record for record in split_records(self._records) if record.is_flight])
