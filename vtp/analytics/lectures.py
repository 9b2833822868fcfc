"""How recordings are watched: by one person, and by all."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.analytics.completion import complete_from
from vtp.analytics.daily import Daily
from vtp.analytics.heat import (
    Bins,
    Heat,
    came_to,
    heat_of,
    most_replayed,
    replayed_stretches,
    shares_left,
    without_few,
)
from vtp.analytics.intervals import Interval, most_at_once, union
from vtp.analytics.past import PastViewers
from vtp.analytics.past_store import find_past_viewers
from vtp.analytics.playback import MAX_QUALITIES, PlaybackSession
from vtp.analytics.playback_store import find_viewer, passes_of, sessions_of
from vtp.analytics.rights import require_figures_of, sees_all_viewers
from vtp.analytics.rollups import Rollups
from vtp.courses.audience import CourseAudience
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.recording.progress_store import Progress, find_progress
from vtp.recording.service import Recordings
from vtp.recording.store import UNFINISHED, Recording
from vtp.recording.tables import recording_progress
from vtp.recording.watching import completed_at, is_complete, progress_per_mille


@dataclass(frozen=True, slots=True)
class Metrics:
    """One person with one recording; `progress` is None where they have not begun."""

    recording: Recording
    progress: Progress | None
    passes: Sequence[int]
    sessions: Sequence[PlaybackSession]
    complete_from: int

    @property
    def completed_at(self) -> datetime | None:
        """Since when they have completed it."""
        one, grows = self.recording, self.recording.status in UNFINISHED
        if self.progress is None:
            return None
        return completed_at(self.progress, one.duration_ms, self.complete_from, grows=grows)

    @property
    def per_mille(self) -> int:
        """Of the recording, what was watched at least once."""
        watched_ms = self.progress.watched_ms if self.progress is not None else 0
        return progress_per_mille(watched_ms, self.recording.duration_ms)

    @property
    def score(self) -> float:
        """0 to 100."""
        return round(self.per_mille * 0.08 + (20 if self.completed_at is not None else 0), 1)

    @property
    def rewatched(self) -> int:
        """How many stretches were watched more than once."""
        return replayed_stretches(self.passes)

    @property
    def quality(self) -> str | None:
        """In which most was watched."""
        times = quality_ms(self.sessions)
        return max(times, key=lambda name: (times[name], name)) if times else None


@dataclass(frozen=True, slots=True)
class Lecture:
    """All viewers of one recording."""

    recording: Recording
    viewers: int
    certainly: int
    """How many different people these are at least: who is known may be among those of before."""
    completed: int
    watch_time_ms: int
    average_per_mille: int
    peak: int
    sessions: int
    buffer_events: int
    quality_ms: dict[str, int]
    heat: Heat
    remaining: Sequence[float]
    replayed: tuple[int, int, int] | None
    complete_from: int
    """In thousandths."""


class Sight(enum.Enum):
    """What of a recording's figures somebody sees."""

    ALL = enum.auto()
    AVERAGES = enum.auto()
    NOTHING = enum.auto()


