"""What crosses the wire about the chat."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from vtp.http.identity import Role
from vtp.http.text import check_line
from vtp.ids import is_id
from vtp.rooms.chat_rules import MAX_TEXT_CHARACTERS, ChatMessage, Writer, check_text
from vtp.signalling.messages import Id, Message
from vtp.signalling.shapes import Time

MAX_PAGE = 200
DEFAULT_PAGE = 50


def _check_id(value: str) -> str:
    if not is_id(value):
        raise ValueError("it is no message's id")
    return value.lower()


ChatText = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARACTERS), AfterValidator(check_text)]
MessageId = Annotated[str, Field(max_length=64), AfterValidator(_check_id)]
# Long enough for chance alone to keep those of different clients apart that share a guest's link.
ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]


class SendChat(Message):
    """`send-chat`."""

    text: ChatText
    to: Id | None = None
    reply_to: MessageId | None = Field(None, validation_alias="replyTo")
    client_id: ClientId | None = Field(None, validation_alias="clientId")


class NamesMessage(Message):
    """`delete-chat`."""

    message_id: MessageId = Field(validation_alias="messageId")


class EditChat(NamesMessage):
    """`edit-chat`."""

    text: ChatText


class GetChat(Message):
    """`get-chat`."""

    before: MessageId | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = DEFAULT_PAGE
    search: Annotated[str, Field(max_length=100), AfterValidator(check_line)] = ""


class ChatPerson(TypedDict):
    """Who wrote a message, or whom it is for, as they were then."""

    participantId: str
    userId: str | None
    fullName: str
    role: Role


ChatItem = TypedDict(
    "ChatItem",
    {
        "id": str,
        "from": ChatPerson,
        "to": ChatPerson | None,
        "text": str,
        "replyTo": str | None,
        "groupId": str | None,
        "sentAt": Time,
        "editedAt": Time | None,
        "deleted": bool,
    },
)
"""A message."""


class ChatMessageReply(TypedDict):
    """What `send-chat` and `edit-chat` are answered, and what `chat-message` and `chat-edited` say."""

    message: ChatItem


class ChatDeletedReply(TypedDict):
    """What `delete-chat` is answered, and what `chat-deleted` says."""

    messageId: str


class ChatClearedReply(TypedDict):
    """What `clear-chat` is answered, and what `chat-cleared` says."""

    groupId: str | None


class ChatPageReply(TypedDict):
    """What `get-chat` is answered: oldest first; `more`: there is more before."""

    messages: list[ChatItem]
    more: bool


def describe_message(message: ChatMessage) -> ChatItem:
    """A message as everybody sees it who may read it."""
    return {
        "id": message.id,
        "from": _describe(message.sender),
        "to": _describe(message.to) if message.to is not None else None,
        "text": message.text,
        "replyTo": message.reply_to,
        "groupId": message.group or None,
        "sentAt": message.sent_at.isoformat(),
        "editedAt": message.edited_at.isoformat() if message.edited_at is not None else None,
        "deleted": message.deleted_at is not None,
    }


def _describe(writer: Writer) -> ChatPerson:
    return {
        "participantId": writer.participant_id,
        "userId": writer.user_id,
        "fullName": writer.full_name,
        "role": writer.role,
    }
