"""A class as it goes, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from vtp.analytics.live_class import Attendee, LiveClass, LiveClasses
from vtp.analytics.paths import Doubled
from vtp.http.routing import Access, Call


class LivePerson(BaseModel):
    """Somebody in the class, or who is expected in it."""

    user_id: str | None
    name: str
    role: str
    here: bool
    first_join: Annotated[datetime | None, Field(description="Null: they have not come.")]
    late: Annotated[bool, Field(description="By the rules of the course.")]
    late_s: float
    present_s: float
    talk_s: float
    camera_s: float
    messages: int
    hands: int
    reactions: int
    poor_s: Annotated[float, Field(description="For how long their connection was poor or lost.")]
    fair_s: Annotated[float, Field(description="For how long it was neither that nor good.")]

    @classmethod
    def of(cls, one: Attendee) -> Self:
        """Describes somebody."""
        return cls(
            user_id=one.user_id,
            name=one.full_name,
            role=one.role,
            here=one.here,
            first_join=one.first_join,
            late=one.late,
            late_s=one.late_ms / 1000,
            present_s=one.present_ms / 1000,
            talk_s=one.talk_ms / 1000,
            camera_s=one.camera_ms / 1000,
            messages=one.acts.get("messages", 0),
            hands=one.acts.get("hands", 0),
            reactions=one.acts.get("reactions", 0),
            poor_s=one.poor_ms / 1000,
            fair_s=one.fair_ms / 1000,
        )


class LiveClassReply(BaseModel):
    """The class in a room at this moment."""

    room_id: str
    at: datetime
    open_since: Annotated[datetime | None, Field(description="Null: nobody is there.")]
    began: Annotated[datetime | None, Field(description="From when on one is late; null: no staff yet.")]
    people: list[LivePerson]

    @classmethod
    def of(cls, found: LiveClass) -> Self:
        """Describes a class."""
        return cls(
            room_id=found.room_id,
            at=found.at,
            open_since=found.open_since,
            began=found.began,
            people=[LivePerson.of(one) for one in found.people],
        )


def add_live_routes(table: Doubled, classes: LiveClasses) -> None:
    """Declares the one route."""

    @table.get(
        "/rooms/{room}/live",
        reply=LiveClassReply,
        access=Access.VERIFIED,
        summary="See how a class goes: who is there, late, or missing, and what they do",
        description="For who holds it. A few seconds old; to be asked about every five.",
        errors=(403, 404),
    )
    async def get_live_class(call: Call) -> LiveClassReply:
        return LiveClassReply.of(await classes.read(call.principal, call.path["room"]))
