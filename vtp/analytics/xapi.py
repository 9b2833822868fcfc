"""The log of playback as xAPI statements of the Video Profile 1.0.3. No clock and no I/O.

https://w3id.org/xapi/video; a row of the log is a statement, and its id is the statement's.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from vtp.analytics.forgotten import NOTHING, Forgotten
from vtp.analytics.playback import EventType, Logged
from vtp.recording.watching import (
    COMPLETE_PER_MILLE,
    MAX_PIECES,
    Piece,
    Played,
    add_piece,
    is_complete,
    length_ms,
    progress_per_mille,
)

PROFILE: Final = "https://w3id.org/xapi/video"
EXTENSION: Final = f"{PROFILE}/extensions/"
VIDEO: Final = f"{PROFILE}/activity-type/video"
VERBS: Final = {
    "initialized": "http://adlnet.gov/expapi/verbs/initialized",
    "played": f"{PROFILE}/verbs/played",
    "paused": f"{PROFILE}/verbs/paused",
    "seeked": f"{PROFILE}/verbs/seeked",
    "interacted": "http://adlnet.gov/expapi/verbs/interacted",
    "completed": "http://adlnet.gov/expapi/verbs/completed",
    "terminated": "http://adlnet.gov/expapi/verbs/terminated",
}
MAX_SEGMENTS: Final = 2 * MAX_PIECES
_NAMESPACE: Final = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # RFC 9562: of URLs


@dataclass(frozen=True, slots=True)
class Source:
    """What statements say of who watched what. `home`: the address of this server, without a last slash;
    `complete_from`: thousandths; `before`: what their log does not say any more."""

    home: str
    user_id: str
    recording_id: str
    title: str
    duration_ms: int
    course_ids: Sequence[str] = ()
    complete_from: int = COMPLETE_PER_MILLE
    before: Forgotten = NOTHING


@dataclass(slots=True)
class _Session:
    """What is known of a page while its log is read."""

    begun: bool = False
    position_ms: int = 0


@dataclass(slots=True)
class _Watched:
    """What somebody has watched over all their pages, which is what a registration is of."""

    pieces: list[Piece] = field(default_factory=list)
    segments: list[Piece] = field(default_factory=list)
    spent_ms: int = 0

    def play(self, one: Played) -> None:
        """Takes the next stretch. Segments are in the order in which they were played, what goes on without a
        jump as one; of too many those so far are told as what they cover, by position."""
        add_piece(self.pieces, one.start_ms, one.end_ms)
        self.spent_ms += one.took_ms
        start_ms = one.start_ms
        if self.segments and self.segments[-1][1] == start_ms:
            start_ms, _ = self.segments.pop()
        self.segments.append((start_ms, one.end_ms))
        if len(self.segments) > MAX_SEGMENTS:
            self.segments = list(self.pieces)


class Fold:
    """What is known of one person with one recording while their log is read, in its order; `last`: the row
    that was read last."""

    def __init__(self, before: Forgotten = NOTHING) -> None:
        self.last = ""
        self._sessions: dict[str, _Session] = {}
        self._watched = _Watched(list(before.pieces), list(before.pieces), before.spent_ms)
        self._before = before
        self._completed: bool | None = None

    @property
    def held(self) -> int:
        """How much is kept for it: pages and stretches."""
        return 1 + len(self._sessions) + len(self._watched.pieces) + len(self._watched.segments)

    def take(
        self, source: Source, row: tuple[str, str, Logged], *, ends: bool, tell: bool = True
    ) -> list[dict[str, Any]]:
        """What the next row, (id, session, what it says), gives to say. `ends`: no later one says that its
        page was left; `tell`: whether statements are wanted, or only what follows from the row.

        A page is initialized by its first row, terminated by its last `stopped`, and completed once in all,
        by what counted and not by what its player says.
        """
        row_id, session_id, event = row
        self.last = row_id
        if self._completed is None:
            self._completed = is_complete(self._per_mille(source), source.complete_from)
        session = self._sessions.setdefault(session_id, _Session())
        make = _Maker(source, session_id, session, self._watched, self._per_mille)
        made: list[dict[str, Any]] = []
        if not session.begun:
            session.begun = True
            if tell:
                made.append(make.statement(_derived(row_id, "initialized"), "initialized", event.received_at))
        if event.event_type is EventType.WATCHED:
            if self._watch(source, session, event) and tell:
                made.append(make.statement(row_id, "completed", event.received_at))
            return made
        found = _verb(event)
        if tell and found is not None and (ends or found != "terminated"):
            made.append(make.statement(row_id, found, event.received_at, event))
        session.position_ms = _position_ms(event, session.position_ms)
        return made

    def _watch(self, source: Source, session: _Session, event: Logged) -> bool:
        """Whether the recording is complete with it, for the first time."""
        for one in event.counted:
            self._watched.play(one)
            session.position_ms = one.end_ms
        if self._completed:
            return False
        self._completed = is_complete(self._per_mille(source), source.complete_from)
        return self._completed

    def _per_mille(self, source: Source) -> int:
        """How much they have watched, as far as that is known."""
        share = progress_per_mille(length_ms(self._watched.pieces), source.duration_ms)
        return max(share, self._before.per_mille)


def statements(source: Source, log: Sequence[tuple[str, str, Logged]]) -> Iterator[dict[str, Any]]:
    """The statements of one person with one recording, from their log in its order: (id, session, row)."""
    ends = {session_id: row_id for row_id, session_id, event in log if event.event_type is EventType.STOPPED}
    fold = Fold(source.before)
    for row in log:
        yield from fold.take(source, row, ends=ends.get(row[1]) == row[0])


def _verb(event: Logged) -> str | None:
    """What a row is called there; None for what the profile has no word for."""
    return {
        EventType.STARTED: "played",
        EventType.RESUMED: "played",
        EventType.PAUSED: "paused",
        EventType.SEEKED: "seeked",
        EventType.QUALITY_CHANGED: "interacted",
        EventType.STOPPED: "terminated",
    }.get(event.event_type)


class _Maker:
    """Writes statements of one page."""

    def __init__(
        self,
        source: Source,
        session_id: str,
        session: _Session,
        watched: _Watched,
        per_mille: Callable[[Source], int],
    ) -> None:
        self._source = source
        self._session_id = session_id
        self._session = session
        self._watched = watched
        self._per_mille = per_mille

    def statement(self, id_: str, verb: str, at: datetime, event: Logged | None = None) -> dict[str, Any]:
        """One statement."""
        source = self._source
        said: dict[str, Any] = {
            "id": id_,
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "actor": {
                "objectType": "Agent",
                "account": {"homePage": source.home, "name": source.user_id},
            },
            "verb": {"id": VERBS[verb], "display": {"en": verb}},
            "object": {
                "objectType": "Activity",
                "id": f"{source.home}/recordings/{source.recording_id}",
                "definition": {"type": VIDEO, "name": {"en": source.title}},
            },
            "context": self._context(event if verb == "interacted" else None),
        }
        result = self._result(verb, event)
        if result:
            said["result"] = result
        return said

    def _context(self, changed: Logged | None) -> dict[str, Any]:
        source = self._source
        extensions: dict[str, Any] = {
            EXTENSION + "length": seconds(source.duration_ms),
            EXTENSION + "session-id": str(_uuid(source, self._session_id)),
            EXTENSION + "completion-threshold": self._source.complete_from / 1000,
        }
        if changed is not None:
            extensions[EXTENSION + "quality"] = str(changed.data.get("quality", ""))
        activities: dict[str, Any] = {"category": [{"id": PROFILE}]}
        if source.course_ids:
            activities["parent"] = [{"id": f"{source.home}/courses/{one}"} for one in source.course_ids]
        return {
            "registration": str(_uuid(source, "registration")),
            "contextActivities": activities,
            "extensions": extensions,
        }

    def _result(self, verb: str, event: Logged | None) -> dict[str, Any]:
        position_ms = self._session.position_ms
        now_ms = _position_ms(event, position_ms) if event is not None else position_ms
        time = {EXTENSION + "time": seconds(now_ms)}
        if verb == "initialized":
            return {}
        if verb == "seeked":
            return {
                "extensions": {
                    EXTENSION + "time-from": seconds(position_ms),
                    EXTENSION + "time-to": seconds(now_ms),
                }
            }
        if verb in ("played", "interacted"):
            return {"extensions": time}
        extensions = {
            **time,
            EXTENSION + "progress": self._progress(),
            EXTENSION + "played-segments": self._played(),
        }
        if verb != "completed":
            return {"extensions": extensions}
        duration = f"PT{seconds(self._watched.spent_ms)}S"
        return {"completion": True, "duration": duration, "extensions": extensions}

    def _progress(self) -> float:
        return self._per_mille(self._source) / 1000

    def _played(self) -> str:
        return "[,]".join(f"{a / 1000:.3f}[.]{b / 1000:.3f}" for a, b in self._watched.segments)


def seconds(ms: int) -> float:
    """At most three decimals, as the profile has them."""
    return round(ms / 1000, 3)


def _position_ms(event: Logged, otherwise: int) -> int:
    return otherwise if event.said_ms is None else event.said_ms


def _derived(row_id: str, word: str) -> str:
    """The id of a statement that follows from a row beside its own: the same each time."""
    return str(uuid.uuid5(_NAMESPACE, f"{row_id}/{word}"))


def _uuid(source: Source, word: str) -> uuid.UUID:
    """A page, or somebody's registration with a recording, in the shape of version 4: the same each time."""
    made = uuid.uuid5(_NAMESPACE, f"{source.home}/{source.user_id}/{source.recording_id}/{word}")
    return uuid.UUID(bytes=made.bytes, version=4)
