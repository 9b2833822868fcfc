"""Finds and removes what says whose figures are, some rows at a time. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event
from vtp.accounts.tables import audit_log
from vtp.analytics.past_tables import analytics_anonymizing, course_totals
from vtp.analytics.tables import (
    analytics_alerts,
    analytics_batches,
    analytics_events,
    attendance_corrections,
    lesson_attendance,
    lesson_classes,
    lesson_credits,
    playback_sessions,
    recording_viewers,
)
from vtp.courses.tables import course_recordings, courses, lessons
from vtp.db.statements import insert_if_absent
from vtp.ids import new_id
from vtp.own_data.holding import ERASED_NAME, NOBODY
from vtp.recording.store import UNFINISHED
from vtp.recording.tables import recording_progress, recordings
from vtp.rooms.tables import live_sessions, poll_votes, polls, session_participants

_ONLY: Final = 1
_BEGUN: Final = {"id": _ONLY, "courses": 0, "viewers": 0}
_NOBODYS_CLASSES: Final = select(lesson_classes.c.lesson_id).where(lesson_classes.c.totals.is_not(None))


@dataclass(frozen=True, slots=True)
class Done:
    """How far it has come: `finished_at`: when last nothing was left to do."""

    finished_at: datetime | None = None
    courses: int = 0
    viewers: int = 0


@dataclass(frozen=True, slots=True)
class Unpushed:
    """Rows of the log that wait for a learning record store: those behind a position, not older than that."""

    position: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """What is old enough: of before a time; `closed`: only what is of courses that are nobody's."""

    before: datetime
    closed: bool = False
    unpushed: Unpushed | None = None


async def find_done(tx: AsyncConnection) -> Done:
    """That."""
    c = analytics_anonymizing.c
    row = (await tx.execute(select(c.finished_at, c.courses, c.viewers).where(c.id == _ONLY))).one_or_none()
    return Done(*row) if row is not None else Done()


async def claim(tx: AsyncConnection, by: str, now: datetime, until: datetime) -> bool:
    """Takes the work for a while, so that of several processes one does it; again to keep it."""
    c = analytics_anonymizing.c
    begun = {**_BEGUN, "claimed_until": now, "claimed_by": by}
    await insert_if_absent(tx, analytics_anonymizing, begun)
    free = or_(c.claimed_until <= now, c.claimed_by == by)
    taken = (
        update(analytics_anonymizing).where(c.id == _ONLY, free).values(claimed_until=until, claimed_by=by)
    )
    return bool((await tx.execute(taken)).rowcount)


async def release(tx: AsyncConnection, by: str, now: datetime, finished_at: datetime | None) -> None:
    """Others may have it."""
    c = analytics_anonymizing.c
    values: dict[str, Any] = {"claimed_until": now}
    if finished_at is not None:
        values["finished_at"] = finished_at
    await tx.execute(update(analytics_anonymizing).where(c.claimed_by == by).values(values))


async def count_done(tx: AsyncConnection, *, courses: int = 0, viewers: int = 0) -> None:
    """Adds to what was done."""
    c = analytics_anonymizing.c
    values = {"courses": c.courses + courses, "viewers": c.viewers + viewers}
    await tx.execute(update(analytics_anonymizing).values(values))


