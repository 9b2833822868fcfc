"""Takes batches of events in: each once, of what the sender may see, counted as far as the clock allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.analytics.playback_store import Happened, add_events, claim_batch
from vtp.analytics.rollups import Rollups
from vtp.analytics.schemas import SaidEvent, SendEvents
from vtp.courses.door import enter
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Forbidden, NotFound, RateLimited
from vtp.http.identity import Principal
from vtp.limits import WindowLimiter
from vtp.recording.progress import WatchProgress
from vtp.recording.service import Recordings
from vtp.recording.store import Recording
from vtp.recording.watching import Played, Report

WINDOW_S: Final = 600.0
MAX_IN_WINDOW: Final = 6000  # events of one account: ten a second, all the time
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
class _Place:
    index: int
    segment: int


class Intake:
    """Raises Forbidden for who has no account or sends another one's batch, RateLimited for too much."""

    def __init__(
        self,
        database: Database,
        recordings: Recordings,
        progress: WatchProgress,
        rollups: Rollups,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._recordings = recordings
        self._progress = progress
        self._rollups = rollups
        self._clock = clock
        self._monotonic = monotonic
        self._limiter = WindowLimiter(MAX_IN_WINDOW, WINDOW_S)

    async def take(self, principal: Principal, batch: SendEvents, address: str) -> Outcome:
        """Takes a batch. What one may not see is refused, event by event, and the rest is taken."""
        user_id = account_of(principal)
        if batch.user_id is not None and batch.user_id != user_id:
            raise Forbidden(
                "What this page has to say is of another account than the one that is signed in.",
                code="other_account",
            )
        wait_s = self._limiter.take(user_id, self._monotonic(), len(batch.events))
        if wait_s > 0:
            raise RateLimited(
                "Your players have said very much in a short time; wait a moment.", retry_after_s=wait_s
            )
        return await self._take(principal, user_id, batch, address)

    @done_over
    async def _take(self, principal: Principal, user_id: str, batch: SendEvents, address: str) -> Outcome:
        seen, refused = await self._look(principal, batch.events, address)
        outcome = Outcome(refused=refused)
        unseen = {one.index for one in refused}
        async with self._database.transaction() as tx:
            now = self._clock()  # in here: what began before a course was closed is in its sums
            come = {
                seq
                for seq in sorted(batch.numbers)
                if not await claim_batch(tx, user_id, batch.session_id, seq, now)
            }
            if come == batch.numbers:
                return Outcome(repeated=True)
            unseen |= {index for index, one in enumerate(batch.events) if batch.number_of(one) in come}
            taken = [
                _happened(user_id, batch.session_id, event, now)
                for index, event in enumerate(batch.events)
                if index not in unseen
            ]
            await add_events(tx, taken)
            await self._rollups.happened(tx, user_id, taken)
            for recording_id in sorted(seen):
                outcome.refused += await self._watch(tx, user_id, batch, seen[recording_id], unseen, now)
        outcome.accepted = len(taken)
        return outcome

    async def _look(
        self, principal: Principal, events: Sequence[SaidEvent], address: str
    ) -> tuple[dict[str, Recording], list[RefusedPart]]:
        """The recordings that the events are of, and which events the sender may not send."""
        seen: dict[str, Recording] = {}
        reasons: dict[str, str] = {}
        for recording_id in sorted({one.recording_id for one in events if one.recording_id is not None}):
            try:
                seen[recording_id] = await self._recordings.get(principal, recording_id, address)
            except (Forbidden, NotFound) as error:
                reasons[recording_id] = error.code or "no_such_recording"
        courses = sorted({one.course_id for one in events if one.course_id is not None})
        if courses:
            async with self._database.read() as tx:
                for course_id in courses:
                    try:
                        await enter(tx, principal, course_id, Action.COURSE_VIEW)
                    except (Forbidden, NotFound) as error:
                        reasons[course_id] = error.code or "not_in_course"
        refused = []
        for index, one in enumerate(events):
            named = [id_ for id_ in (one.recording_id, one.course_id) if id_ is not None]
            reason = next((reasons[id_] for id_ in named if id_ in reasons), "" if named else "names_nothing")
            if reason:
                refused.append(RefusedPart(index, None, reason))
        return seen, refused

    async def _watch(
        self,
        tx: AsyncConnection,
        user_id: str,
        batch: SendEvents,
        recording: Recording,
        unseen: set[int],
        now: datetime,
    ) -> list[RefusedPart]:
        """Takes the segments of one recording as one report: they share the time since the last.

        One that says where its player stands and has played nothing is a report, too: from the first on time
        counts.
        """
        played: list[Played] = []
        places: list[_Place] = []
        position_ms: int | None = None
        for index, event in enumerate(batch.events):
            if event.recording_id != recording.id or index in unseen:
                continue
            played += event.played
            places += [_Place(index, segment) for segment in range(len(event.played))]
            position_ms = round(event.position * 1000) if event.position is not None else position_ms
        if position_ms is None:
            if not played:
                return []
            position_ms = played[-1].end_ms
        report = Report(batch.session_id, batch.seq, tuple(played), position_ms)
        _, taken = await self._progress.take(tx, user_id, recording, report, now, door=DOOR)
        return [
            RefusedPart(places[one.index].index, places[one.index].segment, one.reason)
            for one in taken.refused
        ]


def _happened(user_id: str, session_id: str, event: SaidEvent, now: datetime) -> Happened:
    return Happened(
        user_id,
        event.recording_id,
        event.course_id,
        session_id,
        event.event_type,
        event.timestamp,
        now,
        event.data,
    )