class Lectures:
    """Raises NotFound and Forbidden, Invalid for malformed ids. `at_least`: how many viewers a recording has
    for students to be told averages."""

    def __init__(
        self,
        database: Database,
        recordings: Recordings,
        rollups: Rollups,
        at_least: int,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._recordings = recordings
        self._rollups = rollups
        self._audience = CourseAudience()
        self.at_least = at_least
        self._clock = clock
        self._told: Daily[tuple[str, bool], Lecture] = Daily()

    async def metrics(self, principal: Principal, user_id: str, recording_id: str, address: str) -> Metrics:
        """How somebody watched a recording."""
        user_id = parse_id(user_id, "/path/user_id")
        recording = await self._recordings.get(principal, recording_id, address)
        async with self._database.read() as tx:
            await require_figures_of(tx, principal, user_id, recording)
        await self._settle(recording)
        async with self._database.read() as tx:
            viewer = await find_viewer(tx, user_id, recording.id)
            return Metrics(
                recording,
                await find_progress(tx, user_id, recording.id),
                viewer.passes if viewer is not None else [0] * Bins(recording.duration_ms).count,
                await sessions_of(tx, recording.id, user_id),
                await complete_from(tx, recording.id),
            )

    async def lecture(self, principal: Principal, recording_id: str, address: str) -> tuple[Lecture, Sight]:
        """How all watched it, and what of it is for the caller to see: averages of enough people, as they
        were when they were first asked for within a day; nothing of too few, or for who has no account."""
        recording = await self._recordings.get(principal, recording_id, address)
        await self._settle(recording)
        now, key = self._clock(), (recording.id, recording.status in UNFINISHED)
        async with self._database.read() as tx:
            if await sees_all_viewers(tx, principal, self._audience, recording):
                return await read_lecture(tx, recording, 1), Sight.ALL
            found = self._told.get(key, now)
            if found is None:
                found = self._told.put(key, await read_lecture(tx, recording, self.at_least), now)
        shown = principal.user_id is not None and found.certainly >= self.at_least
        return found, Sight.AVERAGES if shown else Sight.NOTHING

    async def _settle(self, recording: Recording) -> None:
        if recording.status not in UNFINISHED:
            await self._rollups.settle(recording.id, recording.duration_ms)


async def read_lecture(tx: AsyncConnection, recording: Recording, at_least: int) -> Lecture:
    """Adds up the roll-ups of a recording's viewers; of parts that fewer have watched it has nothing."""
    bins, c = Bins(recording.duration_ms), recording_progress.c
    asked = await complete_from(tx, recording.id)
    statement = select(c.pieces, c.watched_ms, c.watch_time_ms)
    rows = (await tx.execute(statement.where(c.recording_id == recording.id))).all()
    found = viewers_in(
        recording,
        rows,
        await sessions_of(tx, recording.id),
        await passes_of(tx, recording.id),
        asked,
    )
    certain = found
    past = await find_past_viewers(tx, recording.id)
    if past is not None:
        certain, found = past.most(found), past.plus(found)
    heat = without_few(
        Heat(tuple(found.views), tuple(found.viewers_by_bin)), at_least, certain.viewers_by_bin
    )
    return Lecture(
        recording,
        viewers=found.viewers,
        certainly=certain.viewers,
        completed=found.completed,
        watch_time_ms=found.watch_time_ms,
        average_per_mille=found.shares // found.viewers if found.viewers else 0,
        peak=found.peak,
        sessions=found.sessions,
        buffer_events=found.buffer_events,
        quality_ms=dict(Counter(found.quality_ms).most_common(MAX_QUALITIES)),
        heat=heat,
        remaining=shares_left(found.came, found.starters, at_least, certain.came),
        replayed=most_replayed(heat, bins),
        complete_from=asked,
    )


def viewers_in(
    recording: Recording,
    rows: Sequence[Any],
    sessions: Sequence[PlaybackSession],
    passes: Iterable[Sequence[int]],
    complete_from: int,
) -> PastViewers:
    """What some people's progress, pages and passes of a recording come to; nobody has completed one that has
    not ended."""
    ended = recording.status not in UNFINISHED
    bins = Bins(recording.duration_ms)
    heat = heat_of(passes, bins.count)
    shares = [progress_per_mille(row.watched_ms, recording.duration_ms) for row in rows]
    furthest = [row.pieces[-1][1] for row in rows if row.pieces]
    return PastViewers(
        recording.duration_ms,
        viewers=len(rows),
        completed=sum(ended and is_complete(share, complete_from) for share in shares),
        shares=sum(shares),
        watch_time_ms=sum(row.watch_time_ms for row in rows),
        sessions=len(sessions),
        buffer_events=sum(one.buffer_events for one in sessions),
        peak=_most_people(sessions),
        starters=len(furthest),
        quality_ms=dict(quality_ms(sessions)),
        views=list(heat.views),
        viewers_by_bin=list(heat.viewers),
        came=came_to(furthest, bins),
    )


def quality_ms(sessions: Sequence[PlaybackSession]) -> Counter[str]:
    """How long each quality was watched."""
    times: Counter[str] = Counter()
    for one in sessions:
        times.update(one.quality_ms)
    return times


def _most_people(sessions: Sequence[PlaybackSession]) -> int:
    """How many people watched at the same time, whatever number of pages each had open."""
    spans: dict[str, list[Interval]] = {}
    for one in sessions:
        spans.setdefault(one.user_id, []).append(_span(one))
    return most_at_once([span for theirs in spans.values() for span in union(theirs)])


def _span(session: PlaybackSession) -> tuple[int, int]:
    """When a page was open, a moment at least."""
    start, end = (int(at.timestamp() * 1000) for at in (session.started_at, session.last_at))
    return start, max(end, start + 1)
