"""Opus packets: how long they last (RFC 6716 section 3), silence, and the header MP4 needs (RFC 7845)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

SILENCE = (
    b"\xf8\xff\xfe"  # CELT, full band, 20 ms, mono, nothing in it: what encoders send for digital silence
)
SILENCE_TICKS = 960
PRE_SKIP = 312  # libopus' look-ahead at 48 kHz: 6.5 ms
_SILK_TICKS = (480, 960, 1920, 2880)
_HYBRID_TICKS = (480, 960)
_CELT_TICKS = (120, 240, 480, 960)
_LONGEST_FRAME = 1275  # bytes
LONGEST_TICKS = 5760  # of a packet


def packet_ticks(packet: bytes) -> int:
    """The duration of a packet in ticks of 48 kHz.

    Raises ValueError for a packet that is empty, cut short or longer than 120 ms.
    """
    if not packet:
        raise ValueError("Opus packet is empty")
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = _SILK_TICKS[config & 3]
    elif config < 16:
        frame = _HYBRID_TICKS[config & 1]
    else:
        frame = _CELT_TICKS[config & 3]
    if code == 3 and len(packet) < 2:
        raise ValueError("Opus packet has no frame count")
    count = (1, 2, 2)[code] if code < 3 else packet[1] & 0x3F
    if not 0 < count * frame <= LONGEST_TICKS:
        raise ValueError("Opus packet lasts longer than 120 ms")
    return count * frame


def joined(packets: Sequence[bytes]) -> bytes:
    """Packets of one frame each and of one kind (`may_join`) as one packet of all their frames, which decodes
    to the same (RFC 6716 section 3.2.5). They may not last longer than 120 ms together.
    """
    if len(packets) == 1:
        return packets[0]
    head = bytes((packets[0][0] | 3, 0x80 | len(packets)))
    lengths = b"".join(_frame_length(len(packet) - 1) for packet in packets[:-1])
    return head + lengths + b"".join(packet[1:] for packet in packets)


def may_join(packet: bytes, after: bytes) -> bool:
    """Whether both are single frames of the same mode, bandwidth and length, and none is too long for one."""
    return packet[0] == after[0] and not packet[0] & 3 and max(len(packet), len(after)) <= 1 + _LONGEST_FRAME


def _frame_length(length: int) -> bytes:
    """One byte, or two from 252 on (RFC 6716 section 3.2.1)."""
    if length < 252:
        return bytes((length,))
    low = 252 + (length & 3)
    return bytes((low, (length - low) >> 2))


def ogg_template(channels: int = 2) -> bytes:
    """The smallest Ogg Opus file: PyAV takes an MP4 track's OpusSpecificBox from its header."""
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, channels, PRE_SKIP, 48_000, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 3) + b"vtp" + struct.pack("<I", 0)
    pages = ((2, 0, head), (0, 0, tags), (4, SILENCE_TICKS, SILENCE))
    return b"".join(_ogg_page(n, kind, granule, body) for n, (kind, granule, body) in enumerate(pages))


def _ogg_page(number: int, kind: int, granule: int, body: bytes) -> bytes:
    head = b"OggS" + struct.pack("<BBqIII", 0, kind, granule, 1, number, 0) + bytes([1, len(body)])
    page = head + body
    return page[:22] + struct.pack("<I", _ogg_crc(page)) + page[26:]


def _ogg_crc(data: bytes) -> int:
    """CRC-32 of RFC 3533 section 6: polynomial 0x04c11db7, nothing reflected."""
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = ((crc << 1) ^ 0x04C11DB7) & 0xFFFFFFFF if crc & 0x80000000 else crc << 1
    return crc
