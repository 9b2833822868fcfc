"""Somebody in a room as pushes see them: their connection, or none for the moment, and what was told."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vtp.signalling.outbox import Outbox

MAX_KEPT = 512  # pushes; a class of thirty makes about as many in a minute of coming and going
MAX_KEPT_BULK = 1_000_000  # bytes of what this one alone was told; what all are told is there once


@dataclass(frozen=True, slots=True)
class Push:
    """An event with its number; `data` may be shared by all who are told."""

    seq: int
    event: str
    data: Mapping[str, Any]
    bulk: int = 0


@dataclass(slots=True)
class Member:
    """Numbers what one participant is told, from 1, and keeps the newest for a connection that is lost."""

    participant_id: str
    connection: str | None
    seq: int = 0
    _kept: deque[Push] = field(default_factory=deque)
    _bulk: int = 0

    def tell(self, outbox: Outbox, event: str, data: Mapping[str, Any], *, bulk: int = 0) -> None:
        """Pushes an event now, or once they are back. `bulk`: bytes of it that are theirs alone."""
        self.seq += 1
        push = Push(self.seq, event, data, bulk)
        self._kept.append(push)
        self._bulk += bulk
        while len(self._kept) > MAX_KEPT or self._bulk > MAX_KEPT_BULK:
            self._bulk -= self._kept.popleft().bulk
        self._send(outbox, push)

    def catch_up(self, outbox: Outbox, seq: int) -> None:
        """Pushes again what came after number `seq`."""
        for push in list(self._kept):
            if push.seq > seq:
                self._send(outbox, push)

    def keeps_all_since(self, seq: int) -> bool:
        """Whether everything that came after number `seq` is kept; not for a number that is to come."""
        return self.seq - len(self._kept) <= seq <= self.seq

    def _send(self, outbox: Outbox, push: Push) -> None:
        if self.connection is not None:
            outbox.put(push.event, {**push.data, "seq": push.seq}, self.connection)
