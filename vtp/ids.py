"""Identifiers that the server mints: UUIDv7 strings (RFC 9562 section 5.7).

They sort by the time they were made, so an index over them grows at its end and a list can be paged by
id alone.
"""

import os
import re
import struct
import time

from vtp.errors import FieldError, Invalid

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_NS_PER_MS = 1_000_000
_48_BITS, _62_BITS = (1 << 48) - 1, (1 << 62) - 1
_VERSION_7, _VARIANT = 0x7 << 76, 0b10 << 62
_AT_ONCE = 64
_random: list[int] = []
"""Of the system, read for many identifiers at once: asking takes as long as all else of one."""
os.register_at_fork(after_in_child=_random.clear)


def new_id() -> str:
    """Mints one identifier from the wall clock and the system's randomness."""
    return uuid7(time.time_ns(), _random_bits())


def new_ids(count: int) -> list[str]:
    """Mints several at once, which sort in this order: for the rows of one transaction."""
    milliseconds, rest_ns = divmod(time.time_ns(), _NS_PER_MS)
    first = milliseconds << 12 | (rest_ns << 12) // _NS_PER_MS
    random = struct.unpack(f"{count}Q", os.urandom(8 * count))
    return [_spell(_value((first + at) >> 12, (first + at) & 0xFFF, random[at])) for at in range(count)]


def id_after(other: str) -> str:
    """Mints one identifier that sorts after another, also where the clock was set back since."""
    fresh = new_id()
    return fresh if fresh > other else _spell(int(other.replace("-", ""), 16) + 1)


def uuid7(time_ns: int, random_bits: int) -> str:
    """One UUIDv7 as text: 48 bits of milliseconds, 12 bits of the millisecond's fraction, 62 random bits.

    The fraction is RFC 9562 section 6.2, method 3: identifiers made one after the other sort in that order
    without any state being kept between them.
    """
    milliseconds, rest_ns = divmod(time_ns, _NS_PER_MS)
    return _spell(_value(milliseconds, (rest_ns << 12) // _NS_PER_MS, random_bits))


def _value(milliseconds: int, fraction: int, random_bits: int) -> int:
    value = (milliseconds & _48_BITS) << 80
    return value | _VERSION_7 | fraction << 64 | _VARIANT | (random_bits & _62_BITS)


def _random_bits() -> int:
    """64 bits that nobody else has had; for any thread."""
    while True:
        try:
            return _random.pop()
        except IndexError:
            _random.extend(struct.unpack(f"{_AT_ONCE}Q", os.urandom(8 * _AT_ONCE)))


def first_id_at(time_ms: int) -> str:
    """The least identifier of a millisecond (Unix time): a time as a place in a list by id."""
    return _spell((time_ms & _48_BITS) << 80)


def _spell(value: int) -> str:
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def is_id(text: str) -> bool:
    """Tells whether a text has the shape of an identifier."""
    return _UUID.fullmatch(text) is not None


def parse_id(text: str, pointer: str) -> str:
    """Gives the identifier in its one spelling (lower case).

    Raises Invalid (422) naming `pointer`, a JSON pointer or a parameter's name, when the text is no UUID.
    """
    if not is_id(text):
        sentence = (
            "This is not an identifier: it must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057."
        )
        raise Invalid("An identifier in the request is malformed.", errors=[FieldError(pointer, sentence)])
    return text.lower()
