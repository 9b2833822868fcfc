"""What crosses the wire about raised hands."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import TypedDict

from vtp.signalling.messages import Id, Message
from vtp.signalling.shapes import Time


class LowerHand(Message):
    """`lower-hand`: one's own, or somebody else's."""

    participant_id: Id | None = Field(None, validation_alias="participantId")


class RaisedHand(TypedDict):
    """Whose hand is up, and since when (ISO 8601)."""

    participantId: str
    since: Time


class HandsChangedPush(TypedDict):
    """`hands-changed`: all that are up, in the order in which they went up."""

    hands: list[RaisedHand]
