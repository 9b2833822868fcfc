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
from vtp.analytics.page_places import PagePlace
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
_VERB_OF: Final = {
    EventType.STARTED: "played",
    EventType.RESUMED: "played",
    EventType.PAUSED: "paused",
    EventType.SEEKED: "seeked",
    EventType.QUALITY_CHANGED: "interacted",
    EventType.STOPPED: "terminated",
}
"""What rows are called there; the profile has no word for others."""
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
        self._pages: dict[str, PagePlace] = {}
        self._watched = _Watched(list(before.pieces), list(before.pieces), before.spent_ms)
        self._before = before
        self._completed: bool | None = None

    @property
    def held(self) -> int:
        """How much is kept for it: pages and stretches."""
        return 1 + len(self._pages) + len(self._watched.pieces) + len(self._watched.segments)

    def take(
        self, source: Source, row: tuple[str, str, Logged], *, ends: bool, tell: bool = True
    ) -> list[dict[str, Any]]:
        """What the next row, (id, session, what it says), gives to say. `ends`: no later one says that its
        page was left; `tell`: whether statements are wanted, or only what follows from the row.

        What was played up to the row comes first: its statement tells all of that, and follows `completed`.
        A page is initialized by its first row, terminated by its last `stopped`, and completed once in all,
        by what counted and not by what its player says.
        """
        row_id, session_id, event = row
        self.last = row_id
        if self._completed is None:
            self._completed = is_complete(self._per_mille(source), source.complete_from)
        begins = session_id not in self._pages
        place = self._pages.setdefault(session_id, PagePlace())
        counted = event.counted
        at = place.take(event, counted)
        completes = self._watch(source, event, counted)
        found = _VERB_OF.get(event.event_type)
        if found == "terminated" and not ends:
            found = None
        if not tell or not (begins or completes or found):
            return []
        make = _Maker(source, session_id, place, at, self._watched, self._per_mille)
        made: list[dict[str, Any]] = []
        if begins:
            made.append(make.statement(_derived(row_id, "initialized"), "initialized"))
        if completes:
            own = event.event_type is EventType.WATCHED
            made.append(make.completed(row_id if own else _derived(row_id, "completed"), counted))
        if found is not None:
            made.append(make.statement(row_id, found, event))
        return made

    def _watch(self, source: Source, event: Logged, counted: Sequence[Played]) -> bool:
        """Whether the recording is complete with what was played, for the first time."""
        for one in counted:
            self._watched.play(one)
        if self._completed or not (counted or event.event_type is EventType.WATCHED):
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


class _Maker:
    """Writes statements of one page."""

    def __init__(
        self,
        source: Source,
        session_id: str,
        place: PagePlace,
        at: datetime,
        watched: _Watched,
        per_mille: Callable[[Source], int],
    ) -> None:
        self._source = source
        self._session_id = session_id
        self._place = place
        self._at = at
        self._watched = watched
        self._per_mille = per_mille

    def completed(self, id_: str, counted: Sequence[Played]) -> dict[str, Any]:
        """That the recording is complete with what counted of a row: as of the end of that."""
        time_ms = counted[-1].end_ms if counted else self._place.position_ms
        result = {
            "completion": True,
            "duration": f"PT{seconds(self._watched.spent_ms)}S",
            "extensions": self._so_far(time_ms),
        }
        return {**self.statement(id_, "completed"), "result": result}

    def statement(self, id_: str, verb: str, event: Logged | None = None) -> dict[str, Any]:
        """One statement, of the row that the page's place is as of."""
        source = self._source
        said: dict[str, Any] = {
            "id": id_,
            "timestamp": self._at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
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
        extensions = self._extensions(verb)
        if extensions:
            said["result"] = {"extensions": extensions}
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

    def _extensions(self, verb: str) -> dict[str, Any]:
        """Of the result; none of those that have none, or another."""
        place = self._place
        if verb == "seeked":
            return {
                EXTENSION + "time-from": seconds(place.from_ms),
                EXTENSION + "time-to": seconds(place.position_ms),
            }
        if verb in ("played", "interacted"):
            return {EXTENSION + "time": seconds(place.position_ms)}
        return self._so_far(place.position_ms) if verb in ("paused", "terminated") else {}

    def _so_far(self, time_ms: int) -> dict[str, Any]:
        return {
            EXTENSION + "time": seconds(time_ms),
            EXTENSION + "progress": self._progress(),
            EXTENSION + "played-segments": self._played(),
        }

    def _progress(self) -> float:
        return self._per_mille(self._source) / 1000

    def _played(self) -> str:
        return "[,]".join(f"{a / 1000:.3f}[.]{b / 1000:.3f}" for a, b in self._watched.segments)


def seconds(ms: int) -> float:
    """At most three decimals, as the profile has them."""
    return round(ms / 1000, 3)


def _derived(row_id: str, word: str) -> str:
    """The id of a statement that follows from a row beside its own: the same each time."""
    return str(uuid.uuid5(_NAMESPACE, f"{row_id}/{word}"))


def _uuid(source: Source, word: str) -> uuid.UUID:
    """A page, or somebody's registration with a recording, in the shape of version 4: the same each time."""
    made = uuid.uuid5(_NAMESPACE, f"{source.home}/{source.user_id}/{source.recording_id}/{word}")
    return uuid.UUID(bytes=made.bytes, version=4)
