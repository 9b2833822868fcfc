"""The rows of recordings: added, found, listed, changed. No rules here, only SQL."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, Circle
from vtp.db.prepared import Prepared
from vtp.db.types import UtcDateTime
from vtp.recording.tables import recordings
from vtp.rooms.tables import rooms


class Status(enum.StrEnum):
    """Where a recording stands."""

    RECORDING = "recording"
    FINALIZING = "finalizing"
    READY = "ready"
    INTERRUPTED = "interrupted"  # playable, and shorter than it was meant to be
    FAILED = "failed"  # nothing to play
    DELETED = "deleted"  # in the trash


class Storage(enum.StrEnum):
    """Where a recording's bytes are."""

    LOCAL = "local"
    UPLOADING = "uploading"  # they are here still
    STORED = "stored"  # in the object store, and for a while here too


class Visibility(enum.StrEnum):
    """Who sees a recording besides who has a link to it."""

    STAFF = "staff"  # unpublished: links rest, too
    MEMBERS = "members"  # everybody with an account
    PUBLIC = "public"  # whoever has its address


UNFINISHED = (Status.RECORDING, Status.FINALIZING)
PROGRAM = "program"  # the layout without tracks of participants
ERROR_CODE = "error_code"  # in the metadata of one that did not end as asked
PLAYABLE = (Status.RECORDING, Status.FINALIZING, Status.READY, Status.INTERRUPTED)


