"""What crosses the wire about a room's chat over HTTP: messages as signalling tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field

from vtp.http.identity import Role
from vtp.http.pagination import Page, PageQuery
from vtp.http.text import check_line
from vtp.rooms.chat_rules import ChatMessage, Writer


class ChatQuery(PageQuery):
    """Which messages to list."""

    search: Annotated[
        str,
        Field(max_length=100, description="Part of a text, in whatever case."),
        AfterValidator(check_line),
    ] = ""


class ChatWriter(BaseModel):
    """Who wrote a message, or whom it is for, as they were then."""

    participantId: str  # noqa: N815 - the names of the signalling protocol, here and below
    userId: str | None  # noqa: N815
    fullName: str  # noqa: N815
    role: Role

    @classmethod
    def of(cls, writer: Writer) -> Self:
        """Describes somebody."""
        return cls(
            participantId=writer.participant_id,
            userId=writer.user_id,
            fullName=writer.full_name,
            role=writer.role,
        )


class ChatReply(BaseModel):
    """A message. `to` is null for those to all, `text` empty for deleted ones."""

    id: str
    sender: Annotated[ChatWriter, Field(serialization_alias="from")]
    to: ChatWriter | None
    text: str
    replyTo: str | None  # noqa: N815
    groupId: str | None  # noqa: N815
    sentAt: datetime  # noqa: N815
    editedAt: datetime | None  # noqa: N815
    deleted: bool

    @classmethod
    def of(cls, message: ChatMessage) -> Self:
        """Describes a message."""
        return cls(
            id=message.id,
            sender=ChatWriter.of(message.sender),
            to=ChatWriter.of(message.to) if message.to is not None else None,
            text=message.text,
            replyTo=message.reply_to,
            groupId=message.group or None,
            sentAt=message.sent_at,
            editedAt=message.edited_at,
            deleted=message.deleted_at is not None,
        )


class ChatPage(Page[ChatReply]):
    """One page of messages."""
