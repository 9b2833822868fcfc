"""The rows of polls and votes. Of an anonymous poll a vote's row says who voted, not what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.rooms.polls import Ballot, Choices, Poll
from vtp.rooms.tables import poll_votes, polls

_COLUMNS = [polls.c[name] for name in Poll.__slots__]


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote of a poll that is not anonymous."""

    key: str
    user_id: str | None
    full_name: str
    choices: Choices


async def add_poll(tx: AsyncConnection, poll: Poll) -> None:
    """Adds a poll."""
    await tx.execute(insert(polls).values(asdict(poll)))


async def count_polls(tx: AsyncConnection, room_id: str) -> int:
    """How many polls a room has."""
    return (await tx.execute(select(func.count()).where(polls.c.room_id == room_id))).scalar_one()


async def find_poll(tx: AsyncConnection, room_id: str, poll_id: str) -> Poll | None:
    """One poll of a room."""
    c = polls.c
    row = (await tx.execute(select(*_COLUMNS).where(c.id == poll_id, c.room_id == room_id))).one_or_none()
    return _poll(row) if row else None


async def page_of_polls(tx: AsyncConnection, room_id: str, *, limit: int, before: str | None) -> list[Poll]:
    """Polls of a room, newest first."""
    c = polls.c
    statement = select(*_COLUMNS).where(c.room_id == room_id).order_by(c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(c.id < before)
    return [_poll(row) for row in await tx.execute(statement)]


async def open_polls(tx: AsyncConnection) -> list[Poll]:
    """All that take votes, oldest first."""
    statement = select(*_COLUMNS).where(polls.c.closed_at.is_(None)).order_by(polls.c.id)
    return [_poll(row) for row in await tx.execute(statement)]


async def close_polls_before(tx: AsyncConnection, made_before: datetime, now: datetime) -> None:
    """Closes those that were made long ago and left open."""
    c = polls.c
    old = update(polls).where(c.closed_at.is_(None), c.created_at < made_before)
    await tx.execute(old.values(closed_at=now))


async def close_poll(tx: AsyncConnection, poll_id: str, now: datetime) -> None:
    """Closes a poll."""
    await tx.execute(
        update(polls).where(polls.c.id == poll_id, polls.c.closed_at.is_(None)).values(closed_at=now)
    )


async def share_poll(tx: AsyncConnection, poll_id: str, now: datetime) -> bool:
    """Notes that everybody may see the results; tells whether that is new."""
    unshared = update(polls).where(polls.c.id == poll_id, polls.c.shared_at.is_(None))
    return (await tx.execute(unshared.values(shared_at=now))).rowcount == 1


async def put_votes(tx: AsyncConnection, poll: Poll, ballots: Sequence[Ballot]) -> None:
    """Stores votes, one of each voter, instead of those before, and what `poll` counts with them.

    One without choices takes the vote before back.
    """
    c = poll_votes.c
    keys = [one.voter.key for one in ballots]
    await tx.execute(delete(poll_votes).where(c.poll_id == poll.id, c.voter_key.in_(keys)))
    rows = [
        {
            "poll_id": poll.id,
            "voter_key": one.voter.key,
            "user_id": one.voter.user_id,
            "full_name": one.voter.full_name,
            "choices": None if poll.anonymous else list(one.choices),
        }
        for one in ballots
        if one.choices
    ]
    if rows:
        await tx.execute(insert(poll_votes), rows)
    counted = {"counts": list(poll.counts), "votes": poll.votes}
    await tx.execute(update(polls).where(polls.c.id == poll.id).values(**counted))


async def ballots_of(tx: AsyncConnection, poll_ids: Sequence[str]) -> dict[str, dict[str, Choices | None]]:
    """By poll: who voted, by key, and what they chose where that is stored."""
    c = poll_votes.c
    found: dict[str, dict[str, Choices | None]] = {one: {} for one in poll_ids}
    statement = select(c.poll_id, c.voter_key, c.choices).where(c.poll_id.in_(poll_ids))
    for row in await tx.execute(statement):
        found[row.poll_id][row.voter_key] = None if row.choices is None else tuple(row.choices)
    return found


async def page_of_votes(tx: AsyncConnection, poll_id: str, *, limit: int, after: str | None) -> list[Vote]:
    """Votes of a poll that is not anonymous, by voter."""
    c = poll_votes.c
    columns = (c.voter_key, c.user_id, c.full_name, c.choices)
    statement = select(*columns).where(c.poll_id == poll_id).order_by(c.voter_key).limit(limit)
    if after is not None:
        statement = statement.where(c.voter_key > after)
    return [
        Vote(row.voter_key, row.user_id, row.full_name, tuple(row.choices))
        for row in await tx.execute(statement)
    ]


def _poll(row: Row[Any, *tuple[Any, ...]]) -> Poll:
    values = {name: getattr(row, name) for name in Poll.__slots__}
    return Poll(**{**values, "options": tuple(values["options"]), "counts": tuple(values["counts"])})
