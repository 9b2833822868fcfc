"""How several recordings are watched, in figures, for who lists them elsewhere (a course)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select

from vtp.db.prepared import Prepared, Source, Values
from vtp.recording.access_entries import Did
from vtp.recording.store import Status, Visibility
from vtp.recording.tables import recording_access_log, recording_progress, recordings


@dataclass(frozen=True, slots=True)
class Watchings:
    """How often somebody watched one of some recordings, by how many different people at least, and the sum
    of how much of it, in thousandths."""

    viewers: int = 0
    count: int = 0
    shares: float = 0.0


Before = Callable[[Source, str], Awaitable[Watchings]]
"""What those of a course came to by people whom nobody can tell any more."""


@dataclass(frozen=True, slots=True)
class WatchFigures:
    """What is known of some recordings together; those in the trash do not count.

    `watched_per_mille`: of a recording, by who began it, on average.
    """

    recordings: int
    published: int
    viewers: int
    views: int
    last_opened_at: datetime | None
    watched_per_mille: int


def watch_figures(recording_ids: Select[tuple[str]]) -> Prepared:
    """What `figures_of` asks: for those recordings whose ids this selects."""
    c, kept = recordings.c, recordings.c.status != Status.DELETED
    published = func.count(case((c.visibility != Visibility.STAFF, 1)))
    counted = select(func.count().label("total"), published.label("shown"))
    counted = counted.where(c.id.in_(recording_ids), kept)
    progress = recording_progress.c
    share = progress.watched_ms * 1000 / c.duration_ms
    whole = case((c.duration_ms <= 0, None), (progress.watched_ms >= c.duration_ms, 1000.0), else_=share)
    of_each = (
        select(func.count(whole).label("watchings"), func.sum(whole).label("shares"))
        .select_from(recording_progress.join(recordings, c.id == progress.recording_id))
        .where(progress.recording_id.in_(recording_ids), kept)
        .group_by(progress.user_id)  # to count them apart, PostgreSQL would sort all rows by it
        .subquery()
    )
    watchings = func.coalesce(func.sum(of_each.c.watchings), 0)
    watched = select(
        func.count().label("viewers"),
        watchings.label("watchings"),
        func.sum(of_each.c.shares).label("shares"),
    ).select_from(of_each)
    log = recording_access_log.c
    opened = select(func.count().label("views"), func.max(log.at).label("last")).where(
        log.recording_id.in_(recording_ids), log.action == Did.OPENED
    )
    # Of one row each, so that they make one together.
    parts = [one.subquery() for one in (counted, watched, opened)]
    return Prepared(select(*(column for part in parts for column in part.c)))


async def figures_of(source: Source, figures: Prepared, values: Values, past: Watchings) -> WatchFigures:
    """The figures, with what there was in the past; `values` are the parameters of the recordings' query."""
    (found,) = await figures.rows(source, values)
    total, shown, viewers, count, shares, views, last = found
    count, shares = int(count) + past.count, float(shares or 0) + past.shares
    per_mille = int(shares / count) if count else 0
    return WatchFigures(total, shown, max(viewers, past.viewers), views, last, per_mille)
