"""What crosses the wire about sending people away, bans, and the end for all."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from vtp.http.text import check_line
from vtp.signalling.messages import Id, Message
from vtp.signalling.shapes import Time

Reason = Annotated[str, Field(max_length=200), AfterValidator(check_line)]


class Remove(Message):
    """`remove`."""

    participant_id: Id = Field(validation_alias="participantId")
    reason: Reason = ""
    ban: bool = False


class Unban(Message):
    """`unban`."""

    ban_id: Id = Field(validation_alias="banId")


class EndRoom(Message):
    """`end-room`."""

    reason: Reason = ""


class BanDescribed(TypedDict):
    """A ban: of the account `userId`, or of the guest's link `linkId` together with where they came from."""

    banId: str
    userId: str | None
    linkId: str | None
    full_name: str
    reason: str
    bannedBy: str | None
    since: Time


class BansReply(TypedDict):
    """What `get-bans` is answered: all bans of the room, newest first."""

    bans: list[BanDescribed]
