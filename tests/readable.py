"""Waits for a file descriptor of any number: `select` knows those below 1,024 only."""

import select
from typing import Protocol


class HasFileno(Protocol):
    def fileno(self) -> int: ...


def is_readable(source: int | HasFileno, seconds: float) -> bool:
    """Whether `source` can be read within `seconds`."""
    poll = select.poll()
    poll.register(source, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
