"""An independent RTP packetizer for tests: encoded frames in, plain RTP packets out.

RFC 7741 (VP8), RFC 9628 (VP9, non-flexible), RFC 6184 (H.264: single NAL units, STAP-A, FU-A), the AV1 RTP
specification 1.0, RFC 7587 (Opus). It shares no code with the depacketizer under test.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

PAYLOAD_BYTES = 400  # small, so that small pictures are fragmented too


@dataclass
class RtpStream:
    """Numbers and stamps packets of one SSRC; sequence and timestamp wrap."""

    ssrc: int = 0x11223344
    sequence: int = 0
    payload_type: int = 96

    def packets(self, payloads: list[bytes], timestamp: int) -> list[bytes]:
        """One frame's packets, the marker on the last."""
        out = []
        for i, payload in enumerate(payloads):
            out.append(self.packet(payload, timestamp, marker=i == len(payloads) - 1))
        return out

    def packet(self, payload: bytes, timestamp: int, *, marker: bool = False, padding: int = 0) -> bytes:
        """One packet with the next sequence number."""
        head = struct.pack(
            "!BBHII",
            0x80 | (0x20 if padding else 0),
            0x80 * marker | self.payload_type,
            self.sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            self.ssrc,
        )
        self.sequence += 1
        return head + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


def pieces(data: bytes, size: int) -> list[bytes]:
    """data cut into pieces of at most size bytes."""
    return [data[i : i + size] for i in range(0, len(data), size)]


def packetize_vp8(frame: bytes, picture_id: int, *, size: int = PAYLOAD_BYTES) -> list[bytes]:
    """With a 15-bit picture id, TL0PICIDX and TID/Y, RFC 7741 section 4.2."""
    tail = b"\xe0" + struct.pack("!HBB", 0x8000 | picture_id & 0x7FFF, picture_id & 0xFF, 0x20)
    return [bytes([0x90 if i == 0 else 0x80]) + tail + piece for i, piece in enumerate(pieces(frame, size))]


def packetize_vp9(frame: bytes, picture_id: int, *, key: bool, size: int = PAYLOAD_BYTES) -> list[bytes]:
    """One spatial layer, non-flexible, without layer indices, RFC 9628 section 4.2."""
    parts = pieces(frame, size)
    out = []
    for i, piece in enumerate(parts):
        flags = 0x80 | (0 if key else 0x40) | (0x08 if i == 0 else 0) | (0x04 if i == len(parts) - 1 else 0)
        out.append(struct.pack("!BH", flags, 0x8000 | picture_id & 0x7FFF) + piece)
    return out


def split_annex_b(data: bytes) -> list[bytes]:
    """The NAL units of an H.264 byte stream, without start codes."""
    units = [unit.rstrip(b"\0") for unit in data.split(b"\0\0\1")]
    return [unit for unit in units if unit]


def packetize_h264(annex_b: bytes, *, size: int = PAYLOAD_BYTES) -> list[bytes]:
    """Small neighbours together in STAP-A, small ones alone, large ones in FU-A, RFC 6184 section 5."""
    out: list[bytes] = []
    small: list[bytes] = []
    for unit in split_annex_b(annex_b):
        if len(unit) <= size // 4:
            small.append(unit)
            continue
        out += flush_small(small)
        out += [unit] if len(unit) <= size else fragment_nal(unit, size)
    return out + flush_small(small)


def flush_small(units: list[bytes]) -> list[bytes]:
    """The waiting small NAL units as one payload; empties the list."""
    if len(units) < 2:
        out = list(units)
    else:
        header = max(unit[0] & 0x60 for unit in units) | 24
        out = [bytes([header]) + b"".join(struct.pack("!H", len(unit)) + unit for unit in units)]
    units.clear()
    return out


def fragment_nal(unit: bytes, size: int) -> list[bytes]:
    """FU-A, RFC 6184 section 5.8."""
    parts = pieces(unit[1:], size)
    indicator, kind = unit[0] & 0xE0 | 28, unit[0] & 0x1F
    return [
        bytes([indicator, kind | (0x80 if i == 0 else 0) | (0x40 if i == len(parts) - 1 else 0)]) + part
        for i, part in enumerate(parts)
    ]


def read_leb128(data: bytes, at: int) -> tuple[int, int]:
    """Value and offset behind it, AV1 bitstream section 4.10.5."""
    value = 0
    for i in range(8):
        value |= (data[at + i] & 0x7F) << (7 * i)
        if not data[at + i] & 0x80:
            return value, at + i + 1
    raise ValueError("leb128 longer than eight bytes")


def write_leb128(value: int) -> bytes:
    """The shortest form."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def split_obus(unit: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Type, header without size flag, and payload of each OBU of a low-overhead temporal unit."""
    at = 0
    while at < len(unit):
        header = unit[at : at + (2 if unit[at] & 4 else 1)]
        size, begin = read_leb128(unit, at + len(header))
        at = begin + size
        yield (header[0] >> 3) & 15, bytes([header[0] & ~2]) + header[1:], unit[begin:at]


def without_delimiter(unit: bytes) -> bytes:
    """The temporal unit as files want it: the same OBUs but for the temporal delimiter."""
    return b"".join(
        bytes([header[0] | 2]) + header[1:] + write_leb128(len(payload)) + payload
        for kind, header, payload in split_obus(unit)
        if kind != 2
    )


def packetize_av1(unit: bytes, *, key: bool, size: int = PAYLOAD_BYTES, counted: bool = True) -> list[bytes]:
    """OBU elements without size fields, fragmented; counted: W tells their number, else each has a length."""
    packets: list[list[bytes]] = [[]]
    flags: list[int] = [0x08 if key else 0]
    for kind, header, payload in split_obus(unit):
        if kind == 2:
            continue
        rest = header + payload
        while rest:
            room = size - sum(len(element) + 2 for element in packets[-1])
            if room < 20 or (counted and len(packets[-1]) == 3):
                packets.append([])
                flags.append(0)
                continue
            packets[-1].append(rest[:room])
            rest = rest[room:]
            if rest:
                flags[-1] |= 0x40
                packets.append([])
                flags.append(0x80)
    return [
        aggregate(elements, flag, counted) for elements, flag in zip(packets, flags, strict=True) if elements
    ]


def aggregate(elements: list[bytes], flags: int, counted: bool) -> bytes:
    """Aggregation header and elements, AV1 RTP specification section 4.4."""
    if not counted:
        return bytes([flags]) + b"".join(write_leb128(len(element)) + element for element in elements)
    lengths = [write_leb128(len(element)) for element in elements[:-1]] + [b""]
    body = b"".join(length + element for length, element in zip(lengths, elements, strict=True))
    return bytes([flags | len(elements) << 4]) + body
