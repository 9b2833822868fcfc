"""What crosses the wire about bans from rooms."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from pydantic import BaseModel

from vtp.rooms.ban_store import Ban


class BanReply(BaseModel):
    """A ban: of an account, or of a guest's link together with where they came from, which is not told."""

    id: str
    room_id: str
    user_id: str | None
    link_id: str | None
    full_name: str
    reason: str
    banned_by: str | None
    created_at: datetime

    @classmethod
    def of(cls, ban: Ban) -> Self:
        """Describes a ban."""
        return cls(**{name: getattr(ban, name) for name in cls.model_fields})


class BanPage(BaseModel):
    """One page of bans."""

    items: list[BanReply]
    next_cursor: str | None
