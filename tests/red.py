"""RED (RFC 2198) as publishers send it: blocks of what was sent before, then the packet's own."""

import struct
from collections.abc import Sequence


def pack_red(payload_type: int, own: bytes, old: Sequence[bytes] = (), *, step: int = 960) -> bytes:
    """`old` from the oldest to the newest, `step` of the clock apart."""
    heads = b"".join(
        bytes([0x80 | payload_type])
        + struct.pack("!I", (step * (len(old) - i) & 0x3FFF) << 10 | len(block))[1:]
        for i, block in enumerate(old)
    )
    return heads + bytes([payload_type]) + b"".join(old) + own


def unpack_red(payload: bytes) -> tuple[list[int], list[bytes]]:
    """Payload types and data of the blocks, the packet's own last."""
    types, lengths, at = [], [], 0
    while payload[at] & 0x80:
        types.append(payload[at] & 0x7F)
        lengths.append(int.from_bytes(payload[at + 2 : at + 4], "big") & 0x3FF)
        at += 4
    types.append(payload[at])
    blocks = []
    at += 1
    for length in lengths:
        blocks.append(payload[at : at + length])
        at += length
    return types, [*blocks, payload[at:]]
