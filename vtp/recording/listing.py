"""Lists of recordings: which, in what order, and the statements for it.

Statements are made once for each shape of a filter: of a list's time, an eighth goes into making them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    TextClause,
    and_,
    bindparam,
    cast,
    false,
    func,
    null,
    or_,
    select,
    true,
)

from vtp.db.kept_rows import Kept, KeptRows
from vtp.db.lists import first_rows, length_for
from vtp.db.prepared import Prepared, Source, Unread
from vtp.db.types import id_type
from vtp.db.words import contains_words, pattern_of
from vtp.recording.progress_store import Begun
from vtp.recording.store import COLUMNS, Recording, Status, Visibility, recording_of
from vtp.recording.tables import recording_progress, recordings
from vtp.rooms.tables import rooms

MOST_KEPT = 1_000  # rows, some kilobytes each


@dataclass(frozen=True, eq=False)
class Scope:
    """A condition over the columns of `recordings`, its parameters open; there is one object of each.

    `unpublished`: which of them are for somebody as staff of where they are filed, whatever their account is.
    `filed`: where each is filed and what is known of somebody there, which whoever made the scope can read;
    NULL of what is filed nowhere.
    """

    condition: ColumnElement[bool] | TextClause
    unpublished: ColumnElement[bool] | TextClause = field(default_factory=false)
    filed: ColumnElement[str] = field(default_factory=lambda: cast(null(), Text))


@dataclass(frozen=True, slots=True)
class Shown:
    """Which recordings somebody is shown: those in a scope, with the values of its parameters."""

    scope: Scope
    values: Mapping[str, Any] = field(default_factory=dict)


EVERYTHING = Shown(Scope(true()))


@dataclass(frozen=True, slots=True)
class Filter:
    """Which recordings to list; empty fields do not matter. The trash is listed only when it is asked for."""

    room_id: str = ""
    status: str = ""
    text: str = ""
    owned_only: bool = False
    owner_id: str | None = None
    published_only: bool = False
    audience: Shown = EVERYTHING  # what recording.audience shows to the caller

    @property
    def shape(self) -> _Shape:
        """Which conditions there are, whatever their values."""
        return _Shape(
            bool(self.room_id),
            bool(self.status),
            bool(self.text),
            self.owned_only,
            self.published_only,
            self.audience.scope,
        )

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of the conditions."""
        found: dict[str, Any] = dict(self.audience.values)
        if self.room_id:
            found["room_id"] = self.room_id
        if self.status:
            found["status"] = self.status
        if self.owned_only:
            found["owner_id"] = self.owner_id
        if self.text:
            found["words"] = pattern_of(self.text)
        return found


class _Shape(NamedTuple):
    by_room: bool
    by_status: bool
    by_text: bool
    owned_only: bool
    published_only: bool
    scope: Scope


class Titled(NamedTuple):
    """A recording, and what its room is called, which a deleted one still is."""

    recording: Recording
    room_name: str


class Listed(NamedTuple):
    """A recording in a list; how far the viewer is with it, None: they have not begun; `Scope.filed`."""

    kept: Kept[Titled]
    progress: Begun | None
    filed: str | None

    @property
    def recording(self) -> Recording:
        """The recording itself."""
        return self.kept.value.recording


async def page_of_recordings(
    source: Source,
    wanted: Filter,
    viewer_id: str | None,
    *,
    limit: int,
    offset: int = 0,
    before: str | None = None,
) -> tuple[list[Listed], int]:
    """Recordings, newest first, after `offset` others or older than the id `before`; and how many there are
    in all, before and after them."""
    filtered = wanted.values
    values = filtered | {"viewer": viewer_id}
    if offset:
        values["page_offset"] = offset
    if before is not None:
        values["before"] = before
    page = _page(wanted.shape, length_for(limit), skips=offset > 0, goes_on=before is not None)
    found = await page.unread(source, values)
    if found.rows:
        return [_listed(found, row) for row in found.rows[:limit]], found.rows[0][-1]
    counted = await _count(wanted.shape).rows(source, filtered)
    return [], counted[0][0]


def _titled(row: Sequence[Any]) -> Titled:
    return Titled(recording_of(row), row[-1])


_PLACES = len(COLUMNS) + 1
_kept = KeptRows(_titled, _PLACES, MOST_KEPT)


def _listed(found: Unread, row: tuple[Any, ...]) -> Listed:
    begun = Begun(*found.read(row, _PLACES, _FILED)) if row[_PLACES] is not None else None
    return Listed(_kept.of(found, row), begun, row[_FILED])


_SEEN = [recording_progress.c[name] for name in ("watched_ms", "position_ms", "updated_at", "reached")]
_FILED = _PLACES + len(_SEEN)


@lru_cache(maxsize=256)
def _count(shape: _Shape) -> Prepared:
    return Prepared(_counted(shape))


def _counted(shape: _Shape) -> Select[int]:
    return select(func.count()).select_from(recordings).where(*_conditions(shape))


@lru_cache(maxsize=256)
def _page(shape: _Shape, length: int, *, skips: bool, goes_on: bool) -> Prepared:
    c, own = recordings.c, recording_progress.c
    mine = and_(own.recording_id == c.id, own.user_id == bindparam("viewer", type_=id_type()))
    total = _counted(shape).correlate(None).scalar_subquery()
    statement = (
        select(*COLUMNS, rooms.c.name, *_SEEN, shape.scope.filed, total)
        .select_from(recordings.join(rooms, rooms.c.id == c.room_id).outerjoin(recording_progress, mine))
        .where(*_conditions(shape))
    )
    if goes_on:
        statement = statement.where(c.id < bindparam("before", type_=id_type()))
    if skips:
        statement = statement.offset(bindparam("page_offset", type_=Integer()))
    return Prepared(first_rows(statement.order_by(c.id.desc()), length))


def _conditions(shape: _Shape) -> list[ColumnElement[bool] | TextClause]:
    c = recordings.c
    found: list[ColumnElement[bool] | TextClause] = [shape.scope.condition]
    found.append(c.status == bindparam("status") if shape.by_status else c.status != Status.DELETED)
    if shape.by_room:
        found.append(c.room_id == bindparam("room_id"))
    if shape.owned_only:
        found.append(c.started_by.is_not_distinct_from(bindparam("owner_id", type_=id_type())))
    if shape.published_only:
        found.append(or_(c.visibility != Visibility.STAFF, shape.scope.unpublished))
    if shape.by_text:
        found.append(contains_words((c.title, c.description), "words"))
    return found
