"""Transport-wide feedback as viewers write it, in every form.

draft-holmer-rmcat-transport-wide-cc-extensions-01.
"""

import struct
from collections.abc import Sequence

TICK_NS = 250_000
REFERENCE_NS = 64_000_000
FORMS = ("runs", "bits", "pairs")


def pack_feedback(
    base: int, arrivals_ns: Sequence[int | None], *, count: int = 0, form: str = "pairs", ssrc: int = 1
) -> bytes:
    """Tells when the packets from number `base` on arrived; None: not. `form` is that of the chunks.

    "runs" are run lengths, "bits" vectors of one bit (which cannot tell of large deltas), "pairs" of two.
    """
    first = next(at for at in arrivals_ns if at is not None)
    reference = first // REFERENCE_NS
    clock = reference * (REFERENCE_NS // TICK_NS)
    symbols, deltas = [], b""
    for at in arrivals_ns:
        if at is None:
            symbols.append(0)
            continue
        delta = at // TICK_NS - clock
        clock += delta
        small = 0 <= delta <= 255
        symbols.append(1 if small else 2)
        deltas += struct.pack("!B" if small else "!h", delta)
    body = b"".join(struct.pack("!H", chunk) for chunk in _chunks(symbols, form)) + deltas
    body += bytes(-len(body) % 4)
    head = struct.pack("!BBHIIHH", 0x8F, 205, 4 + len(body) // 4, 7, ssrc, base & 0xFFFF, len(symbols))
    return head + (reference & 0xFFFFFF).to_bytes(3) + bytes([count & 0xFF]) + body


def _chunks(symbols: list[int], form: str) -> list[int]:
    if form == "bits":
        assert max(symbols) < 2, "Vectors of one bit only tell of small deltas."
        rows = [symbols[i : i + 14] for i in range(0, len(symbols), 14)]
        return [0x8000 | sum(s << (13 - i) for i, s in enumerate(row)) for row in rows]
    if form == "pairs":
        rows = [symbols[i : i + 7] for i in range(0, len(symbols), 7)]
        return [0xC000 | sum(s << (12 - 2 * i) for i, s in enumerate(row)) for row in rows]
    chunks: list[int] = []
    for symbol in symbols:
        if chunks and chunks[-1] >> 13 == symbol and chunks[-1] & 0x1FFF < 0x1FFF:
            chunks[-1] += 1
        else:
            chunks.append(symbol << 13 | 1)
    return chunks