async def quiet_courses(tx: AsyncConnection, before: datetime) -> list[str]:
    """Courses with classes, credit for such, watching, views of pages or alerts that are not nobody's yet, in
    which since no class is planned or was held and no recording watched; who was in them otherwise is for the
    caller to look."""
    c, lesson, k, at = courses.c, lessons.c, lesson_classes.c, live_sessions.c
    filed, seen, past = course_recordings.c, recording_progress.c, course_totals.c
    page, event, alert = playback_sessions.c, analytics_events.c, analytics_alerts.c
    theirs = lesson.course_id == c.id
    planned = exists().where(theirs, or_(lesson.starts_at >= before, lesson.ends_at >= before))
    open_since = exists().where(
        theirs, at.room_id == lesson.room_id, or_(at.ended_at.is_(None), at.ended_at >= before)
    )
    held = exists().where(theirs, k.lesson_id == lesson.id, k.totals.is_(None))
    counted = exists().where(k.lesson_id == lesson.id)
    met = exists().where(theirs, at.room_id == lesson.room_id, ~counted)
    credited = exists().where(theirs, lesson_credits.c.lesson_id == lesson.id)
    its = and_(filed.course_id == c.id, seen.recording_id == filed.recording_id)
    watched = exists().where(its, seen.updated_at >= before)
    opened = and_(filed.course_id == c.id, page.recording_id == filed.recording_id)
    looked = and_(event.course_id == c.id, event.recording_id.is_(None))
    told = alert.course_id == c.id
    to_count = or_(
        *(
            exists().where(which, or_(past.anonymized_at.is_(None), at >= past.anonymized_at))
            for which, at in (
                (its, seen.updated_at),
                (opened, page.last_at),
                (looked, event.received_at),
                (told, alert.created_at),
            )
        )
    )
    statement = (
        select(c.id)
        .select_from(courses.outerjoin(course_totals, past.course_id == c.id))
        .where(c.created_at < before, or_(held, met, credited, to_count), ~planned, ~open_since, ~watched)
    )
    return list((await tx.execute(statement.order_by(c.id))).scalars())


async def any_closed(tx: AsyncConnection) -> bool:
    """Whether any course was ever made nobody's."""
    return (await tx.execute(select(course_totals.c.course_id).limit(1))).first() is not None


async def stays_left(tx: AsyncConnection, course_id: str) -> int:
    """How many rows there are of who was in the classes of a course."""
    who, at, lesson = session_participants.c, live_sessions.c, lessons.c
    statement = (
        select(func.count(who.id.distinct()))
        .join_from(session_participants, live_sessions, at.id == who.live_session_id)
        .join(lessons, lesson.room_id == at.room_id)
        .where(lesson.course_id == course_id)
    )
    return int((await tx.execute(statement)).scalar_one())


async def viewers_left(tx: AsyncConnection, course_id: str, unpushed: Unpushed) -> int:
    """How many people's watching of a course's recordings waits for a learning record store."""
    filed, event = course_recordings.c, analytics_events.c
    statement = (
        select(func.count(event.user_id.distinct()))
        .join_from(analytics_events, course_recordings, filed.recording_id == event.recording_id)
        .where(filed.course_id == course_id, *_waiting(unpushed))
    )
    return int((await tx.execute(statement)).scalar_one())


async def classes_in(tx: AsyncConnection, course_id: str) -> list[str]:
    """The lessons of a course that were counted and are not nobody's."""
    c, k = lessons.c, lesson_classes.c
    statement = (
        select(k.lesson_id)
        .join_from(lesson_classes, lessons, c.id == k.lesson_id)
        .where(c.course_id == course_id, k.totals.is_(None))
    )
    return list((await tx.execute(statement.order_by(k.lesson_id))).scalars())


async def put_class_totals(tx: AsyncConnection, lesson_id: str, totals: Mapping[str, Any]) -> None:
    """From now on this is all that there is of a class."""
    theirs = lesson_classes.c.lesson_id == lesson_id
    await tx.execute(update(lesson_classes).where(theirs).values(totals=totals))


async def forget_corrected(tx: AsyncConnection, lesson_ids: Sequence[str]) -> None:
    """Whose attendance was corrected goes out of the audit log; that it was, by whom and when stays."""
    c = audit_log.c
    subjects = [f"lesson:{one}" for one in lesson_ids]
    found = await tx.execute(
        select(c.id, c.details).where(c.subject.in_(subjects), c.event == Event.ATTENDANCE_CORRECTED.value)
    )
    for entry_id, details in found.all():
        kept = {name: value for name, value in (details or {}).items() if name != "user_id"}
        await tx.execute(update(audit_log).where(c.id == entry_id).values(details=kept))


