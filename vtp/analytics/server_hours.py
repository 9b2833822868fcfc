"""An hour of a server whose processes come and go: what ran at the same time adds up. No clock and no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from vtp.analytics.intervals import length_ms, union

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ServerHour:
    """All processes in one hour. `cpu`: processors in use while any of them ran, on average."""

    hour: datetime
    cpu: float
    cpu_most: float
    load_most: float
    memory_bytes: int
    participants: int


def server_hours(rows: Iterable[Any]) -> list[ServerHour]:
    """By the hour, from rows of processes in the order of their hours."""
    return [_hour(hour, list(theirs)) for hour, theirs in groupby(rows, key=lambda row: row.hour)]


def _hour(hour: datetime, rows: Sequence[Any]) -> ServerHour:
    spans = [_span(row) for row in rows]
    ran_ms = length_ms(union(spans))
    used = sum(
        row.cpu_sum / row.readings * (end - start) for row, (start, end) in zip(rows, spans, strict=True)
    )

    def at_once(name: str) -> Any:
        """The most that those had together who ran at the same time: at the start of one of them."""
        return max(
            sum(
                getattr(row, name) for row, (start, end) in zip(rows, spans, strict=True) if start <= at < end
            )
            for at, _ in spans
        )

    return ServerHour(
        hour,
        used / ran_ms,
        at_once("cpu_most"),
        max(row.load_most for row in rows),
        at_once("memory_most_bytes"),
        at_once("participants_most"),
    )


def _span(row: Any) -> tuple[int, int]:
    """When a process ran, in Unix ms, a moment at least; of before that was kept, the whole hour."""
    first, last = (row.first_at, row.last_at) if row.first_at and row.last_at else (row.hour, row.hour + HOUR)
    start, end = (int(at.timestamp() * 1000) for at in (first, last))
    return start, max(end, start + 1)
