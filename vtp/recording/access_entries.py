"""Entries of the log of access to recordings, as they are read: newest first, filtered, a page at a time."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.recording.tables import recording_access_log as table
from vtp.recording.tables import recording_shares


class Did(enum.StrEnum):
    """What somebody did with a recording."""

    OPENED = "opened"
    DOWNLOADED = "downloaded"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """One entry, with what the account and the link are called now."""

    id: str
    at: datetime
    action: str
    user_id: str | None
    user_name: str | None
    link_id: str | None
    link_title: str | None
    ip_address: str | None
    user_agent: str | None
    bytes_transferred: int | None
    duration_seconds: float | None
    status: str = "success"
    """Who was refused is in the audit log, and not here."""


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """Which entries to read; what is empty does not matter. `until` is not within the span.

    `words` are looked for in what the account or the link is called now.
    """

    action: Did | None = None
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None


async def read_entries(
    tx: AsyncConnection, recording_id: str, wanted: AccessFilter, limit: int, before: str | None
) -> list[AccessEntry]:
    """A page of a recording's, from `before` on."""
    c = table.c
    statement = (
        select(
            c.id,
            c.at,
            c.action,
            c.user_id,
            users.c.full_name,
            c.link_id,
            recording_shares.c.title,
            c.ip_address,
            c.user_agent,
            c.bytes_transferred,
            c.duration_ms,
        )
        .join_from(table, users, users.c.id == c.user_id, isouter=True)
        .join(recording_shares, recording_shares.c.id == c.link_id, isouter=True)
        .where(c.recording_id == recording_id, *_conditions(wanted))
        .order_by(c.id.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(c.id < before)
    return [_entry(row) for row in await tx.execute(statement)]


def _entry(row: Any) -> AccessEntry:
    found, took_ms = AccessEntry(*row), row[-1]
    return found if took_ms is None else replace(found, duration_seconds=took_ms / 1000)


def _conditions(wanted: AccessFilter) -> Iterator[ColumnElement[bool]]:
    c = table.c
    if wanted.action is not None:
        yield c.action == wanted.action.value
    if wanted.words:
        called = (users.c.full_name, recording_shares.c.title)
        yield or_(*(column.icontains(wanted.words, autoescape=True) for column in called))
    if wanted.since is not None:
        yield c.at >= wanted.since
    if wanted.until is not None:
        yield c.at < wanted.until