async def drop_attendance(tx: AsyncConnection, _: Scope, most: int) -> int:
    """Of classes that are nobody's."""
    c = lesson_attendance.c
    statement = select(c.lesson_id, c.user_id).where(c.lesson_id.in_(_NOBODYS_CLASSES)).limit(most)
    return await _drop_by_key(tx, lesson_attendance, (await tx.execute(statement)).all())


async def drop_credits(tx: AsyncConnection, _: Scope, most: int) -> int:
    """Likewise, and of lessons of courses that are nobody's which have no class, nor were open since."""
    c, lesson, k, past, at = lesson_credits.c, lessons.c, lesson_classes.c, course_totals.c, live_sessions.c
    since = or_(at.ended_at.is_(None), at.ended_at > past.anonymized_at)
    without = (
        select(lesson.id)
        .join_from(course_totals, lessons, lesson.course_id == past.course_id)
        .outerjoin(lesson_classes, k.lesson_id == lesson.id)
        .where(k.lesson_id.is_(None), ~exists().where(at.room_id == lesson.room_id, since))
    )
    nobodys = union_all(_NOBODYS_CLASSES, without)
    statement = select(*lesson_credits.primary_key.columns).where(c.lesson_id.in_(nobodys)).limit(most)
    return await _drop_by_key(tx, lesson_credits, (await tx.execute(statement)).all())


async def drop_corrections(tx: AsyncConnection, _: Scope, most: int) -> int:
    """Likewise."""
    c = attendance_corrections.c
    statement = select(c.id).where(c.lesson_id.in_(_NOBODYS_CLASSES)).limit(most)
    return await _drop(tx, attendance_corrections, await _ids(tx, statement))


async def drop_views_of_pages(tx: AsyncConnection, _: Scope, most: int) -> int:
    """Of pages of courses that are nobody's."""
    c, past = analytics_events.c, course_totals.c
    statement = (
        select(c.id)
        .join_from(analytics_events, course_totals, past.course_id == c.course_id)
        .where(c.recording_id.is_(None), c.received_at <= past.anonymized_at)
    )
    return await _drop(tx, analytics_events, await _ids(tx, statement.limit(most)))


async def drop_batches(tx: AsyncConnection, scope: Scope, most: int) -> int:
    """The numbers of batches that came before, which are of no course."""
    if scope.closed:
        return 0
    c = analytics_batches.c
    statement = select(c.user_id, c.session_id, c.seq).where(c.received_at < scope.before).limit(most)
    return await _drop_by_key(tx, analytics_batches, (await tx.execute(statement)).all())


async def drop_stays(tx: AsyncConnection, scope: Scope, most: int) -> int:
    """Who was in classes that ended before, and what they did there; that there was a class stays."""
    who, at = session_participants.c, live_sessions.c
    statement = (
        select(who.id)
        .join_from(session_participants, live_sessions, at.id == who.live_session_id)
        .where(at.ended_at < scope.before, *_counts_no_more(at.room_id, scope))
    )
    return await _drop(tx, session_participants, await _ids(tx, statement.limit(most)))


async def drop_voters(tx: AsyncConnection, scope: Scope, most: int) -> int:
    """Who voted in polls of such classes; what was voted stays."""
    vote, asked = poll_votes.c, polls.c
    statement = (
        select(vote.poll_id, vote.voter_key)
        .join_from(poll_votes, polls, asked.id == vote.poll_id)
        .where(
            asked.created_at < scope.before,
            *_counts_no_more(asked.room_id, scope),
            vote.voter_key.not_like(f"{NOBODY}:%"),
        )
    )
    found = (await tx.execute(statement.limit(most))).all()
    for poll_id, voter_key in found:
        whose = vote.poll_id == poll_id, vote.voter_key == voter_key
        nobody = {"voter_key": f"{NOBODY}:{new_id()}", "user_id": None, "full_name": ERASED_NAME}
        await tx.execute(update(poll_votes).where(*whose).values(nobody))
    return len(found)


Drop = Callable[[AsyncConnection, Scope, int], Awaitable[int]]
DROPS: Final[Sequence[Drop]] = (
    drop_attendance,
    drop_credits,
    drop_corrections,
    drop_views_of_pages,
    drop_batches,
    drop_voters,
)
"""Each gives how many rows it removed; those of who was there come last, once usage is counted."""


