"""Takes batches of events in: each once, of what the sender may see, counted as far as the clock allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from sqlalchemy.exc import IntegrityError

from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.analytics.intake_writer import IntakeWriter, Outcome, RefusedPart, SentBatch
from vtp.analytics.rollups import Rollups
from vtp.analytics.schemas import SaidEvent, SendEvents
from vtp.analytics.seen_recordings import SeenRecordings
from vtp.courses.door import enter
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.db.grouped import Grouped
from vtp.errors import Forbidden, NotFound, RateLimited
from vtp.http.identity import Principal
from vtp.limits import WindowLimiter
from vtp.recording.service import Recordings
from vtp.recording.store import Recording

WINDOW_S: Final = 600.0
MAX_IN_WINDOW: Final = 6000  # events of one account: ten a second, all the time
MAX_AT_ONCE: Final = 500
"""Events of one transaction: no other writer waits for more, and the event loop for no more of them."""


class Intake:
    """Raises Forbidden for who has no account or sends another one's batch, RateLimited for too much."""

    def __init__(
        self,
        database: Database,
        recordings: Recordings,
        rollups: Rollups,
        *,
        clock: Clock = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._seen = SeenRecordings(recordings, monotonic)
        self._clock = clock
        writer = IntakeWriter(database, rollups, lambda: self._clock())
        self._writing = Grouped(writer.write, MAX_AT_ONCE)
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
        sent = SentBatch.of(user_id, batch, seen, refused)
        try:
            return await self._writing.add(sent, len(batch.events))
        except IntegrityError:  # one of them is gone: `done_over` asks again
            for recording_id in seen:
                self._seen.forget(recording_id)
            raise

    async def _look(
        self, principal: Principal, events: Sequence[SaidEvent], address: str
    ) -> tuple[dict[str, Recording], list[RefusedPart]]:
        """The recordings that the events are of, and which events the sender may not send."""
        seen: dict[str, Recording] = {}
        reasons: dict[str, str] = {}
        for recording_id in sorted({one.recording_id for one in events if one.recording_id is not None}):
            try:
                seen[recording_id] = await self._seen.get(principal, recording_id, address)
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
            reason = _reason(one, reasons)
            if reason:
                refused.append(RefusedPart(index, None, reason))
        return seen, refused


def _reason(event: SaidEvent, reasons: Mapping[str, str]) -> str:
    """Why an event is not taken; empty where it is."""
    recording_id, course_id = event.recording_id, event.course_id
    if recording_id is None and course_id is None:
        return "names_nothing"
    if not reasons:
        return ""
    return reasons.get(recording_id or "") or reasons.get(course_id or "") or ""
