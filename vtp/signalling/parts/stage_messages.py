"""What crosses the wire about who presents and what is pinned."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import TypedDict

from vtp.signalling.messages import Id, Message


class SetPresenter(Message):
    """`set-presenter`; without a participant nobody is chosen any more."""

    participant_id: Id | None = Field(None, validation_alias="participantId")


class PinProducer(Message):
    """`pin`; without a producer nothing is pinned any more."""

    producer_id: Id | None = Field(None, validation_alias="producerId")


class PresenterShape(TypedDict):
    """`presenter-changed`: whose the program is, or will be as soon as they send (`waiting`)."""

    participantId: str | None
    waiting: bool


class PinnedShape(TypedDict):
    """`pinned`: what is pinned and who sends it; both null when nothing is."""

    producerId: str | None
    peerId: str | None