def _counts_no_more(room: ColumnElement[str], scope: Scope) -> list[ColumnElement[bool]]:
    """Whether no class of a room is to be counted: it is of no lesson, or of one that is nobody's."""
    lesson, k = lessons.c, lesson_classes.c
    nobodys = exists().where(k.lesson_id == lesson.id, k.totals.is_not(None))
    told = [~exists().where(lesson.room_id == room, ~nobodys)]
    return [*told, exists().where(lesson.room_id == room)] if scope.closed else told


async def alerts_of_past(tx: AsyncConnection, most: int) -> list[str]:
    """Alerts about students of courses that are nobody's."""
    c, past = analytics_alerts.c, course_totals.c
    statement = (
        select(c.id)
        .join_from(analytics_alerts, course_totals, past.course_id == c.course_id)
        .where(c.created_at <= past.anonymized_at)
    )
    return await _ids(tx, statement.limit(most))


async def remove_alerts(tx: AsyncConnection, ids: Sequence[str]) -> None:
    """Removes them."""
    await tx.execute(delete(analytics_alerts).where(analytics_alerts.c.id.in_(ids)))


def _is_over(
    recording: ColumnElement[str], last: ColumnElement[datetime], scope: Scope
) -> list[ColumnElement[bool]]:
    """Whether each course that a recording is filed in was made nobody's since somebody last watched it."""
    filed, past = course_recordings.c, course_totals.c
    since = exists().where(past.course_id == filed.course_id, past.anonymized_at > last)
    counted = since.correlate_except(course_totals)  # with `last`, too, which is two levels out
    told = [last < scope.before, ~exists().where(filed.recording_id == recording, ~counted)]
    return [*told, exists().where(filed.recording_id == recording)] if scope.closed else told


def _waiting(unpushed: Unpushed) -> tuple[ColumnElement[bool], ...]:
    event = analytics_events.c
    return event.id > unpushed.position, event.received_at >= unpushed.since


def _is_pushed(
    recording: ColumnElement[str], user: ColumnElement[str], scope: Scope
) -> list[ColumnElement[bool]]:
    """Whether a learning record store has what somebody's log of a recording says, or was away for too
    long."""
    if scope.unpushed is None:
        return []
    event = analytics_events.c
    theirs = event.recording_id == recording, event.user_id == user
    return [~exists().where(*theirs, *_waiting(scope.unpushed))]


def _opened_since(seen: Any, scope: Scope) -> ColumnElement[bool]:
    """Whether who watched has had a page of the recording open since."""
    page = playback_sessions.c
    theirs = page.recording_id == seen.recording_id, page.user_id == seen.user_id
    return exists().where(*theirs, page.last_at >= scope.before)


async def old_viewers(tx: AsyncConnection, scope: Scope, most: int) -> list[tuple[str, str]]:
    """Who has not watched which recording since: (recording, account), one recording after the other."""
    seen, page, c = recording_progress.c, playback_sessions.c, recordings.c
    watched = (
        select(seen.recording_id, seen.user_id)
        .join_from(recording_progress, recordings, c.id == seen.recording_id)
        .where(
            c.status.not_in(UNFINISHED),
            *_is_over(seen.recording_id, seen.updated_at, scope),
            ~_opened_since(seen, scope),
            *_is_pushed(seen.recording_id, seen.user_id, scope),
        )
        .order_by(seen.recording_id, seen.user_id)
        .limit(most)
    )
    found = [(row[0], row[1]) for row in await tx.execute(watched)]
    if found:
        return found
    began = exists().where(seen.recording_id == page.recording_id, seen.user_id == page.user_id)
    opened = (
        select(page.recording_id, page.user_id)
        .join_from(playback_sessions, recordings, c.id == page.recording_id)
        .where(
            ~began,
            c.status.not_in(UNFINISHED),
            *_is_over(page.recording_id, page.last_at, scope),
            *_is_pushed(page.recording_id, page.user_id, scope),
        )
        .group_by(page.recording_id, page.user_id)
        .order_by(page.recording_id, page.user_id)
    )
    return [(row[0], row[1]) for row in await tx.execute(opened.limit(most))]


