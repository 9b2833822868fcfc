"""How much JSON is read: what reading costs, in time and in memory, goes by its values and not by its bytes.

A kilobyte that unpacks to a megabyte of `{}` takes a tenth of a second and 150 MB to read, and no other
thread has the interpreter meanwhile. So values are counted before anything is read.
"""

from __future__ import annotations

from typing import Final

MOST_VALUES: Final = 60_000
"""Of one call or message: more than the commas of the longest text that is taken; 20 ms of a processor."""
_BEFORE_VALUES: Final = (",", "[", "{")


def has_more_values(text: str | bytes, most: int) -> bool:
    """Whether JSON may have more than so many values, members of objects counted once.

    Each value but the first comes behind one of three characters. Those within strings are counted, too.
    """
    if len(text) <= most:
        return False
    if isinstance(text, str):
        return sum(text.count(one) for one in _BEFORE_VALUES) >= most
    return sum(text.count(one.encode()) for one in _BEFORE_VALUES) >= most
