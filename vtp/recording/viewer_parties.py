"""Whose the viewers of a stream are: which of several visits gives way while others find no place. No clock.

A party is an account, or a link and the address that it is used from. Decision 0081.
"""

from __future__ import annotations

FEW = 3  # visits of a party that nobody may have give way: a laptop, a telephone, a screen
MOST_GONE = 1000  # sessions that have given way and are remembered


class Parties:
    """The sessions that watch, by party, in the order of coming; "" is no party, and never gives way."""

    def __init__(self) -> None:
        self._sessions: dict[str, dict[str, None]] = {}
        self._large: dict[str, None] = {}
        self._gone: dict[str, None] = {}

    def add(self, party: str, session: str) -> None:
        """A session begins to watch."""
        self._gone.pop(session, None)
        if party:
            sessions = self._sessions.setdefault(party, {})
            sessions[session] = None
            if len(sessions) > FEW:
                self._large[party] = None

    def remove(self, party: str, session: str) -> None:
        """It does no more."""
        sessions = self._sessions.get(party, {})
        sessions.pop(session, None)
        if len(sessions) <= FEW:
            self._large.pop(party, None)
        if not sessions:
            self._sessions.pop(party, None)

    def gives_way(self, party: str, session: str) -> str | None:
        """Which session gives its place to one of this party; None: nobody does.

        The oldest of a party that has more than FEW, for one of a party that has fewer. One that has given
        way takes nobody's place: else they would take turns.
        """
        if session in self._gone or len(self._sessions.get(party, ())) >= FEW:
            return None
        large = next(iter(self._large), None)
        if large is None:
            return None
        oldest = next(iter(self._sessions[large]))
        self._gone[oldest] = None
        if len(self._gone) > MOST_GONE:
            del self._gone[next(iter(self._gone))]
        return oldest