async def how_many_viewers(tx: AsyncConnection, scope: Scope) -> int:
    """How many of recordings have not watched them since, and are of no course that is still told by name."""
    seen, c = recording_progress.c, recordings.c
    statement = (
        select(func.count())
        .select_from(recording_progress.join(recordings, c.id == seen.recording_id))
        .where(
            c.status.not_in(UNFINISHED),
            *_is_over(seen.recording_id, seen.updated_at, scope),
            ~_opened_since(seen, scope),
            *_is_pushed(seen.recording_id, seen.user_id, scope),
        )
    )
    return int((await tx.execute(statement)).scalar_one())


async def events_of(tx: AsyncConnection, recording_id: str, user_ids: Sequence[str]) -> dict[str, int]:
    """How many rows the log has of each of these with a recording."""
    c = analytics_events.c
    statement = (
        select(c.user_id, func.count())
        .where(c.recording_id == recording_id, c.user_id.in_(user_ids))
        .group_by(c.user_id)
    )
    return {row[0]: int(row[1]) for row in await tx.execute(statement)}


async def lock_viewers(
    tx: AsyncConnection, recording_id: str, user_ids: Sequence[str], before: datetime
) -> tuple[list[Any], list[str]]:
    """Their progress, and who of them has indeed not watched since; others wait who would change it.

    Progress first, then pages, as the intake takes them. Of whom there is neither any more, another has
    added what there was.
    """
    page, seen = playback_sessions.c, recording_progress.c
    rows = await tx.execute(
        select(recording_progress)
        .where(seen.recording_id == recording_id, seen.user_id.in_(user_ids))
        .order_by(seen.user_id)
        .with_for_update()
    )
    progress = rows.all()
    opened = await tx.execute(
        select(page.user_id, page.last_at)
        .where(page.recording_id == recording_id, page.user_id.in_(user_ids))
        .order_by(page.user_id, page.session_id)
        .with_for_update()
    )
    pages = opened.all()
    awake = {row.user_id for row in pages if row.last_at >= before}
    awake |= {row.user_id for row in progress if row.updated_at >= before}
    asleep = {row.user_id for row in (*pages, *progress)} - awake
    return [row for row in progress if row.user_id in asleep], [one for one in user_ids if one in asleep]


async def passes_of_some(tx: AsyncConnection, recording_id: str, user_ids: Sequence[str]) -> list[list[int]]:
    """Their passes."""
    c = recording_viewers.c
    statement = select(c.passes).where(c.recording_id == recording_id, c.user_id.in_(user_ids))
    return list((await tx.execute(statement)).scalars())


async def drop_viewers(tx: AsyncConnection, recording_id: str, user_ids: Sequence[str]) -> None:
    """All that is kept of them with a recording."""
    for table in (analytics_events, recording_viewers, playback_sessions, recording_progress):
        c = table.c
        await tx.execute(delete(table).where(c.recording_id == recording_id, c.user_id.in_(user_ids)))


async def _ids(tx: AsyncConnection, statement: Any) -> list[str]:
    return list((await tx.execute(statement)).scalars())


async def _drop(tx: AsyncConnection, table: Any, ids: Sequence[str]) -> int:
    if ids:
        await tx.execute(delete(table).where(table.c.id.in_(ids)))
    return len(ids)


async def _drop_by_key(tx: AsyncConnection, table: Table, keys: Sequence[Sequence[Any]]) -> int:
    """Each by its primary key: for `(a, b) IN (VALUES …)` SQLite reads all of the table."""
    if keys:
        columns = list(table.primary_key.columns)
        theirs = [one == bindparam(f"key_{at}") for at, one in enumerate(columns)]
        each = [{f"key_{at}": value for at, value in enumerate(key)} for key in keys]
        await tx.execute(delete(table).where(*theirs), each)
    return len(keys)
