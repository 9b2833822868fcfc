"""What crosses the wire about reactions."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from vtp.rooms.emoji import MAX_CHARACTERS, check_emoji
from vtp.signalling.messages import Message


class SendReaction(Message):
    """`react`: one emoji."""

    reaction: Annotated[str, Field(max_length=MAX_CHARACTERS), AfterValidator(check_emoji)]


class ReactionPush(TypedDict):
    """`reaction`: who reacts, and how."""

    peerId: str
    reaction: str
