"""What crosses the wire about polls over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from vtp.errors import FieldError, Invalid
from vtp.http.pagination import PageQuery, encode_cursor
from vtp.rooms.poll_store import Vote
from vtp.rooms.polls import Poll, Results


class PollReply(BaseModel):
    """A poll with its counts, by option."""

    id: str
    room_id: str
    question: str
    options: list[str]
    multiple: bool
    anonymous: bool
    results: Results
    status: Literal["open", "closed"]
    shared: bool
    votes: int
    counts: list[int]
    created_by: str | None
    created_by_name: str
    created_at: datetime
    closed_at: datetime | None
    shared_at: datetime | None

    @classmethod
    def of(cls, poll: Poll) -> Self:
        """Describes a poll to staff."""
        same = {name: getattr(poll, name) for name in Poll.__slots__ if name not in ("options", "counts")}
        return cls(
            **same,
            options=list(poll.options),
            counts=list(poll.counts),
            status="open" if poll.is_open else "closed",
            shared=poll.is_shared,
        )


class PollPage(BaseModel):
    """One page of polls."""

    items: list[PollReply]
    next_cursor: str | None


class VoteReply(BaseModel):
    """Who chose what; `user_id` is null for guests."""

    user_id: str | None
    full_name: str
    choices: list[int] = Field(description="The options' places, from 0.")


class VotePage(BaseModel):
    """One page of votes."""

    items: list[VoteReply]
    next_cursor: str | None


class VoteQuery(PageQuery):
    """The query of a list of votes."""

    def voter(self) -> str | None:
        """Whom the page before ended with; raises Invalid (422)."""
        position = self.position()
        if position is None or (isinstance(position, str) and position.isprintable()):
            return position
        raise Invalid(
            "This cursor was not made by this list; start again without one.",
            errors=[FieldError("/query/cursor", "not a cursor of this list")],
        )

    def page(self, found: list[Vote]) -> VotePage:
        """The page out of up to `limit + 1` votes."""
        items = found[: self.limit]
        return VotePage(
            items=[
                VoteReply(user_id=one.user_id, full_name=one.full_name, choices=list(one.choices))
                for one in items
            ],
            next_cursor=encode_cursor(items[-1].key) if len(found) > self.limit else None,
        )
