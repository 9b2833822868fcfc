"""Access tokens whose signatures have been checked: most calls come with one that came before."""

from __future__ import annotations

from typing import Generic, TypeVar

MOST_TOKENS = 512

Read = TypeVar("Read")


class ReadTokens(Generic[Read]):
    """What tokens said, by their text, for as long as the keys stay; the oldest go first.

    That a token has not run out, and was not revoked, is for the caller to see each time.
    """

    def __init__(self) -> None:
        self._read: dict[str, Read] = {}

    def get(self, token: str) -> Read | None:
        """What a token says that was good when it was read."""
        return self._read.get(token)

    def put(self, token: str, read: Read) -> None:
        """Remembers a good one."""
        while len(self._read) >= MOST_TOKENS:
            del self._read[next(iter(self._read))]
        self._read[token] = read

    def clear(self) -> None:
        """All have to be checked anew: by other keys."""
        self._read.clear()
