"""As much of protobuf's wire format as LiveKit's signalling needs: varints and length-delimited fields.

Messages are lists of (field number, value) to write and dicts of lists to read; names are the callers'
matter.
"""

from collections.abc import Iterator, Sequence

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types, protobuf.dev/programming-guides/encoding
_SIZES = {_FIXED64: 8, _FIXED32: 4}
Value = int | str | bytes
Field = tuple[int, Value]
Fields = dict[int, list[int | bytes]]


def encode(fields: Sequence[Field]) -> bytes:
    """A message of these fields, in their order; a sub-message is the bytes that `encode` gave for it."""
    return b"".join(_field(number, value) for number, value in fields)


def decode(message: bytes) -> Fields:
    """All fields by number: varints as int, everything else as bytes. Raises ValueError when it is cut
    off."""
    fields: Fields = {}
    for number, value in _fields(message):
        fields.setdefault(number, []).append(value)
    return fields


def text(fields: Fields, number: int) -> str:
    """A string field, empty where it is absent."""
    return first_bytes(fields, number).decode()


def first_bytes(fields: Fields, number: int) -> bytes:
    """A length-delimited field, empty where it is absent."""
    value = fields.get(number, [b""])[0]
    return value if isinstance(value, bytes) else b""


def first_int(fields: Fields, number: int) -> int:
    """A varint field, 0 where it is absent."""
    value = fields.get(number, [0])[0]
    return value if isinstance(value, int) else 0


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    """Seven bits a byte, the least significant first; only what is not negative."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _read_varint(message, at)
            yield number, value
            continue
        length, at = (_SIZES[kind], at) if kind in _SIZES else _read_length(message, at, kind)
        if at + length > len(message):
            raise ValueError("A protobuf field is cut off.")
        yield number, message[at : at + length]
        at += length


def _read_length(message: bytes, at: int, kind: int) -> tuple[int, int]:
    if kind != _BYTES:
        raise ValueError(f"Protobuf has no wire type {kind} here.")
    return _read_varint(message, at)


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 70:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("A protobuf number is cut off.")
