"""What a log of playback comes to: one session's figures, one viewer's passes. Folds; no clock and no I/O.

The same folds keep the roll-ups as events arrive and recompute them from the log.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from vtp.analytics.heat import Bins, Run
from vtp.recording.progress_schemas import LONGEST_S
from vtp.recording.watching import Played


class EventType(enum.StrEnum):
    """What players say, and what follows from it."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    SEEKED = "seeked"
    QUALITY_CHANGED = "quality_changed"
    BUFFERING = "buffering"
    COMPLETED = "completed"
    STOPPED = "stopped"
    PROGRESS = "progress"  # nothing but segments, which any of these carries
    VIEWED = "viewed"  # of a page of a course
    WATCHED = "watched"  # written by the server alone: of what no event carried


MAX_QUALITIES: Final = 16
KINDS: Final = frozenset(EventType)
SAID_BY_CLIENTS: Final = KINDS - {EventType.WATCHED}
OWN_WORDS: Final = frozenset({"position", "position_ms", "counted"})
"""What is written of an event by this server's rules, and never taken from what a client says besides."""


class Logged(NamedTuple):
    """One row of the log, as folds read it; `happened_at`: as its player says, None where nobody asks."""

    event_type: EventType
    received_at: datetime
    data: Mapping[str, Any]
    happened_at: datetime | None = None

    @property
    def counted(self) -> list[Played]:
        """The stretches that counted, of what was played up to it: none of most rows."""
        return [Played(start, end, rate) for start, end, rate in self.data.get("counted", ())]

    @property
    def said_ms(self) -> int | None:
        """Where its player stood; None where that is not said, or cannot be."""
        return _position_ms(self.data.get("position"))

    @property
    def from_ms(self) -> int | None:
        """From where its player jumped; None likewise."""
        return _position_ms(self.data.get("from"))


def _position_ms(said_s: object) -> int | None:
    if isinstance(said_s, int | float) and not isinstance(said_s, bool) and 0 <= said_s <= LONGEST_S:
        return round(said_s * 1000)
    return None


def counted_row(one: Played) -> list[float]:
    """A stretch that counted, as `counted` of a row has it: from and to in ms, and how fast."""
    return [one.start_ms, one.end_ms, one.rate]


@dataclass(slots=True)
class PlaybackSession:
    """One page of one person with one recording."""

    user_id: str
    recording_id: str
    session_id: str
    started_at: datetime
    last_at: datetime
    watch_time_ms: int = 0
    position_ms: int = 0
    run_end_ms: int | None = None
    pauses: int = 0
    resumes: int = 0
    seeks: int = 0
    buffer_events: int = 0
    quality: str = ""
    quality_ms: dict[str, int] = field(default_factory=dict)
    completed: bool = False

    def take(self, event: Logged) -> None:
        """Takes the next row of its log: first what was played up to it."""
        self.last_at = max(self.last_at, event.received_at)
        self._watch(event)
        match event.event_type:
            case EventType.PAUSED:
                self.pauses += 1
            case EventType.RESUMED:
                self.resumes += 1
            case EventType.SEEKED:
                self.seeks += 1
            case EventType.BUFFERING:
                self.buffer_events += 1
            case EventType.COMPLETED:
                self.completed = True
            case EventType.QUALITY_CHANGED:
                self.quality = str(event.data.get("quality", ""))[:32]
            case EventType.WATCHED:
                self.position_ms = int(event.data.get("position_ms", self.position_ms))
        said_ms = event.said_ms
        if said_ms is not None:
            self.position_ms = said_ms

    def _watch(self, event: Logged) -> None:
        counted = event.counted
        if not counted:
            return
        self.position_ms = counted[-1].end_ms
        took = sum(one.took_ms for one in counted)
        self.watch_time_ms += took
        room = self.quality in self.quality_ms or len(self.quality_ms) < MAX_QUALITIES
        if self.quality and took and room:
            self.quality_ms = {**self.quality_ms, self.quality: self.quality_ms.get(self.quality, 0) + took}


@dataclass(slots=True)
class ViewerPasses:
    """How often one person came into each bin of a recording, over all their sessions."""

    user_id: str
    recording_id: str
    duration_ms: int
    passes: list[int]

    @classmethod
    def none(cls, user_id: str, recording_id: str, duration_ms: int) -> ViewerPasses:
        """Before anything was watched."""
        return cls(user_id, recording_id, duration_ms, [0] * Bins(duration_ms).count)

    def take(self, session: PlaybackSession, event: Logged) -> bool:
        """Takes the next row of the log of one of the sessions, and notes in it where its run has come to;
        tells whether it came into a bin."""
        bins, run, entered = Bins(self.duration_ms), Run(session.run_end_ms), False
        for one in event.counted:
            for index in run.enter(one.start_ms, min(one.end_ms, self.duration_ms), bins):
                self.passes[index] += 1
                entered = True
        session.run_end_ms = run.end_ms
        return entered


def fold(
    user_id: str, recording_id: str, duration_ms: int, log: Iterable[tuple[str, Logged]]
) -> tuple[ViewerPasses, dict[str, PlaybackSession]]:
    """Everything anew, from one person's log with one recording in its order: (session, row)."""
    viewer = ViewerPasses.none(user_id, recording_id, duration_ms)
    sessions: dict[str, PlaybackSession] = {}
    for session_id, event in log:
        session = sessions.get(session_id)
        if session is None:
            session = sessions[session_id] = PlaybackSession(
                user_id, recording_id, session_id, event.received_at, event.received_at
            )
        session.take(event)
        if event.data.get("counted"):
            viewer.take(session, event)
    return viewer, sessions
