"""How long recordings are kept, over HTTP: what an administrator says of a room."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.replies import origin_of
from vtp.http.routing import Call, RouteTable
from vtp.recording.terms import RoomTerms, Term

TERM = "/api/v1/rooms/{room}/recording-retention"
MOST_DAYS = 36_500


class SetTerm(BaseModel):
    """How long recordings are kept."""

    model_config = ConfigDict(extra="forbid")

    days: Annotated[
        int | None,
        Field(
            ge=0,
            le=MOST_DAYS,
            strict=True,
            description="From the end of a recording until it goes into the trash. 0: for ever; null: what "
            "holds where nothing is said.",
        ),
    ]


class TermReply(BaseModel):
    """How long recordings are kept."""

    own_days: Annotated[
        int | None, Field(description="What an administrator set here (0: for ever); null: nothing.")
    ]
    days: Annotated[
        int | None,
        Field(
            description="What holds: `own_days`, else what holds for all (`recording.keep_days`; in a course "
            "what its rooms say goes before that). Null: they are kept for ever."
        ),
    ]

    @classmethod
    def of(cls, term: Term) -> Self:
        """The wire's view of it."""
        return cls(own_days=term.own_days, days=term.days or None)


def add_term_routes(table: RouteTable, terms: RoomTerms) -> None:
    """Declares them."""

    @table.get(
        TERM,
        reply=TermReply,
        summary="Read how long the recordings of a room are kept",
        errors=(403, 404),
    )
    async def get_room_retention(call: Call) -> TermReply:
        return TermReply.of(await terms.get(call.principal, call.path["room"]))

    @table.put(
        TERM,
        body=SetTerm,
        reply=TermReply,
        summary="Set how long the recordings of a room are kept",
        description="Of administrators. What would go within a week is told, and goes a week later.",
        errors=(403, 404),
    )
    async def set_room_retention(call: Call) -> TermReply:
        days = call.body.days
        return TermReply.of(await terms.set(call.principal, call.path["room"], days, origin_of(call)))
