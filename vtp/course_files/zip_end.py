"""How many parts an archive says that it has, read before anything is made of them: a table of millions of
parts takes gigabytes once it is read. APPNOTE.TXT of PKWARE, 4.3.14 to 4.3.16."""

from __future__ import annotations

import struct
from typing import BinaryIO, Final

_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_LOCATOR: Final = struct.Struct("<4sLQL")
_LOCATOR_MARK: Final = b"PK\x06\x07"
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_END_64_MARK: Final = b"PK\x06\x06"
_MAX_COMMENT: Final = 0xFFFF


def table_size(file: BinaryIO) -> tuple[int, int]:
    """Entries and bytes of the table of contents, the larger of what is said twice. Raises ValueError for
    what has no end of an archive."""
    size = file.seek(0, 2)
    start = max(0, size - _END.size - _MAX_COMMENT)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        raise ValueError("there is no end of an archive")
    _, _, _, _, entries, table_bytes, _, _ = _END.unpack_from(tail, at)
    large = _large(file, start + at)
    return max(entries, large[0]), max(table_bytes, large[1])


def _large(file: BinaryIO, end: int) -> tuple[int, int]:
    """The same by numbers of 64 bits, which readers take where they are there: right before the end."""
    room = _END_64.size + _LOCATOR.size
    if end < room:
        return 0, 0
    file.seek(end - room)
    record = file.read(room)
    if not record.startswith(_END_64_MARK) or record[_END_64.size :][:4] != _LOCATOR_MARK:
        return 0, 0
    fields = _END_64.unpack_from(record)
    return fields[7], fields[8]
