"""What crosses the wire about those who wait to be let in."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from typing_extensions import TypedDict

from vtp.http.identity import Role
from vtp.http.text import check_line
from vtp.signalling.messages import Id, Message
from vtp.signalling.shapes import Time

Reason = Annotated[str, Field(max_length=200), AfterValidator(check_line)]


class NamesWaiting(Message):
    """`admit`: one who waits, or all."""

    participant_id: Id | None = Field(None, validation_alias="participantId")
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if (self.participant_id is None) == (self.all is None):
            raise ValueError("name one by participantId, or say all: true")
        return self


class Deny(NamesWaiting):
    """`deny`; the reason is told to them."""

    reason: Reason = ""


class WaitingPerson(TypedDict):
    """Somebody who waits, as staff see them."""

    participantId: str
    full_name: str
    role: Role
    since: Time


class LobbyChanged(TypedDict):
    """`lobby-changed`, to staff: everybody who waits, in the order they came."""

    waiting: list[WaitingPerson]
