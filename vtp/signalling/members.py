"""Somebody in a room as pushes see them: their connection, or none for the moment, and what was told."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from vtp.signalling.outbox import Outbox

MAX_KEPT = 512  # pushes; a class of thirty makes about as many in a minute of coming and going


@dataclass(frozen=True, slots=True)
class Push:
    """An event with its number; `data` may be shared by all who are told."""

    seq: int
    event: str
    data: dict[str, Any]


@dataclass(slots=True)
class Member:
    """Numbers what one participant is told, from 1, and keeps the newest for a connection that is lost."""

    participant_id: str
    connection: str | None
    seq: int = 0
    _kept: deque[Push] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))

    def tell(self, outbox: Outbox, event: str, data: dict[str, Any]) -> None:
        """Pushes an event now, or once they are back."""
        self.seq += 1
        push = Push(self.seq, event, data)
        self._kept.append(push)
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
