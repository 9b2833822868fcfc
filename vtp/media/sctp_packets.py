"""SCTP packets as they come in: what must hold before anything else reads them. No I/O, no state.

aiortc trusts lengths: a parameter that says it is 0 bytes long holds its reader for ever, and a gap that
spans 65,535 numbers costs as many steps. So every length is checked here first. Chunks are RFC 9260's
(section 3), RFC 3758's (FORWARD TSN) and RFC 6525's (RE-CONFIG).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct

MAX_CONTROL_CHUNKS = 4
"""Of one packet, besides DATA. Each may be answered, and no stack bundles more of them."""

_HEADER = Struct("!HHL")
_CHUNK = Struct("!BBH")
_PAIR = Struct("!HH")
_HEADER_BYTES = 12
_CHUNK_BYTES = 4
_DATA, _INIT, _INIT_ACK, _SACK, _SHUTDOWN, _RECONFIG, _FORWARD_TSN = 0, 1, 2, 3, 7, 130, 192
_WITH_PARAMETERS = {_INIT: 16, _INIT_ACK: 16, 4: 0, 5: 0, 6: 0, 9: 0, _RECONFIG: 0}
"""Chunk types that end in parameters, with the bytes of their bodies before these."""
_LEAST_BODY = {_DATA: 13, _INIT: 16, _INIT_ACK: 16, _SACK: 12, _SHUTDOWN: 4, _FORWARD_TSN: 4}
_RECONFIG_PARAMETERS = {13: 12, 16: 8, 17: 8}
"""Those that are read, RFC 6525 section 4, with the fewest bytes of their values."""
_MAX_RECONFIG_PARAMETERS = 2


def check_packet(packet: bytes) -> int:
    """Gives the sender's SCTP port. Raises ValueError with a sentence when a length in it is wrong."""
    if len(packet) < _HEADER_BYTES + _CHUNK_BYTES:
        raise ValueError("An SCTP packet has no chunk.")
    chunks = list(_split_chunks(packet))
    control = [kind for kind, _ in chunks if kind != _DATA]
    if len(control) > MAX_CONTROL_CHUNKS:
        raise ValueError(f"An SCTP packet has more than {MAX_CONTROL_CHUNKS} control chunks.")
    if _INIT in control and len(chunks) > 1:
        raise ValueError("An INIT chunk is not alone in its SCTP packet.")
    for kind, body in chunks:
        _check_chunk(kind, body)
    return int(_HEADER.unpack_from(packet)[0])


def _split_chunks(packet: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEADER_BYTES
    while at <= len(packet) - _CHUNK_BYTES:
        kind, _, size = _CHUNK.unpack_from(packet, at)
        if size < _CHUNK_BYTES or at + size > len(packet):
            raise ValueError(f"An SCTP chunk of type {kind} has a wrong length.")
        yield kind, packet[at + _CHUNK_BYTES : at + size]
        at += _padded(size)


def _padded(size: int) -> int:
    return (size + 3) & ~3


def _check_chunk(kind: int, body: bytes) -> None:
    if len(body) < _LEAST_BODY.get(kind, 0):
        raise ValueError(f"An SCTP chunk of type {kind} is too short.")
    if kind == _SACK and len(body) < 12 + 4 * sum(_PAIR.unpack_from(body, 8)):
        raise ValueError("An SCTP SACK chunk is shorter than its counts say.")
    if kind == _FORWARD_TSN and len(body) % 4:
        raise ValueError("An SCTP FORWARD TSN chunk ends within a stream.")
    if kind in _WITH_PARAMETERS:
        _check_parameters(kind, body[_WITH_PARAMETERS[kind] :])


def _check_parameters(kind: int, body: bytes) -> None:
    at = count = 0
    while at <= len(body) - 4:
        name, size = _PAIR.unpack_from(body, at)
        if size < 4 or at + size > len(body):
            raise ValueError(f"An SCTP chunk of type {kind} has a parameter with a wrong length.")
        if kind == _RECONFIG and (size - 4 < _RECONFIG_PARAMETERS.get(name, 0) or size % 2):
            raise ValueError("An SCTP RE-CONFIG chunk has a truncated parameter.")
        at += _padded(size)
        count += 1
    if kind == _RECONFIG and count > _MAX_RECONFIG_PARAMETERS:
        raise ValueError(f"An SCTP RE-CONFIG chunk has more than {_MAX_RECONFIG_PARAMETERS} parameters.")


def check_acknowledged(cumulative: int, gaps: Sequence[tuple[int, int]], next_tsn: int) -> None:
    """Raises ValueError when a SACK acknowledges what was never sent, or the same numbers many times over.

    `next_tsn` is the first number that was not given out yet; `gaps` are offsets to `cumulative`.
    """
    outstanding = (next_tsn - 1 - cumulative) % 2**32
    if outstanding >= 2**31:
        raise ValueError("An SCTP SACK chunk acknowledges what was not sent.")
    if not all(0 < first <= last <= outstanding for first, last in gaps):
        raise ValueError("An SCTP SACK chunk has a gap outside of what was sent.")
    if sum(last - first for first, last in gaps) > 2 * outstanding:
        raise ValueError("An SCTP SACK chunk has gaps that overlap.")