_OF_VIEWERS = frozenset({Action.RECORDING_VIEW, Action.RECORDING_DOWNLOAD})


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording as it is stored."""

    id: str
    room_id: str
    title: str
    description: str
    started_by: str | None
    status: Status
    format: str
    layout: str
    started_at: datetime
    created_at: datetime
    updated_at: datetime
    stopped_at: datetime | None = None
    duration_ms: int = 0
    file_size_bytes: int = 0
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0
    bitrate_bps: int = 0
    codecs: str = ""
    error_message: str = ""
    metadata: dict[str, Any] = field(default_factory=dict, hash=False)  # compared all the same
    deleted_at: datetime | None = None
    instance_id: str | None = None
    storage: Storage = Storage.LOCAL
    stored_url: str | None = None
    stored_at: datetime | None = None
    visibility: Visibility = Visibility.MEMBERS
    access_changed_at: datetime | None = None
    chapters_set_at: datetime | None = None
    status_before: Status | None = None
    purging_at: datetime | None = None
    restored_at: datetime | None = None
    kept: bool = False
    expires_at: datetime | None = None
    warned_at: datetime | None = None

    @property
    def is_public(self) -> bool:
        """Whether people without an account see it, too."""
        return self.visibility is Visibility.PUBLIC and self.status is not Status.DELETED

    def circle(self, action: Action) -> Circle:
        """For whom an action is: one that is not published is for staff."""
        hidden = self.visibility is Visibility.STAFF
        return Circle.STAFF if hidden and action in _OF_VIEWERS else Circle.EVERYONE

    @property
    def owner_id(self) -> str | None:
        """Who started it, as permissions name it."""
        return self.started_by


COLUMNS = [recordings.c[name] for name in Recording.__slots__]
_STATUS = Recording.__slots__.index("status")
_STORAGE = Recording.__slots__.index("storage")
_VISIBILITY = Recording.__slots__.index("visibility")
_BEFORE = Recording.__slots__.index("status_before")
_ACCESS_CHANGED = Prepared(
    select(recordings.c.id, recordings.c.access_changed_at, recordings.c.status).where(
        recordings.c.access_changed_at >= bindparam("since", type_=UtcDateTime())
    )
)
_BY_ID = select(*COLUMNS).where(recordings.c.id == bindparam("recording_id"))


async def add_recording(tx: AsyncConnection, recording: Recording) -> None:
    """Adds a row."""
    values = {name: getattr(recording, name) for name in Recording.__slots__}
    await tx.execute(recordings.insert().values(**values))


async def find_recording(
    tx: AsyncConnection, recording_id: str, *, to_change: bool = False
) -> Recording | None:
    """The recording with this id; `to_change`: other changes of it wait."""
    statement = _BY_ID.with_for_update() if to_change else _BY_ID
    row = (await tx.execute(statement, {"recording_id": recording_id})).one_or_none()
    return recording_of(row) if row else None


async def find_recordings(tx: AsyncConnection, recording_ids: Sequence[str]) -> list[Recording]:
    """Those of them that there are."""
    rows = await tx.execute(select(*COLUMNS).where(recordings.c.id.in_(recording_ids)))
    return [recording_of(row) for row in rows]


async def change_recording(tx: AsyncConnection, recording_id: str, **values: Any) -> None:
    """Sets columns of a row."""
    await tx.execute(update(recordings).where(recordings.c.id == recording_id).values(**values))


async def mark_finalizing(tx: AsyncConnection, recording_id: str, now: datetime) -> None:
    """Says that a recording is being stopped, unless it has ended meanwhile: what ended stays ended."""
    still = (recordings.c.id == recording_id, recordings.c.status == Status.RECORDING)
    await tx.execute(update(recordings).where(*still).values(status=Status.FINALIZING, updated_at=now))


async def save_ended(tx: AsyncConnection, recording_id: str, values: Mapping[str, Any]) -> bool:
    """Sets columns of one that has ended; one that is in the trash by now stays there, and comes back as it
    has ended. False where it is there, or is no more: its end is no news then."""
    now = await find_recording(tx, recording_id, to_change=True)
    if now is None:
        return False
    in_trash = now.status is Status.DELETED
    ended = {"status_before" if in_trash and name == "status" else name: of for name, of in values.items()}
    await change_recording(tx, recording_id, **ended)
    return not in_trash


async def remove_recording(tx: AsyncConnection, recording_id: str) -> None:
    """Takes a row away for good."""
    await tx.execute(delete(recordings).where(recordings.c.id == recording_id))


async def unfinished_recordings(tx: AsyncConnection, instance_id: str) -> list[Recording]:
    """Those that a former process of this data folder was recording when it ended, also where another one
    has put them into the trash.

    Other processes on the same database are recording theirs.
    """
    c = recordings.c
    unfinished = or_(c.status.in_(UNFINISHED), c.status_before.in_(UNFINISHED))
    rows = await tx.execute(select(*COLUMNS).where(unfinished, of_instance(instance_id)))
    return [recording_of(row) for row in rows]


async def ended_recordings_with_tracks(tx: AsyncConnection) -> list[Recording]:
    """Those in which participants may have tracks of their own, the trash included."""
    c = recordings.c
    rows = await tx.execute(select(*COLUMNS).where(c.layout != PROGRAM, c.status.not_in(UNFINISHED)))
    return [recording_of(row) for row in rows]


async def name_of_room(tx: AsyncConnection, room_id: str) -> str:
    """What a room is called, also a deleted one."""
    return str(
        (await tx.execute(select(rooms.c.name).where(rooms.c.id == room_id))).scalar_one_or_none() or ""
    )


async def access_changes(tx: AsyncConnection, since: datetime) -> list[tuple[str, datetime, bool]]:
    """Which recordings other people may see than before, since when, and whether there are any: it is not in
    the trash."""
    found = await _ACCESS_CHANGED.rows(tx, {"since": since})
    return [(row[0], row[1], row[2] != Status.DELETED) for row in found]


def of_instance(instance_id: str) -> ColumnElement[bool]:
    """Those that the process of this data folder looks after."""
    return or_(recordings.c.instance_id == instance_id, recordings.c.instance_id.is_(None))


def recording_of(row: Sequence[Any]) -> Recording:
    """Of a row that begins with COLUMNS; by place, which takes a fourth of what names take."""
    values = list(row[: len(COLUMNS)])
    values[_STATUS] = Status(values[_STATUS])
    values[_STORAGE] = Storage(values[_STORAGE])
    values[_VISIBILITY] = Visibility(values[_VISIBILITY])
    values[_BEFORE] = Status(values[_BEFORE]) if values[_BEFORE] is not None else None
    return Recording(*values)
