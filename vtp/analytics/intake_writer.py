"""Stores batches of events of several people in one transaction, with all that they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock
from vtp.analytics.playback import counted_row
from vtp.analytics.playback_store import (
    BatchKey,
    Happened,
    SessionKey,
    claim_asked,
    find_viewers,
    pages_asked,
    pages_by_key,
    passes_asked,
    passes_by_key,
)
from vtp.analytics.rollups import Known, Rollups, bins_length
from vtp.analytics.schemas import SaidEvent, SendEvents
from vtp.db import Database
from vtp.db.prepared import Change, together, write
from vtp.recording.progress import extent_of, take_in
from vtp.recording.progress_store import (
    Key,
    Progress,
    lock_progress,
    progress_asked,
    progress_by_key,
    progress_change,
)
from vtp.recording.store import Recording
from vtp.recording.taking import Extent
from vtp.recording.watching import Played, Report

DOOR: Final = "e:"
"""Of sittings whose segments come as events: beside those of the same page that come as progress."""


@dataclass(frozen=True, slots=True)
class RefusedPart:
    """An event, or one of its segments, that does not count."""

    index: int
    segment: int | None
    reason: str


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    accepted: int = 0
    repeated: bool = False
    refused: list[RefusedPart] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SentBatch:
    """What an account has sent, the recordings of it that it sees, and what it may not send."""

    user_id: str
    batch: SendEvents
    seen: Mapping[str, Recording]
    refused: tuple[RefusedPart, ...]
    keys: frozenset[BatchKey]
    """Of all batches that are in it."""

    @classmethod
    def of(
        cls, user_id: str, batch: SendEvents, seen: Mapping[str, Recording], refused: Sequence[RefusedPart]
    ) -> Self:
        """With the keys that follow."""
        keys = frozenset((user_id, batch.session_id, number) for number in batch.numbers)
        return cls(user_id, batch, seen, tuple(refused), keys)

    @property
    def pages(self) -> set[SessionKey]:
        """Of which something may be stored."""
        return {(self.user_id, recording_id, self.batch.session_id) for recording_id in self.seen}


@dataclass(frozen=True, slots=True)
class _Place:
    index: int
    segment: int
    data: dict[str, Any]
    """Of the row of its event."""


@dataclass(slots=True)
class _Said:
    """The segments of one recording in a batch, as one report: they share the time since the last.

    One that says where its player stands and has played nothing is a report, too: from the first on time
    counts.
    """

    recording: Recording
    extent: Extent
    played: list[Played] = field(default_factory=list)
    places: list[_Place] = field(default_factory=list)
    position_ms: int | None = None
    plays_to_ms: int | None = None
    """Where what was played last ends, of what can have been played."""
    said_ms: int | None = None
    """When it played last, or stood there where it has not."""

    def take(self, index: int, event: SaidEvent, data: dict[str, Any]) -> None:
        """Takes the event at this place of the batch, of which the log keeps `data`."""
        plays = False
        if event.segments:
            played = event.played
            self.played += played
            self.places += [_Place(index, segment, data) for segment in range(len(event.segments))]
            ends = [one.end_ms for one in played if self.extent.has(one)]
            if ends:
                plays, self.plays_to_ms = True, ends[-1]
        if event.position is not None:
            self.position_ms = round(event.position * 1000)
        if plays or (event.position is not None and self.plays_to_ms is None):
            self.said_ms = int(event.timestamp.timestamp() * 1000)

    def report(self, batch: SendEvents) -> Report | None:
        """None where nothing is said of where the player stands."""
        if self.position_ms is None and not self.played:
            return None
        position_ms = self.plays_to_ms if self.position_ms is None else self.position_ms
        return Report(batch.session_id, batch.seq, tuple(self.played), position_ms, self.said_ms)


@dataclass(slots=True)
class _Taken:
    """What counts of a batch: rows of the log, what was played, in the order of its recordings, and what
    becomes of it."""

    sent: SentBatch
    outcome: Outcome
    rows: list[Happened] = field(default_factory=list)
    reports: list[tuple[_Said, Report]] = field(default_factory=list)


class IntakeWriter:
    """`write` is one transaction; `clock` is read within it."""

    def __init__(self, database: Database, rollups: Rollups, clock: Clock) -> None:
        self._database = database
        self._rollups = rollups
        self._clock = clock

    async def write(self, sent: Sequence[SentBatch]) -> list[Outcome]:
        """Stores what has not come before; gives what became of each."""
        async with self._database.transaction() as tx:
            now = self._clock()  # in here: what began before a course was closed is in its sums
            new, progress, known = await _read(tx, sent, now)
            taken = []
            for one in sent:
                taken.append(_take(one, new, now))
                new -= one.keys  # who sends the same once more repeats it
            await write(tx, await self._grow(tx, taken, progress, known, now), last=True)
        return [one.outcome for one in taken]

    async def _grow(
        self,
        tx: AsyncConnection,
        taken: Sequence[_Taken],
        progress: dict[Key, Progress],
        known: Known,
        now: datetime,
    ) -> list[Change]:
        """What is to be written."""
        lengths: dict[Key, int] = {}
        for one in taken:
            for said, _ in one.reports:
                lengths[one.sent.user_id, said.recording.id] = bins_length(said.extent)
        missing = sorted(lengths.keys() - progress.keys())
        if missing:
            progress |= await lock_progress(tx, missing, now)
            known = Known(known.pages, {**known.passes, **await find_viewers(tx, missing)})
        rows: list[Happened] = []
        for one in taken:
            _watch(one, progress, now)
            rows += one.rows
        changed = progress_change(progress[key] for key in sorted(lengths))
        return [changed, *await self._rollups.grow(tx, rows, lengths, known)]


async def _read(
    tx: AsyncConnection, sent: Sequence[SentBatch], now: datetime
) -> tuple[set[BatchKey], dict[Key, Progress], Known]:
    """Claims the numbers of batches; gives those that had not come before, and what there is, locked, of what
    may change."""
    claim = claim_asked(tx, frozenset[BatchKey]().union(*(one.keys for one in sent)), now)
    pages = set[SessionKey]().union(*(one.pages for one in sent))
    if not pages:
        [claimed] = await together(tx, claim)
        return {tuple(row) for row in claimed}, {}, Known({}, {})
    pairs = {key[:2] for key in pages}
    found = await together(
        tx, claim, progress_asked(tx, pairs), pages_asked(tx, pages), passes_asked(tx, pairs)
    )
    known = Known(pages_by_key(found[2]), passes_by_key(found[3]))
    return {tuple(row) for row in found[0]}, progress_by_key(found[1]), known


def _take(sent: SentBatch, new: set[BatchKey], now: datetime) -> _Taken:
    """What of a batch is to be stored, of which these numbers have not come before."""
    batch = sent.batch
    fresh = {key[2] for key in sent.keys & new}
    if not fresh:
        return _Taken(sent, Outcome(repeated=True))
    taken = _Taken(sent, Outcome(refused=list(sent.refused)))
    unseen = {one.index for one in sent.refused}
    said: dict[str, _Said] = {}
    user_id, session_id = sent.user_id, batch.session_id
    for index, event in enumerate(batch.events):
        if index in unseen or batch.number_of(event) not in fresh:
            continue
        recording_id = event.recording_id
        what, at, data = event.event_type, event.timestamp, event.data
        taken.rows.append(Happened(user_id, recording_id, event.course_id, session_id, what, at, now, data))
        if recording_id is not None:
            theirs = said.get(recording_id)
            if theirs is None:
                theirs = said[recording_id] = _Said(
                    sent.seen[recording_id], extent_of(sent.seen[recording_id])
                )
            theirs.take(index, event, data)
    reports = [(said[key], said[key].report(batch)) for key in sorted(said)]
    taken.reports = [(one, report) for one, report in reports if report is not None]
    taken.outcome.accepted = len(taken.rows)
    return taken


def _watch(one: _Taken, progress: Mapping[Key, Progress], now: datetime) -> None:
    """Takes the reports of a batch into the rows of progress; what counted of them stands in the rows of the
    events that carried it."""
    for said, report in one.reports:
        mine = progress[one.sent.user_id, said.recording.id]
        taken = take_in(mine, said.recording, report, now, door=DOOR)
        for index, played in taken.counted_of(len(said.places)):
            said.places[index].data.setdefault("counted", []).append(counted_row(played))
        one.outcome.refused += [
            RefusedPart(said.places[part.index].index, said.places[part.index].segment, part.reason)
            for part in taken.refused
        ]
