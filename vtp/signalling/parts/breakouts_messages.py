"""What crosses the wire about breakout rooms."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from vtp.http.identity import Role
from vtp.http.text import check_line
from vtp.signalling.messages import Id, Message

MAX_GROUPS = 50
MAX_IN_A_GROUP = 1000
SHORTEST_S, LONGEST_S = 10, 4 * 3600


def _check_lines(value: str) -> str:
    """Lines of text without the spaces around them."""
    return "\n".join(check_line(line) for line in value.strip().split("\n"))


GroupName = Annotated[
    str, Field(max_length=100), AfterValidator(check_line), Field(min_length=1, description="A line of text.")
]
Notice = Annotated[str, Field(max_length=1000), AfterValidator(_check_lines), Field(min_length=1)]


class BreakoutWish(BaseModel):
    """A breakout room to be, and who is in it at first."""

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=True)

    name: GroupName
    participant_ids: Annotated[list[Id], Field(max_length=MAX_IN_A_GROUP)] = Field(
        default_factory=list, validation_alias="participantIds"
    )


class OpenBreakouts(Message):
    """`open-breakouts`."""

    groups: Annotated[list[BreakoutWish], Field(min_length=1, max_length=MAX_GROUPS)]
    duration_s: Annotated[int, Field(ge=SHORTEST_S, le=LONGEST_S)] | None = Field(
        None, validation_alias="durationS"
    )
    choose: bool = False


class JoinBreakout(Message):
    """`join-breakout`; without a group: back to the main room."""

    group_id: Id | None = Field(None, validation_alias="groupId")


class AssignBreakout(JoinBreakout):
    """`assign-breakout`."""

    participant_id: Id = Field(validation_alias="participantId")


class BroadcastBreakouts(Message):
    """`broadcast-breakouts`."""

    text: Notice


class CloseBreakouts(Message):
    """`close-breakouts`; 0 or left out: at once."""

    in_s: Annotated[int, Field(ge=0, le=LONGEST_S)] = Field(0, validation_alias="inS")


class BreakoutGroup(TypedDict):
    """One breakout room, and who is in it."""

    groupId: str
    name: str
    participantIds: list[str]


class BreakoutsState(TypedDict):
    """All breakout rooms; `endsAt` is an ISO 8601 time, null while nothing brings all back."""

    groups: list[BreakoutGroup]
    endsAt: str | None
    choose: bool


class BreakoutPlace(TypedDict):
    """Who is where now: `breakout-moved`, and what moving is answered; null is the main room."""

    participantId: str
    groupId: str | None


class BreakoutsEnd(TypedDict):
    """When all will be back: `breakouts-ending`, and what closing is answered; null: all are."""

    endsAt: str | None


class NoticeSender(TypedDict):
    """Who has written."""

    participantId: str
    userId: str | None
    fullName: str
    role: Role


# `from` is no name that a class can give
BreakoutNotice = TypedDict("BreakoutNotice", {"from": NoticeSender, "text": str, "sentAt": str})


class BreakoutsClosed(TypedDict):
    """`breakouts-closed`: everybody is in the main room again."""
